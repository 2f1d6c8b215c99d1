"""Cases without pictures, for tests of what happens to a case after its report."""

from datetime import datetime, timedelta
from typing import Any

from api.case_moves import CaseRules
from api.cases import Case, Filed
from api.moves import Actor, Order, Role
from api.penalty import Approval
from api.store import Store
from tests.api.values import NOW

BOX = Actor("box-1", Role.BOX)
ANNA, BO = Actor("anna", Role.REVIEW), Actor("bo", Role.REVIEW)
DUTY = Actor("duty", Role.DUTY)
SQUAD, OTHERS = Actor("squad-1 phone", Role.UNIT, "squad-1"), Actor("squad-2 phone", Role.UNIT, "squad-2")
CITIZEN = Actor("hotline", Role.PUBLIC)

APPROVED = CaseRules(
    {"cam-1": Approval("GA-2026-001", (NOW - timedelta(days=90)).date(), True, "gazette 12/2026")},
    frozenset({"squad-1", "squad-2"}),
)


def filed(number: int = 1, camera: str = "cam-1", kind: str = "illegal_parking", at: datetime = NOW) -> Filed:
    """What a box reports."""
    return Filed(
        incident_id=f"incident-{number}",
        kind=kind,
        class_name="car",
        zone="gate",
        camera=camera,
        raised_at=at,
        packet_sha256=f"{number:064x}",
    )


def event(lat: float | None = None, lon: float = 118.0894, **changes: Any) -> dict[str, Any]:
    """What its packet says, as far as anybody asks."""
    position = None if lat is None else {"lat": lat, "lon": lon, "error_m": 2.0}
    return {"phase": "live", "score": 0.8, "sufficiency": {"verdict": "complete"}, "position": position} | changes


def reported(store: Store, number: int = 1, **changes: Any) -> Case:
    """A case in its first state."""
    report = filed(number)
    return store.file_report(report, key=f"key-{number:06d}", event=event(**changes), source=BOX, now=NOW)[0]


def moved(store: Store, case: Case, actor: Actor, order: Order, rules: CaseRules = APPROVED) -> Case:
    """The case after one more move."""
    return store.move_case(case.id, order, actor, rules=rules, expected=case.version, now=NOW)
