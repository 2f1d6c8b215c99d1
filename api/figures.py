"""The figures that bureaus publish, by their names, counted from the events alone.

One pass over the events of a period's cases; nothing is kept, so a recomputation can only give the same numbers. A case
belongs to the period in which it was reported; merged reports count as reported and as nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.clocks import LEVELS, Limits
from api.moves import Move
from api.tables import CaseEventRow, CaseRow
from api.worktime import Limit

NAMES = (
    "report", "accept", "register", "dispatch", "dispose", "archive", "inTimeArchiveRate", "archiveRate", "disposeRate",
    "inTimeRegisterRate", "accurDispatchRate", "avgHandleTime", "rework_count", "repeat_rate", "timeout_count",
    "persuaded_away_rate",
)  # fmt: skip
"""In the order of the published tables; rates are shares of 1, times are hours. `register` is acceptance as a case."""


@dataclass(frozen=True, slots=True)
class Story:
    """One case as its events tell it.

    Attributes:
        units: in the order they were given it.
        first_right: whether the first unit took it; None while nobody knows.
    """

    category: str
    zone: str
    spot: tuple[float, float] | None
    units: tuple[str, ...]
    verified: bool
    registered: datetime | None
    disposed: datetime | None
    archived: datetime | None
    dispatched: datetime | None
    first_right: bool | None
    rework: int
    late: bool
    outcome: str
    reported: datetime
    merged: bool


def stories(session: Session, since: datetime, until: datetime, limits: Limits | None) -> list[Story]:
    """The cases that were reported in a period, `until` not in it."""
    chosen = select(CaseRow.id, CaseRow.category, CaseRow.zone, CaseRow.lat, CaseRow.lon).where(
        CaseRow.created >= since, CaseRow.created < until
    )
    cases = {row[0]: row for row in session.execute(chosen)}
    events: dict[str, list[CaseEventRow]] = {case_id: [] for case_id in cases}
    query = (
        select(CaseEventRow)
        .join(CaseRow, CaseRow.id == CaseEventRow.case_id)
        .where(CaseRow.created >= since, CaseRow.created < until)
        .order_by(CaseEventRow.case_id, CaseEventRow.version)
    )
    for event in session.scalars(query):
        events[event.case_id].append(event)
    return [
        _story(
            category,
            zone,
            None if lat is None or lon is None else (round(lat, 4), round(lon, 4)),
            events[case_id],
            limits,
        )
        for case_id, category, zone, lat, lon in cases.values()
    ]


def figures(told: Sequence[Story]) -> dict[str, float | int | None]:
    """The published figures of some cases; a rate of nothing is None."""
    own = [s for s in told if not s.merged]
    registered = [s for s in own if s.registered]
    answered = [s for s in own if s.first_right is not None]
    disposed = [s for s in own if s.disposed]
    archived = [s for s in own if s.archived]
    hours = [(s.disposed - s.dispatched).total_seconds() / 3600 for s in disposed if s.disposed and s.dispatched]
    spots: dict[tuple[str, tuple[float, float]], int] = {}
    for story in own:
        if story.spot:
            spots[story.category, story.spot] = spots.get((story.category, story.spot), 0) + 1
    values: dict[str, float | int | None] = {
        "report": len(told),
        "accept": sum(s.verified or s.registered is not None for s in own),
        "register": len(registered),
        "dispatch": sum(s.dispatched is not None for s in own),
        "dispose": len(disposed),
        "archive": len(archived),
        "inTimeArchiveRate": _rate(sum(not s.late for s in archived), len(registered)),
        "archiveRate": _rate(len(archived), len(registered)),
        "disposeRate": _rate(len(disposed), len(registered)),
        "inTimeRegisterRate": _rate(
            sum(s.registered is not None and (s.registered - s.reported).total_seconds() <= 900 for s in registered),
            len(registered),
        ),
        "accurDispatchRate": _rate(sum(bool(s.first_right) for s in answered), len(answered)),
        "avgHandleTime": round(sum(hours) / len(hours), 6) if hours else None,
        "rework_count": sum(s.rework for s in own),
        "repeat_rate": _rate(sum(n - 1 for n in spots.values()), sum(spots.values())),
        "timeout_count": sum(s.late for s in own),
        "persuaded_away_rate": _rate(sum(s.outcome == "persuaded_away" for s in disposed), len(disposed)),
    }
    return {name: values[name] for name in NAMES}


def by(told: Iterable[Story], what: str) -> Mapping[str, list[Story]]:
    """Cases by `unit`, `category`, `zone` or `all`; a case of several units counts with its last."""
    found: dict[str, list[Story]] = {}
    for story in told:
        key = {
            "unit": story.units[-1] if story.units else "",
            "category": story.category,
            "zone": story.zone,
            "all": "all",
        }[what]
        found.setdefault(key, []).append(story)
    return dict(sorted(found.items()))


def _story(
    category: str, zone: str, spot: tuple[float, float] | None, events: Sequence[CaseEventRow], limits: Limits | None
) -> Story:
    """Read one case's events, oldest first."""
    dispatches = [e for e in events if e.move == Move.DISPATCH]
    answers = [e for e in events if dispatches and e.version > dispatches[0].version]
    answer = next((e.move for e in answers if e.move in (Move.HANDLE, Move.SEND_BACK)), None)
    feedbacks = [e for e in events if e.move == Move.FEED_BACK]
    moment: dict[str, Any] = {
        name: next((e.at for e in events if e.move == name), None) for name in (Move.ACCEPT, Move.DISPATCH)
    }
    closed = next((e.at for e in reversed(events) if e.move == Move.CLOSE), None)
    disposed = feedbacks[-1].at if feedbacks else None
    return Story(
        category=category,
        zone=zone,
        spot=spot,
        units=tuple(str(e.data["unit"]) for e in dispatches),
        verified=any(e.move == Move.CONFIRM for e in events),
        registered=moment[Move.ACCEPT],
        disposed=disposed,
        archived=closed if events[-1].state == "closed" else None,
        dispatched=moment[Move.DISPATCH],
        first_right=None if answer is None else answer == Move.HANDLE,
        rework=sum(e.move in (Move.CHECK_NOT_PASS, Move.REOPEN, Move.REVISIT_DISSATISFIED) for e in events),
        late=_late(category, events, dispatches, disposed, limits),
        outcome=str(feedbacks[-1].data.get("outcome", "")) if feedbacks else "",
        reported=events[0].at,
        merged=events[-1].state == "merged",
    )


def _late(
    category: str,
    events: Sequence[CaseEventRow],
    dispatches: Sequence[CaseEventRow],
    disposed: datetime | None,
    limits: Limits | None,
) -> bool:
    """Whether it was escalated, or disposed of after its limit."""
    if any(e.move == Move.ESCALATE for e in events):
        return True
    if limits is None or disposed is None or not dispatches:
        return False
    limit: Limit = limits.to_handle.get(category, limits.otherwise)
    due = limits.worktime.due(dispatches[-1].at, limit.times(LEVELS[0]))
    return due is not None and disposed > due


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
