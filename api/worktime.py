"""Time limits in the four kinds of time that bureaus use, on the Chinese working calendar with its make-up days.

`urgent_hour` and `natural_day` run day and night; `work_hour` and `work_day` only while offices work; a `work_day` is
as long as one day's office hours. A year without calendar data is read as plain weeks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from rules.calendar import Calendar

LONGEST = timedelta(days=400)
"""No limit reaches further than this; it ends the search where nobody ever works."""


class Unit(StrEnum):
    """A kind of time."""

    URGENT_HOUR = "urgent_hour"
    WORK_HOUR = "work_hour"
    WORK_DAY = "work_day"
    NATURAL_DAY = "natural_day"


@dataclass(frozen=True, slots=True)
class Limit:
    """So much of one kind of time.

    Raises:
        ValueError: not above 0.
    """

    amount: float
    unit: Unit

    def __post_init__(self) -> None:
        if not 0 < self.amount <= 1000:
            raise ValueError(f"a limit must be above 0 and at most 1000 {self.unit}, got {self.amount}")

    def times(self, factor: float) -> "Limit":
        """A part or a multiple of it."""
        return Limit(self.amount * factor, self.unit)


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment to another, aware; `until` is not in it."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class WorkTime:
    """When offices work.

    Attributes:
        hours: of a working day, local, in order.
    """

    timezone: ZoneInfo
    calendar: Calendar = field(default_factory=Calendar)
    hours: tuple[tuple[time, time], ...] = ((time(8, 30), time(12)), (time(14, 30), time(18)))

    def is_working_day(self, day: date) -> bool:
        """A weekday that is no holiday, or a weekend day that is worked for one."""
        if self.calendar.is_made_up(day):
            return True
        return day.weekday() < 5 and not self.calendar.is_holiday(day)

    def due(self, start: datetime, limit: Limit, pauses: Sequence[Span] = ()) -> datetime | None:
        """When a limit that began at `start` has run out; None while a pause without end holds it.

        Args:
            pauses: times that do not count, in order; the last may reach as far as `datetime.max`.
        """
        left = self._amount(limit)
        for span in self._counted(start, limit.unit):
            for piece in _without(span, pauses):
                length = piece.until - piece.since
                if length >= left:
                    return piece.since + left
                left -= length
        return None

    def _amount(self, limit: Limit) -> timedelta:
        if limit.unit in (Unit.URGENT_HOUR, Unit.WORK_HOUR):
            return timedelta(hours=limit.amount)
        if limit.unit is Unit.NATURAL_DAY:
            return timedelta(days=limit.amount)
        any_day = date(2026, 1, 5)
        a_day = sum((_at(any_day, b) - _at(any_day, a) for a, b in self.hours), timedelta())
        return a_day * limit.amount

    def _counted(self, start: datetime, unit: Unit) -> Iterator[Span]:
        """The times that count, from `start` on."""
        if unit in (Unit.URGENT_HOUR, Unit.NATURAL_DAY):
            yield Span(start, start + LONGEST * 10)
            return
        day = start.astimezone(self.timezone).date()
        for _ in range(LONGEST.days * 10):
            if self.is_working_day(day):
                for opens, closes in self.hours:
                    since = max(start, _at(day, opens, self.timezone))
                    until = _at(day, closes, self.timezone)
                    if since < until:
                        yield Span(since, until)
            day += timedelta(days=1)


def _at(day: date, clock: time, timezone: ZoneInfo | None = None) -> datetime:
    return datetime.combine(day, clock, timezone)


def _without(span: Span, pauses: Sequence[Span]) -> Iterator[Span]:
    """What pauses leave of a span."""
    since = span.since
    for pause in pauses:
        if pause.until <= since or pause.since >= span.until:
            continue
        if pause.since > since:
            yield Span(since, pause.since)
        since = max(since, pause.until)
        if since >= span.until:
            return
    yield Span(since, span.until)
