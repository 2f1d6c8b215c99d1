"""What is still to be sent: rows of the outbox, and the moves a row can make.

A row is `pending` until a worker claims it, `sending` while one tries, and ends as `done` (the target acknowledged
it) or `dead` (it can never be accepted as it is; a person sees it and may send it again):

    pending -> sending -> done
       ^          |-----> dead
       '----------'
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from api.tables import OutboxRow

LONGEST_PAUSE = timedelta(minutes=5)
"""No row waits longer than this between two tries."""


class SendState(StrEnum):
    """Where a row is in its life."""

    PENDING = "pending"
    SENDING = "sending"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Something to send.

    Attributes:
        target: name of the dispatch target, a key of the outbox's drivers.
        idempotency_key: the same for every try; unique for a target.
        payload: JSON values only.
        packet_path: the evidence that goes with it, if any.
    """

    target: str
    idempotency_key: str
    payload: Mapping[str, Any]
    packet_path: Path | None = None

    def __post_init__(self) -> None:
        if not self.target or not self.idempotency_key:
            raise ValueError(f"target and idempotency_key must not be empty, got {self.target!r}, ...")


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """A row as a worker, a page or a test sees it.

    Attributes:
        attempts: tries begun so far.
        next_try_at: not before then.
        last_error: why the last try failed, in words for a person.
        reference: what the target calls it, once acknowledged.
    """

    id: int
    outgoing: Outgoing
    state: SendState
    attempts: int
    next_try_at: datetime
    last_error: str | None
    reference: str | None
    created: datetime


@dataclass(frozen=True, slots=True)
class OutboxDepth:
    """How full the outbox is.

    Attributes:
        waiting: rows pending or being sent, by target.
        dead: dead letters, by target.
        oldest: when the oldest waiting row was queued; None when nothing waits.
    """

    waiting: Mapping[str, int] = field(default_factory=dict)
    dead: Mapping[str, int] = field(default_factory=dict)
    oldest: datetime | None = None


def queue(session: Session, outgoing: Outgoing, now: datetime, folder: Path) -> None:
    """Add a row; the same target and key twice is one row."""
    known = select(OutboxRow.id).where(
        OutboxRow.target == outgoing.target, OutboxRow.idempotency_key == outgoing.idempotency_key
    )
    if session.scalar(known) is not None:
        return
    session.add(
        OutboxRow(
            target=outgoing.target,
            idempotency_key=outgoing.idempotency_key,
            payload=dict(outgoing.payload),
            packet_path=None if outgoing.packet_path is None else shelved(outgoing.packet_path, folder),
            state=SendState.PENDING.value,
            attempts=0,
            next_try_at=now,
            created=now,
            updated=now,
        )
    )


def claim(session: Session, targets: Collection[str], now: datetime, folder: Path) -> OutboxItem | None:
    """Take the row that has been due longest for one of the targets, and count the try before it begins."""
    row = session.scalar(
        select(OutboxRow)
        .where(
            OutboxRow.state == SendState.PENDING.value,
            # Due later than any pause allows: the box's clock was set back since, and nothing need wait for that.
            or_(OutboxRow.next_try_at <= now, OutboxRow.next_try_at > now + LONGEST_PAUSE),
            OutboxRow.target.in_(targets),
        )
        .order_by(OutboxRow.next_try_at, OutboxRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return None
    row.state, row.attempts, row.updated = SendState.SENDING.value, row.attempts + 1, now
    session.flush()
    return _item(row, folder)


def settle(session: Session, item_id: int, now: datetime, **columns: Any) -> None:
    """Write how a try ended; a row that is no longer being sent is left alone."""
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.id == item_id, OutboxRow.state == SendState.SENDING.value)
        .values(updated=now, **columns)
    )


def unclaim_all(session: Session, now: datetime) -> int:
    """After a kill nobody sends what was being sent: make it pending again, due at once."""
    stuck = select(OutboxRow).where(OutboxRow.state == SendState.SENDING.value)
    rows = session.scalars(stuck).all()
    for row in rows:
        row.state, row.next_try_at, row.updated = SendState.PENDING.value, now, now
    return len(rows)


def revive(session: Session, item_id: int, now: datetime) -> bool:
    """Send a dead letter again; False when the row is not dead."""
    row = session.get(OutboxRow, item_id)
    if row is None or row.state != SendState.DEAD.value:
        return False
    row.state, row.next_try_at, row.updated = SendState.PENDING.value, now, now
    return True


def items(session: Session, folder: Path, state: SendState | None = None) -> list[OutboxItem]:
    """All rows, or those in one state, oldest first."""
    query = select(OutboxRow).order_by(OutboxRow.id)
    if state is not None:
        query = query.where(OutboxRow.state == state.value)
    return [_item(row, folder) for row in session.scalars(query)]


def depth(session: Session) -> OutboxDepth:
    """How much waits, and since when."""
    waiting: dict[str, int] = {}
    dead: dict[str, int] = {}
    oldest: datetime | None = None
    query = select(OutboxRow.target, OutboxRow.state, func.count(), func.min(OutboxRow.created)).where(
        OutboxRow.state != SendState.DONE.value
    )
    for target, state, n, since in session.execute(query.group_by(OutboxRow.target, OutboxRow.state)):
        if state == SendState.DEAD.value:
            dead[target] = n
            continue
        waiting[target] = waiting.get(target, 0) + n
        oldest = since if oldest is None else min(oldest, since)
    return OutboxDepth(waiting, dead, oldest)


def shelved(path: Path, folder: Path) -> str:
    """A path as it is stored: relative to the data folder where it lies in it, so that the folder may be moved."""
    absolute = path.absolute()
    return str(absolute.relative_to(folder)) if absolute.is_relative_to(folder) else str(absolute)


def _item(row: OutboxRow, folder: Path) -> OutboxItem:
    path = None if row.packet_path is None else folder / row.packet_path
    return OutboxItem(
        id=row.id,
        outgoing=Outgoing(row.target, row.idempotency_key, row.payload, path),
        state=SendState(row.state),
        attempts=row.attempts,
        next_try_at=row.next_try_at,
        last_error=row.last_error,
        reference=row.reference,
        created=row.created,
    )
