"""Cases: what a finding becomes once somebody has to answer for it.

This first edition knows one move, `report`; the table of moves grows here. Every move is an event that is only ever
added, never changed.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import rfc8785
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.tables import CaseEventRow, CaseRow, CounterRow
from rules.incident import Incident

Name = Annotated[str, Field(min_length=1, max_length=200)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class CaseState(StrEnum):
    """Where a case is in its life."""

    REPORTED = "reported"


class KeyReused(Exception):
    """An idempotency key came back with another report: two findings must not share one."""

    def __init__(self, case_id: str) -> None:
        super().__init__(f"this Idempotency-Key already made case {case_id} from another report; use a key of its own")
        self.case_id = case_id


class NoSuchCase(Exception):
    """Nobody ever reported a case by this id."""

    def __init__(self, case_id: str) -> None:
        super().__init__(f"there is no case {case_id[:40]!r}; GET /api/v1/cases lists those there are")


class CaseReport(BaseModel):
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

    def digest(self) -> str:
        """SHA-256 of the report in canonical form (RFC 8785): the same report gives the same digest."""
        return hashlib.sha256(rfc8785.dumps(self.body())).hexdigest()

    def body(self) -> dict[str, Any]:
        """The report as JSON values: what is posted, queued and stored."""
        return self.model_dump(mode="json", by_alias=True)


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
    """One move of a case: who, when, what, why."""

    actor: str
    at: datetime
    move: str
    reason: str


@dataclass(frozen=True, slots=True)
class Case:
    """A case as the store knows it.

    Attributes:
        id: for people: `SP-2026-000001`.
        source: name of the token that reported it.
        event: the packet's `event.json`.
        history: every move, oldest first.
    """

    id: str
    state: CaseState
    report: CaseReport
    source: str
    event: Mapping[str, Any]
    created: datetime
    history: tuple[CaseEvent, ...] = ()


def file_report(
    session: Session, report: CaseReport, *, key: str, event: Mapping[str, Any], source: str, now: datetime
) -> tuple[Case, bool]:
    """Make a case of a report, once.

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
        return _case(known, session), False
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
        source=source,
        report=report.body(),
        event=dict(event),
        created=now,
    )
    session.add(row)
    session.flush()
    session.add(CaseEventRow(case_id=row.id, actor=source, at=now, move="report", reason=f"incident {row.incident_id}"))
    session.flush()
    return _case(row, session), True


def listing(session: Session, *, limit: int, offset: int, state: CaseState | None = None) -> tuple[list[Case], int]:
    """One page of cases, newest first, and how many there are in all."""
    chosen = select(CaseRow)
    if state is not None:
        chosen = chosen.where(CaseRow.state == state.value)
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    # Numbers of one year grow with time; the id settles what was created in the same instant.
    rows = session.scalars(chosen.order_by(CaseRow.created.desc(), CaseRow.id.desc()).limit(limit).offset(offset))
    return [_case(row) for row in rows], total


def by_id(session: Session, case_id: str) -> Case:
    """One case with its history.

    Raises:
        NoSuchCase: there is none by this id.
    """
    row = session.get(CaseRow, case_id)
    if row is None:
        raise NoSuchCase(case_id)
    return _case(row, session)


def counts(session: Session) -> dict[tuple[str, str], int]:
    """How many cases there are of each kind and state."""
    query = select(CaseRow.kind, CaseRow.state, func.count()).group_by(CaseRow.kind, CaseRow.state)
    return {(kind, state): n for kind, state, n in session.execute(query)}


def _next_id(session: Session, now: datetime) -> str:
    name = f"case-{now.year}"
    counter = session.get(CounterRow, name, with_for_update=True)
    if counter is None:
        counter = CounterRow(name=name, value=0)
        session.add(counter)
    counter.value += 1
    return f"SP-{now.year}-{counter.value:06d}"


def _case(row: CaseRow, session: Session | None = None) -> Case:
    events: tuple[CaseEvent, ...] = ()
    if session is not None:
        moves = session.scalars(select(CaseEventRow).where(CaseEventRow.case_id == row.id).order_by(CaseEventRow.id))
        events = tuple(CaseEvent(e.actor, e.at, e.move, e.reason) for e in moves)
    return Case(
        id=row.id,
        state=CaseState(row.state),
        report=CaseReport.model_validate(row.report),
        source=row.source,
        event=row.event,
        created=row.created,
        history=events,
    )
