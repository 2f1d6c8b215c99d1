"""Clocks of cases: reminded before the limit, escalated once a level after it, all told again from the events.

Nothing is kept beside the events: whether a reminder was sent is whether there is an event that says so, written in the
transaction that decided it. A restart finds what is due and sends nothing twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.case_moves import HIGHEST_LEVEL, CaseRules, history, move
from api.moves import SYSTEM, CaseState, Move, Order, Role
from api.tables import CaseEventRow, CaseRow
from api.worktime import Limit, Span, Unit, WorkTime

REMIND_AT = 0.8
LEVELS = (1.0, 1.5, 2.0)
"""Shares of the limit at which a case is escalated to the first, second and third level (source: unverified)."""

_RUNNING = (CaseState.ACCEPTED, CaseState.DISPATCHED, CaseState.HANDLING)
_ENDLESS = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each step may take.

    Attributes:
        to_dispatch: from acceptance, whatever the category.
        to_handle: from dispatch, by category.
        otherwise: from dispatch, for every other category.
    """

    worktime: WorkTime
    to_dispatch: Limit = field(default_factory=lambda: Limit(2, Unit.WORK_HOUR))
    to_handle: Mapping[str, Limit] = field(default_factory=lambda: MappingProxyType({}))
    otherwise: Limit = field(default_factory=lambda: Limit(1, Unit.WORK_DAY))


@dataclass(frozen=True, slots=True)
class CaseClock:
    """The clock of a case as it stands.

    Attributes:
        due: when its limit runs out; None while it is paused before that.
        reminded: since it began.
    """

    since: datetime
    limit: Limit
    pauses: tuple[Span, ...]
    due: datetime | None
    reminded: bool


def clock_of(row: CaseRow, events: Sequence[CaseEventRow], limits: Limits) -> CaseClock | None:
    """The clock that runs on a case, from its events; None where none does."""
    state = CaseState(row.state)
    if state not in _RUNNING:
        return None
    begins = {Move.DISPATCH} if state is not CaseState.ACCEPTED else None
    start = next(
        e for e in reversed(events) if (e.move in begins if begins else _enters(e, events, CaseState.ACCEPTED))
    )
    limit = limits.to_dispatch if begins is None else limits.to_handle.get(row.category, limits.otherwise)
    since = [e for e in events if e.version > start.version]
    pauses = _pauses(events, start)
    reminded = any(e.move == Move.REMIND and e.role == Role.SYSTEM for e in since)
    return CaseClock(start.at, limit, pauses, limits.worktime.due(start.at, limit, pauses), reminded)


def run(session: Session, limits: Limits, rules: CaseRules, now: datetime) -> int:
    """Send every reminder and escalation that is due by now, each as an event; how many there were."""
    running = select(CaseRow).where(CaseRow.state.in_([state.value for state in _RUNNING])).order_by(CaseRow.id)
    return sum(_run_one(session, row, limits, rules, now) for row in session.scalars(running).all())


def _run_one(session: Session, row: CaseRow, limits: Limits, rules: CaseRules, now: datetime) -> int:
    clock = clock_of(row, history(session, row.id), limits)
    if clock is None:
        return 0

    def passed(share: float) -> bool:
        at = limits.worktime.due(clock.since, clock.limit.times(share), clock.pauses)
        return at is not None and at <= now

    level = sum(passed(share) for share in LEVELS)
    done = 0
    if not clock.reminded and level == 0 and passed(REMIND_AT):
        order = Order(Move.REMIND, f"{REMIND_AT:.0%} of {clock.limit.amount:g} {clock.limit.unit} are over")
        move(session, row.id, order, SYSTEM, rules, now, None)
        done += 1
    while row.escalation < min(level, HIGHEST_LEVEL):
        share = LEVELS[row.escalation]
        order = Order(Move.ESCALATE, f"{share:.0%} of {clock.limit.amount:g} {clock.limit.unit} are over")
        move(session, row.id, order, SYSTEM, rules, now, None)
        done += 1
    return done


def _enters(event: CaseEventRow, events: Sequence[CaseEventRow], state: CaseState) -> bool:
    """Whether this event led into a state from another."""
    before = next((e for e in reversed(events) if e.version < event.version), None)
    return event.state == state and (before is None or before.state != state)


def _pauses(events: Sequence[CaseEventRow], start: CaseEventRow) -> tuple[Span, ...]:
    """Times in which the clock stands still; the time a unit waits for the check of its work is one as well."""
    found: list[Span] = []
    begun: datetime | None = None
    for event in events:
        stops = event.move == Move.PAUSE or event.state == CaseState.FED_BACK
        if stops and begun is None:
            begun = event.at
        elif begun is not None and (event.move == Move.RESUME or event.move == Move.CHECK_NOT_PASS):
            found.append(Span(begun, event.at))
            begun = None
    if begun is not None:
        found.append(Span(begun, _ENDLESS))
    return tuple(span for span in found if span.until > start.at)
