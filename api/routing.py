"""Which unit answers for a case: ordered rules over category, grid cell, place and time; the first that matches wins.

A rule without a condition matches everything; a rule's unit `cell` is the unit of the smallest grid cell around the
place. Where no rule matches, the cell's unit answers; where there is no cell either, a person decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from api.cases import Place

CELL_UNIT = "cell"


class Times(Protocol):
    """When a rule holds or a unit is on duty; `rules.hours.Hours` is one."""

    def at(self, moment: datetime) -> bool | None:
        """Whether they hold at an aware moment; None where nobody can say."""
        ...


@dataclass(frozen=True, slots=True)
class Cell:
    """A grid cell: degrees, x east and y north.

    Attributes:
        level: 1 for the large ones, 2 for the small.
        parent: id of the large cell that a small one lies in.
    """

    id: str
    unit: str
    level: int
    parent: str | None
    shape: BaseGeometry


@dataclass(frozen=True, slots=True)
class Unit:
    """Who handles cases.

    Attributes:
        on_duty: its roster; None: always.
        backup: who answers while it is off duty.
    """

    id: str
    name: str
    on_duty: Times | None = None
    backup: str | None = None


@dataclass(frozen=True, slots=True)
class RouteRule:
    """One ordered rule; an empty condition lets everything through.

    Attributes:
        cells: ids of cells of either level.
        areas: roads or shops, as (name, shape) in degrees.
        zones: ids of zones.
        hours: as written, for people; `times` is what it means.
    """

    name: str
    unit: str
    categories: frozenset[str] = frozenset()
    cells: frozenset[str] = frozenset()
    areas: tuple[tuple[str, BaseGeometry], ...] = ()
    zones: frozenset[str] = frozenset()
    hours: str = ""
    times: Times | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: whose is a case like this?"""

    category: str
    place: Place | None
    at: datetime
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """The answer.

    Attributes:
        unit: None: a person decides.
        rule: name of the rule that won; empty where none did.
        why: each step in words.
    """

    unit: str | None
    rule: str
    cells: tuple[str, ...]
    why: tuple[str, ...] = field(compare=False, default=())


class Router:
    """Finds units.

    Args:
        rules: in order.
        cells: of both levels.
        units: by id; empty where the site lists none, and every name is taken as it is.
        confidence: a finding below this score goes to a person.
        target_accuracy: automatic dispatch of a category ends below this share of right first dispatches.

    Raises:
        ValueError: a rule or a cell names a unit or a cell that there is not.
    """

    def __init__(
        self,
        rules: Sequence[RouteRule],
        cells: Sequence[Cell],
        units: Mapping[str, Unit] = MappingProxyType({}),
        *,
        confidence: float = 0.6,
        target_accuracy: float = 0.99,
    ) -> None:
        self.rules, self.units = tuple(rules), dict(units)
        self.confidence, self.target_accuracy = confidence, target_accuracy
        self._cells = tuple(cells)
        self._tree = STRtree([cell.shape for cell in self._cells])
        # A point is asked for often against one shape: prepared shapes answer many times faster.
        shapely.prepare([area for rule in rules for _, area in rule.areas])
        shapely.prepare([cell.shape for cell in self._cells])
        self._check()

    def route(self, question: Question, *, explain: bool = False) -> Route:
        """Whose it is."""
        point = None if question.place is None else shapely.Point(question.place.lon, question.place.lat)
        cells = self._cells_at(point)
        ids = tuple(cell.id for cell in cells)
        why: list[str] = [f"grid cells: {', '.join(ids) or 'none'}"] if explain else []
        around = frozenset(ids) | {cell.parent for cell in cells if cell.parent}
        for rule in self.rules:
            against = _against(rule, question, point, around)
            if explain:
                why.append(f"rule {rule.name}: {against or 'matches'}")
            if not against:
                unit = rule.unit if rule.unit != CELL_UNIT else (cells[0].unit if cells else None)
                return self._answer(unit, rule.name, ids, question.at, why)
        if explain:
            why.append(
                "no rule matches: the smallest cell's unit answers" if cells else "no rule and no cell: a person"
            )
        return self._answer(cells[0].unit if cells else None, "", ids, question.at, why)

    def grid_of(self, lat: float, lon: float) -> tuple[str, str]:
        """The small cell around a place and the large one that answers for it, each empty where there is none."""
        cells = self._cells_at(shapely.Point(lon, lat))
        if not cells:
            return "", ""
        large = cells[0].parent or next((cell.id for cell in cells if cell.level == 1), "")
        return cells[0].id, large

    def _answer(self, unit: str | None, rule: str, cells: tuple[str, ...], at: datetime, why: list[str]) -> Route:
        seen: set[str] = set()
        while unit is not None and unit in self.units:
            entry = self.units[unit]
            # A roster that cannot say (a year without calendar) does not take the case away from its unit.
            if entry.on_duty is None or entry.on_duty.at(at) is not False or entry.backup is None or unit in seen:
                break
            seen.add(unit)
            why.append(f"unit {unit} is off duty: {entry.backup} answers")
            unit = entry.backup
        why.append(f"unit: {unit or 'none, a person decides'}")
        return Route(unit, rule, cells, tuple(why))

    def _cells_at(self, point: shapely.Point | None) -> list[Cell]:
        """The cells around a place, the smallest level first; on a border the id settles it."""
        if point is None or not self._cells:
            return []
        found = [self._cells[n] for n in self._tree.query(point, predicate="intersects")]
        return sorted(found, key=lambda cell: (-cell.level, cell.id))

    def _check(self) -> None:
        known = {cell.id for cell in self._cells}
        for rule in self.rules:
            if strange := sorted(rule.cells - known):
                raise ValueError(f"rule {rule.name}: there is no grid cell {', '.join(strange)}")
        if not self.units:
            return
        named = {rule.unit for rule in self.rules} | {cell.unit for cell in self._cells}
        named |= {unit.backup for unit in self.units.values() if unit.backup}
        if strange := sorted(named - set(self.units) - {CELL_UNIT}):
            raise ValueError(f"there is no unit {', '.join(strange)} in units.toml")


def _against(rule: RouteRule, question: Question, point: shapely.Point | None, cells: frozenset[str]) -> str:
    """What speaks against a rule; an empty text where it matches. The cheap questions come first."""
    if rule.categories and question.category not in rule.categories:
        return f"category {question.category or '(none)'} is not {', '.join(sorted(rule.categories))}"
    if rule.zones and question.zone not in rule.zones:
        return f"zone {question.zone or '(none)'} is not {', '.join(sorted(rule.zones))}"
    if rule.cells and not rule.cells & cells:
        return f"not in cell {', '.join(sorted(rule.cells))}"
    if rule.areas and (point is None or not any(area.intersects(point) for _, area in rule.areas)):
        return f"not at {', '.join(name for name, _ in rule.areas)}"
    if rule.times is not None and rule.times.at(question.at) is not True:
        return f"not during {rule.hours}"
    return ""
