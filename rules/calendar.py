"""Which days are public holidays and which weekend days are worked: the site's data, a value without a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class YearDays:
    """The days of one year that are not what their weekday says.

    Attributes:
        holidays: public holidays: every day that is off, weekend days and days in lieu within them included.
        working_days: weekend days that are worked to make up for a holiday.
        school_holidays: days without school; None when nobody said, which is not the same as none.

    Raises:
        ValueError: a day that is both off and worked.
    """

    holidays: frozenset[date]
    working_days: frozenset[date] = frozenset()
    school_holidays: frozenset[date] | None = None

    def __post_init__(self) -> None:
        if both := self.holidays & self.working_days:
            raise ValueError(f"a day is a holiday or a working day, not both: {sorted(map(str, both))}")


@dataclass(frozen=True, slots=True)
class Calendar:
    """The years a site has data for; `Calendar()` has none.

    Raises:
        ValueError: a day that lies in another year than the one it is listed under.
    """

    years: Mapping[int, YearDays] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for year, days in self.years.items():
            listed = days.holidays | days.working_days | (days.school_holidays or frozenset())
            if stray := sorted(str(day) for day in listed if day.year != year):
                raise ValueError(f"days listed under {year} must lie in it, got {', '.join(stray)}")

    def knows(self, day: date) -> bool:
        """Whether there is data for the day's year."""
        return day.year in self.years

    def is_holiday(self, day: date) -> bool:
        """Whether the day is a public holiday, as far as the data goes."""
        return self.knows(day) and day in self.years[day.year].holidays

    def is_made_up(self, day: date) -> bool:
        """Whether the day is a weekend day that is worked, as far as the data goes."""
        return self.knows(day) and day in self.years[day.year].working_days

    def is_school_holiday(self, day: date) -> bool | None:
        """Whether there is no school; None where nobody said."""
        listed = self.years[day.year].school_holidays if self.knows(day) else None
        return None if listed is None else day in listed
