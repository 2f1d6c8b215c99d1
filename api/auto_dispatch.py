"""Dispatch without a person: only clean-up, only what is sure enough, only while the routing is right often enough.

Whether a first dispatch was right is read from the events: it was wrong when the unit sent the case back, and right
when the unit took it in hand. Nothing is remembered beside that, so a restart changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.case_moves import CaseRules, move
from api.cases import Place
from api.moves import SYSTEM, CaseState, Move, Order, Role, Track
from api.routing import Question, Route, Router
from api.tables import CaseEventRow, CaseRow

WINDOW = 200
"""So many of the newest automatic dispatches of a category are looked at."""

ENOUGH = 20
"""Fewer answers than this say nothing yet."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How often a category's first automatic dispatches were right.

    Attributes:
        answered: dispatches that the unit took or sent back.
    """

    category: str
    answered: int
    right: int

    @property
    def share(self) -> float:
        """Right of answered; 1 where nothing was answered."""
        return self.right / self.answered if self.answered else 1.0

    def allows(self, target: float) -> bool:
        """Whether the category may go on by itself."""
        return self.answered < ENOUGH or self.share >= target


def dispatch_new(session: Session, row: CaseRow, router: Router, rules: CaseRules, now: datetime) -> Route | None:
    """Accept and dispatch a case that was just reported, if nothing speaks for a person; returns its route then."""
    if row.state != CaseState.REPORTED or row.track != Track.CLEAN_UP or not sure_enough(row.event, router.confidence):
        return None
    if not accuracy(session, row.category).allows(router.target_accuracy):
        return None
    route = router.route(question_of(row))
    if route.unit is None or (rules.units is not None and route.unit not in rules.units):
        return None
    move(session, row.id, Order(Move.ACCEPT, "sure enough to go by itself"), SYSTEM, rules, now, None)
    reason = f"rule {route.rule or '(none)'}, cells {', '.join(route.cells) or 'none'}"
    move(session, row.id, Order(Move.DISPATCH, reason, {"unit": route.unit}), SYSTEM, rules, now, None)
    return route


def sure_enough(event: dict[str, Any], confidence: float) -> bool:
    """Whether a finding may go without a person: a live zone, a complete packet and a score that is high enough."""
    score, sufficiency = event.get("score"), event.get("sufficiency")
    complete = isinstance(sufficiency, dict) and sufficiency.get("verdict") == "complete"
    return event.get("phase") == "live" and complete and isinstance(score, (int, float)) and score >= confidence


def question_of(row: CaseRow) -> Question:
    """What routing asks about a case."""
    place = Place(row.lat, row.lon, row.error_m or 0.0) if row.lat is not None and row.lon is not None else None
    return Question(row.category, place, row.raised_at, row.zone)


def accuracy(session: Session, category: str) -> Accuracy:
    """Of the newest automatic dispatches of a category."""
    newest = (
        select(CaseEventRow.case_id, CaseEventRow.version)
        .join(CaseRow, CaseRow.id == CaseEventRow.case_id)
        .where(
            CaseRow.category == category,
            CaseEventRow.move == Move.DISPATCH.value,
            CaseEventRow.role == Role.SYSTEM.value,
        )
        .order_by(CaseEventRow.id.desc())
        .limit(WINDOW)
    )
    dispatched = {case_id: version for case_id, version in session.execute(newest)}  # noqa: C416 - a row is no pair
    if not dispatched:
        return Accuracy(category, 0, 0)
    answers = session.execute(
        select(CaseEventRow.case_id, CaseEventRow.version, CaseEventRow.move)
        .where(
            CaseEventRow.case_id.in_(dispatched),
            CaseEventRow.move.in_([Move.HANDLE.value, Move.SEND_BACK.value]),
        )
        .order_by(CaseEventRow.version)
    )
    first: dict[str, str] = {}
    for case_id, version, name in answers:
        if version > dispatched[case_id]:
            first.setdefault(case_id, name)
    return Accuracy(category, len(first), sum(name == Move.HANDLE for name in first.values()))
