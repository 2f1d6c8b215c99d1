"""routing.toml and units.toml: who answers for what. Read on their own, so that `load_site` need not know them.

# units.toml
[[units]]
id = "squad-1"
name = "Gate squad"
hours = "Mo-Su 07:00-22:00"     # when it is on duty; without: always
backup = "night-squad"

# routing.toml
confidence = 0.6                # findings below go to a person
target_accuracy = 0.99          # a category goes to people when fewer first dispatches than this are right
[[rules]]                       # in order, the first that matches wins
name = "night market"
categories = ["0501"]
cells = ["350203001"]           # of either level
roads = [{ name = "Wu Street", path = [[118.0890, 24.4790], [118.0900, 24.4790]], width_m = 20 }]
zones = ["gate"]
hours = "Fr-Su 18:00-24:00"
unit = "squad-2"                # or "cell": the unit of the grid cell
"""

import math
from typing import Annotated

import shapely
from pydantic import BaseModel, ConfigDict, Field
from shapely.geometry.base import BaseGeometry

from api.routing import Cell, Router, RouteRule, Unit
from patrol.site.errors import SiteErrors
from patrol.site.files import Folder
from patrol.site.lines import Lines
from patrol.site.schema import Model, Name, Point, read_as
from patrol.site.site import Site
from rules.hours import BadHours, Hours

ROUTING, UNITS = "routing.toml", "units.toml"
_METRES_A_DEGREE = 111_320.0


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _UnitKeys(_Strict):
    id: Name
    name: Name | None = None
    hours: str | None = None
    backup: Name | None = None


class _UnitsFile(_Strict):
    units: list[_UnitKeys] = []


class _Road(_Strict):
    """A road's middle line or a shop's front, lon and lat, and how wide it is meant."""

    name: Name
    path: Annotated[list[Point], Field(min_length=2)]
    width_m: Annotated[float, Field(gt=0, le=500)] = 20.0


class _RuleKeys(_Strict):
    name: Name
    unit: Name
    categories: list[Name] = []
    cells: list[Name] = []
    zones: list[Name] = []
    roads: list[_Road] = []
    hours: str | None = None


class _RoutingFile(_Strict):
    confidence: Annotated[float, Field(ge=0, le=1)] = 0.6
    target_accuracy: Annotated[float, Field(ge=0, le=1)] = 0.99
    rules: list[_RuleKeys] = []


def read_router(site: Site) -> Router | None:
    """The site's routing; None where it has neither routing.toml nor a grid.

    Raises:
        SiteErrors: something in the two files is wrong; all of it is in it.
    """
    folder = Folder(site.folder)
    routing, routing_lines = _read(folder, _RoutingFile, ROUTING)
    listed, unit_lines = _read(folder, _UnitsFile, UNITS)
    units: dict[str, Unit] = {}
    for n, unit in enumerate(listed.units):
        if unit.id in units:
            folder.error(UNITS, unit_lines.of(("units", n, "id")), f"unit {unit.id} is listed twice", "remove one")
        times = _hours(folder, UNITS, unit_lines, ("units", n, "hours"), unit.hours, site)
        units[unit.id] = Unit(unit.id, unit.name or unit.id, times, unit.backup)
    rules = [_rule(folder, routing_lines, n, rule, site) for n, rule in enumerate(routing.rules)]
    if folder.errors:
        raise SiteErrors(folder.path, folder.errors)
    if not rules and not site.grid:
        return None
    cells = [Cell(cell.id, cell.unit, cell.level, cell.parent, cell.shape) for cell in site.grid]
    try:
        return Router(rules, cells, units, confidence=routing.confidence, target_accuracy=routing.target_accuracy)
    except ValueError as problem:
        folder.error(ROUTING, 1, str(problem), "add it, or correct its spelling")
        raise SiteErrors(folder.path, folder.errors) from problem


def unit_names(router: Router | None) -> frozenset[str] | None:
    """The units that there are; None where the site lists none."""
    return frozenset(router.units) if router is not None and router.units else None


def _read(folder: Folder, model: type[Model], name: str) -> tuple[Model, Lines]:
    """A file as its model; one that is missing, or cannot be read at all, as an empty one."""
    read = folder.toml(name)
    if read is None:
        return model(), Lines({})
    keys, errors = read_as(model, read[0], name, read[1])
    folder.errors += errors
    return keys or model(), read[1]


def _rule(folder: Folder, lines: Lines, n: int, keys: _RuleKeys, site: Site) -> RouteRule:
    return RouteRule(
        name=keys.name,
        unit=keys.unit,
        categories=frozenset(keys.categories),
        cells=frozenset(keys.cells),
        areas=tuple((road.name, _strip(road)) for road in keys.roads),
        zones=frozenset(keys.zones),
        hours=keys.hours or "",
        times=_hours(folder, ROUTING, lines, ("rules", n, "hours"), keys.hours, site),
    )


def _strip(road: _Road) -> BaseGeometry:
    """The ground along a line, in degrees; near enough for some hundred metres off the poles."""
    east = math.cos(math.radians(road.path[0][1]))
    flat = shapely.LineString([(lon * east, lat) for lon, lat in road.path])
    wide = flat.buffer(road.width_m / 2 / _METRES_A_DEGREE)
    return shapely.transform(wide, lambda at: at / (east, 1.0))


def _hours(
    folder: Folder, file: str, lines: Lines, at: tuple[str | int, ...], text: str | None, site: Site
) -> Hours | None:
    if text is None:
        return None
    try:
        return Hours(text, site.timezone, site.calendar)
    except BadHours as problem:
        folder.error(file, lines.of(at), str(problem), "write it as Mo-Fr 07:00-19:00")
        return None
