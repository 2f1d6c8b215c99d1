"""Cases: what a finding becomes once somebody has to answer for it.

A case is made here, by the move `report`; every other move is in `api/moves.py` and made by `api/case_moves.py`. Every
move is an event that is only ever added, never changed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import rfc8785
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.categories import code_of
from api.moves import Actor, CaseState, Move, Role, Track
from api.tables import CaseEventRow, CaseRow, CounterRow
from rules.incident import Incident

Name = Annotated[str, Field(min_length=1, max_length=200)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class KeyReused(Exception):
    """An idempotency key came back with another report: two findings must not share one."""

    def __init__(self, case_id: str) -> None:
        super().__init__(f"this Idempotency-Key already made case {case_id} from another report; use a key of its own")
        self.case_id = case_id


class NoSuchCase(Exception):
    """Nobody ever reported a case by this id."""

    def __init__(self, case_id: str) -> None:
        super().__init__(f"there is no case {case_id[:40]!r}; GET /api/v1/cases lists those there are")


class Filed(BaseModel):
    """What every case says of itself, whoever filed it. A report of the public has no zone, camera or packet."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    incident_id: str
    kind: str
    class_name: Annotated[str, Field(alias="class")]
    zone: str
    camera: str
    raised_at: AwareDatetime
    packet_sha256: str

    def body(self) -> dict[str, Any]:
        """As JSON values: what is posted, queued and stored."""
        return self.model_dump(mode="json", by_alias=True)

    def digest(self) -> str:
        """SHA-256 of the report in canonical form (RFC 8785): the same report gives the same digest."""
        return hashlib.sha256(rfc8785.dumps(self.body())).hexdigest()


class CaseReport(Filed):
    """A finding as a box reports it. Its evidence was uploaded before, and `packet_sha256` names it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        json_schema_extra={
            "example": {
                "incident_id": "2f1c3c0e-5f0e-5d0f-9a53-8f6b1d1f7c11",
                "kind": "illegal_parking",
                "class": "car",
                "zone": "gate",
                "camera": "cam-1",
                "raised_at": "2026-11-23T08:01:12.480000Z",
                "packet_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            }
        },
    )

    incident_id: Annotated[str, Field(min_length=1, max_length=64)]
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="`illegal_parking`, `street_vending`, …")]
    class_name: Annotated[str, Field(alias="class", min_length=1, max_length=64, description="what was seen: `car`, …")]
    zone: Name
    camera: Name
    raised_at: Annotated[AwareDatetime, Field(description="when the verdict fell, by the camera's clock")]
    packet_sha256: Annotated[Sha256, Field(description="identity of the evidence packet, uploaded before")]


def report_of(incident: Incident, packet_sha256: str) -> CaseReport:
    """What a box reports of an incident that it has sealed.

    Raises:
        ValueError: the incident was never raised.
    """
    if incident.raised is None:
        raise ValueError(f"incident {incident.id} must be raised before it is reported, it is {incident.state}")
    return CaseReport(
        incident_id=incident.id,
        kind=incident.kind,
        class_name=incident.class_name,
        zone=incident.zone_id,
        camera=incident.camera,
        raised_at=incident.raised.captured_at,
        packet_sha256=packet_sha256,
    )


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One move of a case: who, when, what, why, and where it led.

    Attributes:
        version: of the case after it, counted from 1.
        data: what the move brought: the unit, the reason of a dismissal, the outcome.
    """

    actor: str
    at: datetime
    move: str
    reason: str
    version: int
    role: Role
    state: CaseState
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where on earth, WGS 84, and how sure."""

    lat: float
    lon: float
    error_m: float

    def __post_init__(self) -> None:
        if not (-90 <= self.lat <= 90 and -180 <= self.lon <= 180 and 0 <= self.error_m < float("inf")):
            raise ValueError(f"a place needs degrees and an error in metres, got {self}")


@dataclass(frozen=True, slots=True)
class Case:
    """A case as the store knows it.

    Attributes:
        id: for people: `SP-2026-000001`.
        source: name of the token that reported it.
        event: the packet's `event.json`.
        version: counts the moves; whoever moves it says which one was seen.
        category: code of `api/categories.py`; empty where the table has none.
        unit: whom it was dispatched to.
        escalation: 0 to 3.
        merged_into: the case that stands for this one.
        history: every move, oldest first; empty in lists.
    """

    id: str
    state: CaseState
    report: Filed
    source: str
    event: Mapping[str, Any]
    created: datetime
    version: int = 1
    track: Track = Track.CLEAN_UP
    category: str = ""
    unit: str | None = None
    place: Place | None = None
    escalation: int = 0
    merged_into: str | None = None
    history: tuple[CaseEvent, ...] = ()


def file_report(
    session: Session,
    report: Filed,
    *,
    key: str,
    event: Mapping[str, Any],
    source: Actor,
    now: datetime,
    place: Place | None = None,
    category: str | None = None,
) -> tuple[Case, bool]:
    """Make a case of a report, once.

    Args:
        place: where it is; by default what the packet says.
        category: its code; by default that of the kind and class.

    Returns:
        The case, and whether it is new: the same key with the same report finds the one made before.

    Raises:
        KeyReused: the key belongs to another report.
    """
    digest = report.digest()
    known = session.scalar(select(CaseRow).where(CaseRow.idempotency_key == key))
    if known is not None:
        if known.body_sha256 != digest:
            raise KeyReused(known.id)
        return case_of(known), False
    at = place or place_in(event)
    row = CaseRow(
        id=_next_id(session, now),
        idempotency_key=key,
        body_sha256=digest,
        incident_id=report.incident_id,
        kind=report.kind,
        class_name=report.class_name,
        zone=report.zone,
        camera=report.camera,
        state=CaseState.REPORTED.value,
        raised_at=report.raised_at,
        packet_sha256=report.packet_sha256,
        source=source.name,
        report=report.body(),
        event=dict(event),
        created=now,
        version=1,
        track=Track.CLEAN_UP.value,
        category=code_of(report.kind, report.class_name) if category is None else category,
        unit=None,
        lat=at.lat if at else None,
        lon=at.lon if at else None,
        error_m=at.error_m if at else None,
        escalation=0,
        merged_into=None,
    )
    session.add(row)
    session.flush()
    session.add(
        CaseEventRow(
            case_id=row.id,
            actor=source.name,
            at=now,
            move=Move.REPORT.value,
            reason=f"incident {row.incident_id}",
            version=1,
            role=source.role.value,
            state=row.state,
            data={},
        )
    )
    session.flush()
    return case_of(row), True


def place_in(event: Mapping[str, Any]) -> Place | None:
    """Where a packet says it was; None where its camera is not calibrated."""
    at = event.get("position")
    if not isinstance(at, Mapping):
        return None
    try:
        return Place(float(at["lat"]), float(at["lon"]), float(at["error_m"]))
    except (KeyError, TypeError, ValueError):
        return None


def case_of(row: CaseRow, events: Sequence[CaseEventRow] = ()) -> Case:
    """The case of a row."""
    placed = row.lat is not None and row.lon is not None
    return Case(
        id=row.id,
        state=CaseState(row.state),
        report=Filed.model_validate(row.report),
        source=row.source,
        event=row.event,
        created=row.created,
        version=row.version,
        track=Track(row.track),
        category=row.category,
        unit=row.unit,
        place=Place(row.lat or 0.0, row.lon or 0.0, row.error_m or 0.0) if placed else None,
        escalation=row.escalation,
        merged_into=row.merged_into,
        history=tuple(
            CaseEvent(e.actor, e.at, e.move, e.reason, e.version, Role(e.role), CaseState(e.state), e.data)
            for e in events
        ),
    )


def _next_id(session: Session, now: datetime) -> str:
    name = f"case-{now.year}"
    counter = session.get(CounterRow, name, with_for_update=True)
    if counter is None:
        counter = CounterRow(name=name, value=0)
        session.add(counter)
    counter.value += 1
    return f"SP-{now.year}-{counter.value:06d}"
