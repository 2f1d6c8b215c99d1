"""A made-up city: two levels of cells, units, ordered rules, and cases whose right unit is known by construction.

`python -m tests.api.city` prints the table of 500 routings as CSV, each with the unit that is right.
"""

import csv
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import shapely

from api.cases import Place
from api.routing import Cell, Question, Router, RouteRule, Unit
from patrol.site.days import seed
from rules.hours import Hours

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = seed("CN")
WEST, SOUTH, STEP = 118.0, 24.4, 0.002
MARKET = "Fr-Su 18:00-24:00"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A case and the unit that is right for it."""

    question: Question
    score: float
    right: str


def cells(side: int, units: int) -> list[Cell]:
    """A square of small cells, ten by ten of them in a large one."""
    small = [
        Cell(f"S{x:03d}{y:03d}", f"unit-{(x * side + y) % units}", 2, f"L{x // 10:02d}{y // 10:02d}", _square(x, y, 1))
        for x in range(side)
        for y in range(side)
    ]
    large = [
        Cell(f"L{x:02d}{y:02d}", f"unit-{x % units}", 1, None, _square(x * 10, y * 10, 10))
        for x in range(-(-side // 10))
        for y in range(-(-side // 10))
    ]
    return small + large


def city(side: int = 100, units: int = 662) -> Router:
    """A router over `side` x `side` small cells."""
    listed = {f"unit-{n}": Unit(f"unit-{n}", f"Unit {n}") for n in range(units)}
    listed |= {name: Unit(name, name) for name in ("market squad", "traffic", "sanitation north")}
    street = shapely.LineString([(WEST, SOUTH + STEP * 1.5), (WEST + side * STEP, SOUTH + STEP * 1.5)]).buffer(
        STEP / 10
    )
    rules = (
        RouteRule(
            "night market",
            "market squad",
            frozenset({"0501", "0504"}),
            frozenset({"L0000"}),
            hours=MARKET,
            times=Hours(MARKET, SHANGHAI, CALENDAR),
        ),
        RouteRule("Long Street", "traffic", frozenset({"0505"}), areas=(("Long Street", street),)),
        RouteRule("waste in the north", "sanitation north", frozenset({"0102", "0103"}), frozenset({"L0001"})),
        RouteRule("everything else", "cell"),
    )
    return Router(rules, cells(side, units), listed)


def labelled(count: int, side: int = 20, units: int = 30) -> Iterator[Labelled]:
    """Cases in the middle of cells, labelled by the words of the rules and not by the router."""
    dice = random.Random(7)  # noqa: S311 - made-up cases
    monday = datetime(2026, 11, 23, tzinfo=SHANGHAI)
    for _ in range(count):
        x, y = dice.randrange(side), dice.randrange(side)
        category = dice.choice(["0501", "0504", "0505", "0506", "0102", "0103", "0507"])
        at = monday + timedelta(minutes=dice.randrange(7 * 24 * 60))
        place = Place(SOUTH + (y + 0.5) * STEP, WEST + (x + 0.5) * STEP, 2.0)
        score = 0.4 + 0.6 * dice.random()
        yield Labelled(Question(category, place, at), score, _right(category, x, y, at, side, units))


def _right(category: str, x: int, y: int, at: datetime, side: int, units: int) -> str:
    if category in ("0501", "0504") and x < 10 and y < 10 and at.weekday() >= 4 and at.hour >= 18:
        return "market squad"
    if category == "0505" and y == 1:
        return "traffic"
    if category in ("0102", "0103") and x < 10 <= y < 20:
        return "sanitation north"
    return f"unit-{(x * side + y) % units}"


def _square(x: int, y: int, size: int) -> shapely.Polygon:
    west, south = WEST + x * STEP, SOUTH + y * STEP
    return shapely.box(west, south, west + size * STEP, south + size * STEP)


if __name__ == "__main__":
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["category", "lat", "lon", "at", "score", "unit"])
    for row in labelled(500):
        at = row.question.place
        assert at is not None
        table.writerow(
            [
                row.question.category,
                f"{at.lat:.6f}",
                f"{at.lon:.6f}",
                row.question.at.isoformat(),
                f"{row.score:.3f}",
                row.right,
            ]
        )
