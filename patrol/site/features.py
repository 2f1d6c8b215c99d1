"""The GeoJSON files of a site: zones and permits on the map, and the grid."""

from patrol.site.drawing import Ground, Spot, outline_on_map, zone_of
from patrol.site.errors import SiteError
from patrol.site.files import Folder
from patrol.site.schema import CellKeys, Feature, Model, ZoneKeys, read_as
from patrol.site.site import GridCell, MapZone


def map_zones(folder: Folder, name: str, ground: Ground, named: list[tuple[str, Spot]]) -> list[MapZone]:
    """The zones of zones.geojson or the permits of permits.geojson."""
    features, lines = folder.geojson(name)
    found = []
    for n, feature in enumerate(features):
        at = ("features", n)
        read, keys = _feature(folder, ZoneKeys, feature, Spot(name, lines, at))
        if read is None or keys is None:
            continue
        spot = Spot(name, lines, (*at, "properties"))
        named.append((keys.id, spot))
        outline = Spot(name, lines, (*at, "geometry"))
        shape, wrong = outline_on_map(read.geometry.model_dump(), f"zone {keys.id}", outline)
        zone, errors = zone_of(keys, shape, ground, spot)
        folder.errors += [*wrong, *errors]
        if name == "permits.geojson":
            folder.errors += _permit(keys, ground, spot)
        found += [MapZone(zone, name, lines.of(at))] if zone else []
    return found


def _feature(folder: Folder, model: type[Model], feature: object, spot: Spot) -> tuple[Feature | None, Model | None]:
    """A feature and its properties, each None where it cannot be read."""
    read, errors = read_as(Feature, feature, spot.file, spot.lines, spot.path)
    folder.errors += errors
    if read is None:
        return None, None
    keys, errors = read_as(model, read.properties, spot.file, spot.lines, (*spot.path, "properties"))
    folder.errors += errors
    return read, keys


def _permit(keys: ZoneKeys, ground: Ground, spot: Spot) -> list[SiteError]:
    errors = []
    kind = ground.kinds.get(keys.kind)
    if kind and not kind.permits:
        permits = ", ".join(sorted(k.name for k in ground.kinds.values() if k.permits))
        errors.append(
            spot.error("kind", f"permit {keys.id}: kind {keys.kind} permits nothing", f"use one of {permits}")
        )
    if keys.valid_from is None or keys.valid_to is None:
        what = f"permit {keys.id} has no dates"
        errors.append(spot.error("", what, "add valid_from and valid_to, as 2026-05-01"))
    return errors


def grid_cells(folder: Folder) -> list[GridCell]:
    """The cells of grid.geojson, each with the unit that answers for it."""
    name = "grid.geojson"
    features, lines = folder.geojson(name)
    found: dict[str, GridCell] = {}
    for n, feature in enumerate(features):
        at = ("features", n)
        read, keys = _feature(folder, CellKeys, feature, Spot(name, lines, at))
        if read is None or keys is None:
            continue
        if keys.id in found:
            line = lines.of((*at, "properties", "id"))
            folder.error(name, line, f"grid cell {keys.id!r} is listed twice", "remove one of them")
        spot = Spot(name, lines, (*at, "geometry"))
        shape, wrong = outline_on_map(read.geometry.model_dump(), f"grid cell {keys.id}", spot)
        folder.errors += wrong
        if shape is not None:
            found[keys.id] = GridCell(keys.id, keys.unit, keys.level, keys.parent, shape)
    return list(found.values())
