"""When a zone holds: an OpenStreetMap `opening_hours` expression, read on the site's own calendar.

Grammar: https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification. The library `opening-hours-py` reads it,
but its table of Chinese holidays is wrong (18 days of 2025) and knows no make-up working days, so it is never given a
country, and without one it holds no day for a holiday. Instead the expression is rewritten for the day in question.
Only two days can bear on a moment: its own, and the day before, whose times may run past midnight (up to 48:00). Two
neighbouring days have different weekdays, so within these two a weekday name says exactly which day is meant, and each
selector of weekdays and holidays becomes the plain list of those of the two that it selects:

- a make-up working day is selected by whatever selects a Friday (bureaus write working days as `Mo-Fr`), not by the
  weekday it falls on;
- `PH` and `SH` select what the calendar lists; `PH +1 day` the day after such a day;
- `SH Mo-Fr` with a space means school holidays that are also weekdays, as the specification has it;
- a selector that selects neither day becomes `PH`, which selects nothing without a country;
- a weekday with a place in its month (`Mo[1]`) is a date, whatever the day's type, and stays as it is.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours, ParserError, State  # type: ignore[attr-defined]  # ParserError is not in its stub

from rules.calendar import Calendar

_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_FRIDAY = _DAYS.index("Fr")
_DAY = "(?:Mo|Tu|We|Th|Fr|Sa|Su)"
_OFFSET = r"(?:\s*[+-]\s*\d+\s*days?)?"
_ITEM = rf"(?:{_DAY}\[[^\]]*\]{_OFFSET}|{_DAY}(?:-{_DAY})?|(?:PH|SH){_OFFSET})"
_LIST = rf"{_ITEM}(?:\s*,\s*{_ITEM})*"
# Comments in quotes are matched first so that nothing inside them is taken for a day; a sign before a day belongs to
# a date (`Dec 25 -Su`), a letter before or after it to another word.
_SELECTOR = re.compile(
    rf'"[^"]*"|(?<![A-Za-z+-])(?P<first>{_LIST})(?:\s+(?P<also>{_LIST}))?(?![A-Za-z])', re.IGNORECASE
)
_COLUMN = re.compile(r"--> \d+:(\d+)")
_EXPECTED = re.compile(r"= (expected .*)")


class BadHours(ValueError):
    """An expression that does not parse.

    Attributes:
        expression: as written.
        column: where reading stopped, counted from 1.
    """

    def __init__(self, expression: str, column: int, why: str) -> None:
        super().__init__(f"hours {expression!r}: cannot be read at column {column}: {why}")
        self.expression, self.column, self.why = expression, column, why


@dataclass(frozen=True, slots=True)
class _Day:
    """How one day is read: as which weekday, and whether it is off."""

    date: date
    weekday: int
    holiday: bool


class Hours:
    """The times at which a zone holds.

    Args:
        expression: for example `Mo-Fr 07:00-19:00; PH off`.
        timezone: of the site: the expression means local time.
        calendar: what the site knows about its days.

    Raises:
        BadHours: the expression does not parse.
    """

    __slots__ = (
        "_as_written",
        "_compiled",
        "calendar",
        "depends_on_day_type",
        "expression",
        "needs_school",
        "timezone",
    )

    def __init__(self, expression: str, timezone: ZoneInfo, calendar: Calendar) -> None:
        self._as_written = _parsed(expression, expression, timezone)
        self.expression, self.timezone, self.calendar = expression, timezone, calendar
        selectors = [m for m in _SELECTOR.finditer(expression) if m["first"]]
        for selector in selectors:
            if selector["also"] and "[" in selector[0]:
                raise BadHours(expression, selector.start() + 1, "a holiday and a weekday of the month do not combine")
        # Written as holidays or as a part of the week: what the day is decides. `Mo-Su` and `24/7` never do.
        self.depends_on_day_type = any(not _whole_week(selector[0]) for selector in selectors)
        self.needs_school = any("SH" in selector[0].upper() for selector in selectors)
        self._compiled: dict[tuple[_Day, _Day], OpeningHours] = {}

    def __repr__(self) -> str:
        return f"Hours({self.expression!r})"

    def at(self, moment: datetime) -> bool | None:
        """Whether the hours hold at an aware moment; None when the calendar cannot say, or the expression does not."""
        local = moment.astimezone(self.timezone)
        if not self.depends_on_day_type:
            return _open(self._as_written, local)
        today, yesterday = local.date(), local.date() - timedelta(days=1)
        if not self._known(today):
            return None
        if self._known(yesterday):
            return self._answer(local, self._read(yesterday), self._read(today))
        # 1 January after a year without data: sure only where it does not matter what 31 December was.
        weekday = yesterday.weekday()
        readings = (_Day(yesterday, weekday, False), _Day(yesterday, _FRIDAY, False), _Day(yesterday, weekday, True))
        answers = {self._answer(local, reading, self._read(today)) for reading in readings}
        return answers.pop() if len(answers) == 1 else None

    def _known(self, day: date) -> bool:
        return self.calendar.knows(day) and not (self.needs_school and self.calendar.is_school_holiday(day) is None)

    def _read(self, day: date) -> _Day:
        weekday = _FRIDAY if self.calendar.is_made_up(day) else day.weekday()
        return _Day(day, weekday, self.calendar.is_holiday(day))

    def _answer(self, local: datetime, yesterday: _Day, today: _Day) -> bool | None:
        compiled = self._compiled.get((yesterday, today))
        if compiled is None:
            if len(self._compiled) > 8:  # a patrol runs for months; a day's reading is needed for a day
                self._compiled.clear()
            rewritten = _SELECTOR.sub(lambda m: self._selected(m, (yesterday, today)), self.expression)
            compiled = self._compiled[yesterday, today] = _parsed(rewritten, self.expression, self.timezone)
        return _open(compiled, local)

    def _selected(self, selector: re.Match[str], days: tuple[_Day, _Day]) -> str:
        if not selector["first"]:
            return selector[0]
        kept = [item for item in _items(selector["first"]) if "[" in item]
        parts = [part for part in (selector["first"], selector["also"]) if part]
        chosen = [_DAYS[day.date.weekday()] for day in days if all(self._selects(part, day) for part in parts)]
        return ",".join([*chosen, *kept]) or "PH"

    def _selects(self, part: str, day: _Day) -> bool:
        return any(self._item_selects(item, day) for item in _items(part) if "[" not in item)

    def _item_selects(self, item: str, day: _Day) -> bool:
        name = item[:2].upper()
        if name not in ("PH", "SH"):
            return day.weekday in _weekdays(item)
        offset = re.sub(r"[^\d-]", "", item[2:])
        if name == "PH":
            return self.calendar.is_holiday(day.date - timedelta(days=int(offset))) if offset else day.holiday
        return bool(self.calendar.is_school_holiday(day.date - timedelta(days=int(offset or 0))))


def _open(compiled: OpeningHours, local: datetime) -> bool | None:
    state, _ = compiled.state(local)
    return None if state == State.UNKNOWN else bool(state == State.OPEN)


def _items(part: str) -> list[str]:
    return [m[0] for m in re.finditer(_ITEM, part, re.IGNORECASE)]


def _weekdays(item: str) -> frozenset[int]:
    """The weekdays of `Mo` or of a range, which may run over the weekend (`Fr-Mo`)."""
    first, last = (_DAYS.index(name.capitalize()) for name in (item[:2], item[-2:]))
    return frozenset((first + n) % 7 for n in range((last - first) % 7 + 1))


def _whole_week(selector: str) -> bool:
    items = _items(selector)
    plain = [item for item in items if item[:2].upper() not in ("PH", "SH") and "[" not in item]
    return len(plain) == len(items) and len(frozenset().union(*map(_weekdays, plain))) == 7


def _parsed(expression: str, as_written: str, timezone: ZoneInfo) -> OpeningHours:
    if not expression.strip():
        raise BadHours(as_written, 1, "it is empty; write 24/7 for always")
    try:
        return OpeningHours(expression, timezone=timezone, auto_country=False, auto_timezone=False)
    except ParserError as error:
        column, expected = _COLUMN.search(str(error)), _EXPECTED.search(str(error))
        why = expected[1] if expected else "not an opening_hours expression"
        raise BadHours(as_written, int(column[1]) if column else 1, why) from None
