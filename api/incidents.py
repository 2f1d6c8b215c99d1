"""The box's incidents and their packets in the store: kept at each move, so that a kill loses and repeats nothing."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from api.incident_json import incident_from_json, incident_to_json
from api.tables import IncidentRow, PacketRow
from rules.incident import MOVES, IllegalMove, Incident, IncidentState


class Packet(Protocol):
    """What the store has to know of a sealed packet, whoever made it."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        ...

    @property
    def sha256(self) -> str:
        """Its identity, lower-case hex."""
        ...


@dataclass(frozen=True, slots=True)
class SealedPacket:
    """A packet as the store knows it.

    Attributes:
        path: where it lies.
        sha256: its identity: lower-case hex.

    Raises:
        ValueError: the digest is not 64 lower-case hex digits.
    """

    path: Path
    sha256: str

    def __post_init__(self) -> None:
        if len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef"):
            raise ValueError(f"sha256 must be 64 lower-case hex digits, got {self.sha256!r}")


def keep(session: Session, incident: Incident, now: datetime) -> bool:
    """Store the incident as it stands, unless the store already knows it further on.

    Returns:
        False when nothing was written because the stored one is ahead: a kill came between a move and its memory.

    Raises:
        IllegalMove: the stored incident can never come to this state.
    """
    row = session.get(IncidentRow, incident.id)
    if row is None:
        row = IncidentRow(id=incident.id, camera=incident.camera)
        session.add(row)
    elif not _leads_to(IncidentState(row.state), incident.state):
        if _leads_to(incident.state, IncidentState(row.state)):
            return False
        raise IllegalMove(incident.id, IncidentState(row.state), incident.state)
    row.state = incident.state.value
    row.ended = incident.ended is not None
    row.body = incident_to_json(incident)
    row.updated = now
    session.flush()
    return True


def still_open(session: Session) -> list[Incident]:
    """Incidents with work left, oldest first: the query for `Incident.is_open`."""
    rows = session.scalars(
        select(IncidentRow).where(
            or_(
                IncidentRow.state.in_([IncidentState.CANDIDATE.value, IncidentState.RAISED.value]),
                # A closed record without an end: the thing came back within minutes, the story goes on.
                IncidentRow.state.in_([IncidentState.SEALED.value, IncidentState.CLOSED.value])
                & IncidentRow.ended.is_(False),
            )
        )
    )
    return sorted((incident_from_json(row.body) for row in rows), key=lambda i: (i.started.media_s, i.id))


def by_id(session: Session, incident_id: str) -> Incident | None:
    """One incident as it was last kept."""
    row = session.get(IncidentRow, incident_id)
    return None if row is None else incident_from_json(row.body)


def counts(session: Session) -> dict[str, int]:
    """How many incidents stand in each state."""
    rows = session.execute(select(IncidentRow.state, func.count()).group_by(IncidentRow.state))
    return {state: n for state, n in rows}  # noqa: C416 - a row is no pair to the type checker


def first_packet(session: Session, incident_id: str) -> PacketRow | None:
    """The packet the incident was sealed with."""
    return session.scalar(select(PacketRow).where(PacketRow.incident_id == incident_id, PacketRow.part == 0))


def _leads_to(old: IncidentState, new: IncidentState) -> bool:
    """Whether the table of moves leads from one state to the other, in no step or several."""
    return old == new or any(_leads_to(step, new) for step in MOVES[old])
