"""calendar.toml, and the seed that counts where a site has none.

    [2026]
    holidays = [2026-01-01, "2026-10-01/2026-10-07"]     # every day off, days in lieu and weekend days included
    working_days = [2026-10-10]                          # weekend days that are worked
    school_holidays = ["2026-07-06/2026-08-31"]          # optional

The seed holds the mainland's days as the package `chinesecalendar` lists them; `python -m patrol.site.days` writes it
anew after that package has learned another year.
"""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from patrol.site.errors import SiteError
from patrol.site.lines import Lines, toml_lines
from patrol.site.schema import YearKeys, read_as
from rules.calendar import Calendar, YearDays

SEEDS: Mapping[str, Path] = {"CN": Path(__file__).with_name("calendar_cn.toml")}
"""Shipped calendars by country."""


def seed(country: str) -> Calendar:
    """The shipped calendar of a country; none where there is none."""
    if country not in SEEDS:
        return Calendar()
    text = SEEDS[country].read_text(encoding="utf-8")
    calendar, errors = calendar_of(tomllib.loads(text), SEEDS[country].name, toml_lines(text))
    assert not errors, errors  # noqa: S101 - the shipped file is tested
    return calendar


def calendar_of(table: Mapping[str, object], file: str, lines: Lines) -> tuple[Calendar, list[SiteError]]:
    """The calendar of a parsed file, and what is wrong with it."""
    years: dict[int, YearDays] = {}
    errors: list[SiteError] = []
    for key, value in table.items():
        if not (key.isascii() and key.isdigit() and len(key) == 4):
            errors.append(SiteError(file, lines.of((key,)), f"unknown key {key}", "write one table a year, as [2026]"))
            continue
        keys, wrong = read_as(YearKeys, value, file, lines, (key,))
        errors += wrong
        if keys is None:
            continue
        try:
            years[int(key)] = Calendar({int(key): _year(int(key), keys)}).years[int(key)]
        except ValueError as error:
            errors.append(SiteError(file, lines.of((key,)), f"[{key}]: {error}", "correct the days"))
    return Calendar(years), errors


def _year(year: int, keys: YearKeys) -> YearDays:
    school = keys.school_holidays
    return YearDays(
        frozenset(_days(keys.holidays)),
        frozenset(_days(keys.working_days)),
        None if school is None else frozenset(day for day in _days(school) if day.year == year),
    )


def _days(listed: Iterable[date | str]) -> Iterable[date]:
    for item in listed:
        if isinstance(item, datetime):
            raise ValueError(f"days have no time of day, got {item}")
        first, last = (item, item) if isinstance(item, date) else _range(item)
        if last < first or last - first > timedelta(days=366):
            raise ValueError(f"a range runs from its first to its last day, got {item}")
        yield from (first + timedelta(days=n) for n in range((last - first).days + 1))


def _range(text: str) -> tuple[date, date]:
    first, slash, last = text.partition("/")
    try:
        return date.fromisoformat(first), date.fromisoformat(last if slash else first)
    except ValueError:
        raise ValueError(f"a day is written 2026-10-01, a range 2026-10-01/2026-10-07, got {text!r}") from None


def seed_text() -> str:
    """The seed as a file, from what `chinesecalendar` lists."""
    from chinese_calendar.constants import holidays, workdays

    tables = [
        f"\n[{year}]\nholidays = {_listed(holidays, year)}\nworking_days = {_listed(workdays, year)}\n"
        for year in sorted({day.year for day in holidays})
    ]
    head = "# Written by `python -m patrol.site.days` from the package chinesecalendar (MIT licence).\n"
    return "".join([head, *tables])


def _listed(days: Iterable[date], year: int) -> str:
    """Days of one year as TOML, runs of days as ranges."""
    runs: list[list[date]] = []
    for day in sorted(day for day in days if day.year == year):
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    written = [f"{run[0]}" if len(run) == 1 else f'"{run[0]}/{run[-1]}"' for run in runs]
    return f"[{', '.join(written)}]"


if __name__ == "__main__":
    SEEDS["CN"].write_text(seed_text(), encoding="utf-8")
