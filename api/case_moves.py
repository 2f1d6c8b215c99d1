"""Making a move: looked up in the table, checked against the case as it is, and written as one more event.

Everything that a case row says can be told again from its events; the row is there to be searched.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.cases import NoSuchCase
from api.moves import (
    MOVES,
    Actor,
    CaseState,
    Dismissal,
    IllegalMove,
    Move,
    MoveIncomplete,
    NotYours,
    Order,
    Role,
    Track,
)
from api.penalty import NO_APPROVALS, Approvals, Verdict, obstacles
from api.routing import Router
from api.tables import CaseEventRow, CaseRow

HIGHEST_LEVEL = 3

OUTCOMES = ("cleared", "persuaded_away", "penalised", "nothing_found")
"""What a unit may report back."""

_AGAIN = frozenset({Move.REOPEN, Move.REVISIT_DISSATISFIED, Move.UNMERGE})
_OWN_UNIT = frozenset({Move.HANDLE, Move.FEED_BACK, Move.SEND_BACK})


class VersionChanged(Exception):
    """Somebody else moved the case since the caller looked at it."""

    def __init__(self, case_id: str, expected: int, version: int) -> None:
        super().__init__(
            f"case {case_id} is at version {version}, not {expected}: somebody moved it meanwhile; look at it again"
        )
        self.version = version


@dataclass(frozen=True, slots=True)
class CaseRules:
    """What the site says about moves.

    Attributes:
        approvals: papers of its cameras.
        units: those there are; None where the site lists none, and any name will do.
        timezone: in which days are meant.
        router: who answers for what; None: every case is dispatched by a person.
    """

    approvals: Approvals = field(default_factory=lambda: NO_APPROVALS)
    units: frozenset[str] | None = None
    timezone: tzinfo = UTC
    router: Router | None = None


NO_RULES = CaseRules()


def move(
    session: Session, case_id: str, order: Order, actor: Actor, rules: CaseRules, now: datetime, expected: int | None
) -> CaseRow:
    """Make one move, in the caller's transaction.

    Args:
        expected: the version the caller has seen; None only for the program itself, inside one transaction.

    Raises:
        NoSuchCase, VersionChanged, IllegalMove, NotYours, MoveIncomplete: the move is not made, and nothing changed.
    """
    row = session.get(CaseRow, case_id, with_for_update=True)
    if row is None:
        raise NoSuchCase(case_id)
    if expected is not None and expected != row.version:
        raise VersionChanged(case_id, expected, row.version)
    step, old = MOVES[order.move], CaseState(row.state)
    if actor.role not in step.by:
        raise NotYours(actor, order.move)
    if old not in step.leads:
        raise IllegalMove(case_id, old, order.move)
    events = history(session, case_id)
    problems = [*_lacks(order, rules), *_not_ready(session, row, order, actor, rules, events)]
    if problems:
        raise MoveIncomplete(case_id, order.move, tuple(problems))
    write(session, row, order, actor, now, step.leads[old])
    return row


def write(session: Session, row: CaseRow, order: Order, actor: Actor, now: datetime, new: CaseState) -> None:
    """Add the event, and let the row say what it changed. The first event of a case is written here too."""
    row.state = new.value
    _apply(row, order)
    session.add(
        CaseEventRow(
            case_id=row.id,
            actor=actor.name,
            at=now,
            move=order.move.value,
            reason=order.reason,
            version=row.version,
            role=actor.role.value,
            state=new.value,
            data=dict(order.data) | ({"by_unit": actor.unit} if actor.unit else {}),
        )
    )
    session.flush()


def history(session: Session, case_id: str) -> Sequence[CaseEventRow]:
    """Every move of a case, oldest first."""
    query = select(CaseEventRow).where(CaseEventRow.case_id == case_id).order_by(CaseEventRow.version)
    return session.scalars(query).all()


def _apply(row: CaseRow, order: Order) -> None:
    if order.move is not Move.REPORT:
        row.version += 1
    match order.move:
        case Move.DISPATCH:
            row.unit, row.escalation = str(order.data["unit"]), 0
        case Move.SEND_BACK:
            row.unit = None
        case Move.REOPEN | Move.REVISIT_DISSATISFIED | Move.UNMERGE:
            row.unit, row.escalation, row.track, row.merged_into = None, 0, Track.CLEAN_UP.value, None
        case Move.PENALTY:
            row.track = Track.PENALTY.value
        case Move.CLEAN_UP:
            row.track = Track.CLEAN_UP.value
        case Move.ESCALATE:
            row.escalation += 1
        case Move.MERGE:
            row.merged_into = str(order.data["into"])
        case _:
            pass


def _lacks(order: Order, rules: CaseRules) -> list[str]:
    """What the order itself leaves out or gets wrong."""
    step = MOVES[order.move]
    found = [
        f"data.{name} is missing"
        for name in step.needs
        if not isinstance(order.data.get(name), str) or not order.data[name]
    ]
    if step.explain and not order.reason.strip():
        found.append("reason is missing: say why")
    said = order.data.get("verdict_reason")
    if order.move is Move.DISMISS and said and said not in {d.value for d in Dismissal}:
        found.append(f"data.verdict_reason must be one of {', '.join(Dismissal)}, got {said!r}")
    outcome = order.data.get("outcome")
    if order.move is Move.FEED_BACK and outcome and outcome not in OUTCOMES:
        found.append(f"data.outcome must be one of {', '.join(OUTCOMES)}, got {outcome!r}")
    unit = order.data.get("unit")
    if order.move in (Move.DISPATCH, Move.ADD_UNIT) and unit and rules.units is not None and unit not in rules.units:
        found.append(f"there is no unit {unit!r} in units.toml")
    return found


def _not_ready(
    session: Session, row: CaseRow, order: Order, actor: Actor, rules: CaseRules, events: Sequence[CaseEventRow]
) -> list[str]:
    """What the case itself still lacks for this move."""
    if actor.role is Role.UNIT:
        _check_unit(row, order, actor, events)
    penalty = row.track == Track.PENALTY.value
    match order.move:
        case Move.ACCEPT | Move.DISPATCH if actor.role is Role.SYSTEM and penalty:
            return ["a case in the penalty track is never moved without a person"]
        case Move.PENALTY:
            day = row.raised_at.astimezone(rules.timezone).date()
            return list(obstacles(verdicts(events), row.event, row.camera, day, rules.approvals))
        case Move.FEED_BACK:
            open_parts = _units(row, events) - _parts_done(events) - {row.unit or ""}
            found = [f"{unit} has not done its part yet" for unit in sorted(open_parts)]
            if order.data.get("outcome") == "penalised" and not penalty:
                found.append("nobody may be penalised on a case that is not in the penalty track")
            return found
        case Move.ESCALATE if row.escalation >= HIGHEST_LEVEL:
            return [f"it is at level {HIGHEST_LEVEL} already, and there is no higher one"]
        case Move.PAUSE if is_paused(events):
            return ["it is paused already"]
        case Move.RESUME if not is_paused(events):
            return ["it is not paused"]
        case Move.MERGE:
            return _merge_trouble(session, row, str(order.data.get("into", "")))
        case _:
            return []


def verdicts(events: Sequence[CaseEventRow]) -> list[Verdict]:
    """The verdicts since the case was last opened anew, oldest first."""
    found: list[Verdict] = []
    for event in events:
        if event.move in _AGAIN:
            found = []
        elif event.move in (Move.CONFIRM, Move.DISMISS, Move.CANNOT_TELL):
            found.append(Verdict(event.actor, Move(event.move), event.role))
    return found


def is_paused(events: Sequence[CaseEventRow]) -> bool:
    """Whether the clocks of the case stand still."""
    last = [event.move for event in events if event.move in (Move.PAUSE, Move.RESUME, *_AGAIN)]
    return bool(last) and last[-1] == Move.PAUSE


def _check_unit(row: CaseRow, order: Order, actor: Actor, events: Sequence[CaseEventRow]) -> None:
    if order.move in _OWN_UNIT and actor.unit != row.unit:
        raise NotYours(actor, order.move, f"the case is with {row.unit or 'no unit'}")
    if order.move is Move.PART_DONE and actor.unit not in _units(row, events):
        raise NotYours(actor, order.move, "your unit has no part in it")


def _units(row: CaseRow, events: Sequence[CaseEventRow]) -> set[str]:
    """Everybody who has a part in the case since it was last dispatched."""
    found: set[str] = set()
    for event in events:
        if event.move == Move.DISPATCH:
            found = set()
        elif event.move == Move.ADD_UNIT:
            found.add(str(event.data["unit"]))
    return found | ({row.unit} if row.unit else set())


def _parts_done(events: Sequence[CaseEventRow]) -> set[str]:
    """Whose part is done since the work last began, or was last found wanting."""
    done: set[str] = set()
    for event in events:
        if event.move in (Move.HANDLE, Move.CHECK_NOT_PASS):
            done = set()
        elif event.move == Move.PART_DONE:
            done.add(str(event.data.get("by_unit", "")))
    return done


def _merge_trouble(session: Session, row: CaseRow, into: str) -> list[str]:
    target = session.get(CaseRow, into)
    if target is None or target.id == row.id:
        return [f"there is no other case {into[:40]!r} to merge into"]
    if target.state in (CaseState.MERGED, CaseState.DISMISSED):
        return [f"case {into} is {target.state}; merge into one that somebody works on"]
    # A case that others were merged into stays findable in one step.
    if session.scalar(select(CaseRow.id).where(CaseRow.merged_into == row.id).limit(1)) is not None:
        return [f"other cases were merged into {row.id}; take those apart first"]
    return []
