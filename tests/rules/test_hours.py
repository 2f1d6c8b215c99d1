"""Hours on the site's calendar: what each day is read as."""

from datetime import date, datetime, timedelta

import chinese_calendar
import pytest
from chinese_calendar import constants

from rules.calendar import Calendar, YearDays
from rules.hours import BadHours, Hours
from tests.rules.street import CALENDAR, SHANGHAI, hours

OFFICE = "Mo-Fr 07:00-19:00; PH off"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("expression", "when", "holds"),
    [
        ("24/7", "2026-05-12 03:00", True),
        (OFFICE, "2026-05-12 06:59", False),
        (OFFICE, "2026-05-12 07:00", True),
        (OFFICE, "2026-05-16 12:00", False),  # a Saturday
        (OFFICE, "2026-10-01 12:00", False),  # National Day, a Thursday
        ("Mo-Fr 07:00-19:00", "2026-10-01 12:00", True),  # the expression does not except holidays
        (OFFICE, "2026-10-10 12:00", True),  # a Saturday that is worked
        ("Sa,Su 07:00-19:00", "2026-10-10 12:00", False),  # and is no Saturday then
        ("Fr 07:00-19:00", "2026-10-10 12:00", True),  # but a Friday
        ("Mo-Th 07:00-19:00", "2026-10-10 12:00", False),
        ("Fr 22:00-02:00", "2026-10-11 01:00", True),  # the night after it
        ("Fr 22:00-02:00", "2026-05-16 01:00", True),  # an ordinary night after Friday
        ("PH 22:00-02:00", "2026-10-08 01:00", True),  # the night after the last holiday
        ("PH 22:00-02:00", "2026-10-08 23:00", False),
        ("PH,Su 10:00-12:00", "2026-10-01 11:00", True),
        ("PH,Su 10:00-12:00", "2026-05-17 11:00", True),
        ("PH,Su 10:00-12:00", "2026-05-12 11:00", False),
        ("PH Mo-Fr 10:00-12:00", "2026-10-01 11:00", True),  # holidays that are weekdays
        ("PH Mo-Fr 10:00-12:00", "2026-10-03 11:00", False),
        ("PH Mo-Fr 10:00-12:00", "2026-05-12 11:00", False),
        ("PH +1 day 10:00-12:00", "2026-10-08 11:00", True),
        ("PH -1 day 10:00-12:00", "2026-09-30 11:00", True),
        ("PH -1 day 10:00-12:00", "2026-10-07 11:00", False),
        ("May-Sep Mo-Fr 06:00-09:00; PH off", "2026-05-12 08:00", True),
        ("May-Sep Mo-Fr 06:00-09:00; PH off", "2026-10-12 08:00", False),
        ("Fr-Mo 10:00-12:00", "2026-05-17 11:00", True),
        ("Fr-Mo 10:00-12:00", "2026-05-12 11:00", False),
        ("Mo[2] 10:00-12:00", "2026-05-11 11:00", True),  # a date, not a type of day
        ("Mo[2] 10:00-12:00", "2026-05-18 11:00", False),
        ('10:00-12:00 "not on Mo-Fr"', "2026-05-12 11:00", True),  # a comment says nothing
        ("mo-fr 07:00-19:00", "2026-05-12 12:00", True),
        ("Mo-Fr unknown", "2026-05-12 12:00", None),
    ],
)
def test_each_day_is_read_as_what_it_is(expression: str, when: str, holds: bool | None) -> None:
    assert hours(expression).at(at(when)) is holds


def test_office_hours_hold_on_exactly_the_working_days_of_23_years() -> None:
    years = range(2004, 2027)
    calendar = Calendar(
        {
            year: YearDays(
                frozenset(day for day in constants.holidays if day.year == year),
                frozenset(day for day in constants.workdays if day.year == year),
            )
            for year in years
        }
    )
    office = hours(OFFICE, calendar)
    first = date(2004, 1, 1)
    days = [first + timedelta(days=n) for n in range((date(2027, 1, 1) - first).days)]
    wrong = [day for day in days if office.at(at(f"{day} 12:00")) != chinese_calendar.is_workday(day)]
    assert wrong == []


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        (OFFICE, None),
        ("PH off", None),
        ("Sa 10:00-12:00", None),
        ("24/7", True),
        ("Mo-Su", True),
        ("08:00-18:00", True),
    ],
)
def test_a_year_without_data_is_unsure_only_where_the_days_type_matters(expression: str, holds: bool | None) -> None:
    assert hours(expression).at(at("2027-06-15 12:00")) is holds


def test_the_first_of_january_needs_the_day_before_only_for_a_night_that_began_then() -> None:
    assert hours("Mo-Th 09:00-18:00").at(at("2026-01-01 12:00")) is True
    assert hours("Mo-Th 22:00-02:00").at(at("2026-01-01 01:00")) is None


def test_school_days_are_unsure_until_somebody_lists_them() -> None:
    days = YearDays(frozenset(), school_holidays=frozenset({date(2026, 7, 15)}))
    school = "SH Mo-Fr 08:00-09:00"
    assert hours(school).at(at("2026-07-15 08:30")) is None
    assert hours(school, Calendar({2026: days})).at(at("2026-07-15 08:30")) is True
    assert hours(school, Calendar({2026: days})).at(at("2026-07-16 08:30")) is False


def test_time_of_another_zone_is_read_in_the_sites() -> None:
    assert hours("08:00-09:00").at(datetime.fromisoformat("2026-05-12T00:30:00+00:00")) is True


@pytest.mark.parametrize(
    ("expression", "column"),
    [
        ("Mo-Fr 25:99", 7),
        ("Mo-Fri 10:00-12:00", 6),
        ("", 1),
        ("  ", 1),
        ("Tuesday 08:00", 3),
        ("PH Mo[1] 10:00-11:00", 1),
    ],
)
def test_an_expression_that_does_not_parse_is_named_with_its_column(expression: str, column: int) -> None:
    with pytest.raises(BadHours) as caught:
        Hours(expression, SHANGHAI, CALENDAR)
    assert caught.value.column == column
    assert f"column {column}" in str(caught.value)


def test_a_day_cannot_be_off_and_worked() -> None:
    day = frozenset({date(2026, 1, 1)})
    with pytest.raises(ValueError, match="not both: \\['2026-01-01'\\]"):
        YearDays(day, day)


def test_a_day_lies_in_its_year() -> None:
    with pytest.raises(ValueError, match="listed under 2025 must lie in it, got 2026-01-01"):
        Calendar({2025: YearDays(frozenset({date(2026, 1, 1)}))})
