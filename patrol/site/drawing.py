"""From what a site says of a zone to a zone that rules can judge: kind, classes, hours, dates, outline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import shapely

from patrol.site.errors import SiteError
from patrol.site.lines import Lines
from patrol.site.lines import Path as KeyPath
from patrol.site.schema import PictureZone, ZoneKeys
from rules.calendar import Calendar
from rules.hours import BadHours, Hours
from rules.incident import Phase
from rules.kinds import ZoneKind
from rules.zone import Zone

_OUTSIDE_PX = 1.0
"""An outline drawn to the very edge may lie this far outside."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What all zones of a site are read with.

    Attributes:
        kinds: the table, the site's own rows included.
        classes: every class that a detector of the release can find.
        timezone, calendar: for hours.
    """

    kinds: Mapping[str, ZoneKind]
    classes: frozenset[str]
    timezone: ZoneInfo
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in the site folder a zone is written."""

    file: str
    lines: Lines
    path: KeyPath

    def error(self, key: str, what: str, do: str) -> SiteError:
        """An error at one of its keys."""
        return SiteError(self.file, self.lines.of((*self.path, *([key] if key else []))), what, do)


def zone_of(keys: ZoneKeys, shape: Any, ground: Ground, spot: Spot) -> tuple[Zone | None, list[SiteError]]:
    """The zone, or what is wrong with what it says; `shape` None: its outline was found wrong already."""
    errors: list[SiteError] = []
    kind = ground.kinds.get(keys.kind)
    if kind is None:
        known = ", ".join(sorted(ground.kinds))
        errors.append(spot.error("kind", f"zone {keys.id}: unknown kind {keys.kind!r}", f"use one of {known}"))
    if unknown := sorted(set(keys.classes or ()) - ground.classes):
        what = f"zone {keys.id}: unknown class {', '.join(map(repr, unknown))}"
        errors.append(spot.error("classes", what, f"use some of {', '.join(sorted(ground.classes))}"))
    if keys.valid_from and keys.valid_to and keys.valid_to < keys.valid_from:
        what = f"zone {keys.id}: valid_to {keys.valid_to} is before valid_from {keys.valid_from}"
        errors.append(spot.error("valid_to", what, "exchange them"))
    if keys.max_stay_s is not None and kind is not None and not kind.permits:
        what = f"zone {keys.id}: max_stay_s is for permitted zones, {kind.name} forbids"
        errors.append(spot.error("max_stay_s", what, "write dwell_s instead"))
    try:
        hours = Hours(keys.hours, ground.timezone, ground.calendar)
    except BadHours as bad:
        what = f"zone {keys.id}: {bad}"
        errors.append(spot.error("hours", what, 'write it as OpenStreetMap does, "Mo-Fr 07:00-19:00; PH off"'))
    if errors or kind is None or shape is None:
        return None, errors
    return Zone(
        id=keys.id,
        kind=kind,
        shape=shape,
        hours=hours,
        classes=frozenset(keys.classes or kind.classes),
        dwell_s=kind.dwell_s if keys.dwell_s is None else keys.dwell_s,
        phase=Phase(keys.phase),
        valid_from=keys.valid_from,
        valid_to=keys.valid_to,
        legal_basis=keys.legal_basis,
        max_stay_s=keys.max_stay_s,
        remind_s=keys.remind_s,
    ), errors


def outline_on_picture(keys: PictureZone, size_px: tuple[int, int], spot: Spot) -> tuple[Any, list[SiteError]]:
    """The polygon in pixels, or what is wrong with it."""
    width, height = size_px
    for x, y in keys.polygon_px:
        if not (-_OUTSIDE_PX <= x <= width + _OUTSIDE_PX and -_OUTSIDE_PX <= y <= height + _OUTSIDE_PX):
            what = f"zone {keys.id}: point [{x:g}, {y:g}] lies outside the picture of {width} x {height} pixels"
            return None, [spot.error("polygon_px", what, "correct it, or size_px")]
    return sound_shape(lambda: shapely.Polygon(keys.polygon_px, keys.holes_px), keys.id, "polygon_px", spot)


def outline_on_map(geometry: Mapping[str, Any], zone_id: str, spot: Spot) -> tuple[Any, list[SiteError]]:
    """The polygon in degrees, or what is wrong with it."""
    shape, errors = sound_shape(lambda: shapely.geometry.shape(geometry), zone_id, "", spot)
    if shape is None:
        return None, errors
    west, south, east, north = shape.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        what = f"{zone_id}: coordinates lie outside of the world"
        return None, [spot.error("", what, "write longitude first, then latitude, in degrees of WGS 84")]
    return shape, []


def sound_shape(make: Any, zone_id: str, key: str, spot: Spot) -> tuple[Any, list[SiteError]]:
    """A shape that encloses something, or why it does not."""
    try:
        shape = shapely.force_2d(make())
    except (ValueError, TypeError, IndexError, shapely.errors.GEOSException) as error:
        return None, [spot.error(key, f"{zone_id}: no polygon: {error}", "write rings of three or more points")]
    if shape.is_empty or not shape.is_valid:
        why = "it is empty" if shape.is_empty else shapely.is_valid_reason(shape)
        return None, [spot.error(key, f"{zone_id}: not a polygon that encloses something: {why}", "redraw it")]
    return shape, []


def twice(named: Sequence[tuple[str, Spot]]) -> list[SiteError]:
    """An error for each zone id that an earlier zone has."""
    first: dict[str, Spot] = {}
    errors = []
    for zone_id, spot in named:
        if zone_id in first:
            there = f"{first[zone_id].file}:{first[zone_id].lines.of((*first[zone_id].path, 'id'))}"
            errors.append(
                spot.error("id", f"zone id {zone_id!r} is used twice, first in {there}", "rename one of them")
            )
        else:
            first[zone_id] = spot
    return errors
