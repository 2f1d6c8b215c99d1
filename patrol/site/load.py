"""`load_site`: a site folder, read whole, checked whole; every error at once, each with file, line and what to do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from models.registry import Registry
from patrol.site.drawing import Ground, Spot, outline_on_picture, twice, zone_of
from patrol.site.errors import SiteError, SiteErrors
from patrol.site.evidence import facts_of, wrong_facts
from patrol.site.features import grid_cells, map_zones
from patrol.site.files import Folder
from patrol.site.head import read_calendar, read_head
from patrol.site.lines import Lines
from patrol.site.needs import detectors_needed, missing_models
from patrol.site.passwords import holds_password
from patrol.site.schema import CameraFile, PictureZone, read_as
from patrol.site.site import CameraSite, MapZone, Site, password_variable
from patrol.site.world import on_picture
from rules.zone import CameraRules, Zone
from streams.geo import GeoPoint, Homography
from streams.geo_checks import BadCalibration

_CAMERA_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class _Camera:
    """A camera file as read, before the map is drawn on it."""

    id: str
    keys: CameraFile
    calibration: Homography | None
    zones: tuple[Zone, ...]


def load_site(path: Path, registry: Registry | None = None) -> Site:
    """Read and check a site folder.

    Args:
        path: of the folder.
        registry: the models there are; None: those of this release.

    Raises:
        SiteErrors: it has errors; all of them are in it.
    """
    folder = Folder(path)
    registry = registry or Registry.shipped()
    head = read_head(folder, registry)
    keys, timezone = head.keys, head.timezone
    calendar = read_calendar(folder, keys.country if keys else "CN")
    classes = {name for entry in registry for name in entry.classes}
    classes |= {name for kind in head.kinds.values() for name in kind.classes}
    ground = Ground(head.kinds, frozenset(classes), timezone, calendar)
    named: list[tuple[str, Spot]] = []
    cameras = _cameras(folder, ground, named)
    on_map = [zone for file in ("zones.geojson", "permits.geojson") for zone in map_zones(folder, file, ground, named)]
    grid = grid_cells(folder)
    folder.errors += twice(named)
    if folder.errors or keys is None:
        raise SiteErrors(folder.path, folder.errors)
    sites = {camera.id: _on_camera(camera, on_map, folder.path, timezone) for camera in cameras}
    return Site(
        folder=folder.path,
        name=keys.name,
        timezone=timezone,
        country=keys.country,
        data=folder.path / (keys.data or "data"),
        detectors=tuple(keys.detectors or detectors_needed(sites, registry)),
        dispatch=head.dispatch,
        retention=head.retention,
        evidence=head.evidence,
        cameras=MappingProxyType(sites),
        map_zones=tuple(on_map),
        grid=tuple(grid),
        calendar=calendar,
        kinds=head.kinds,
        files_sha256=MappingProxyType(folder.files_sha256),
        digest=folder.digest(),
        notes=(*_notes(sites, on_map), *(() if keys.detectors else missing_models(sites, registry))),
    )


def _cameras(folder: Folder, ground: Ground, named: list[tuple[str, Spot]]) -> list[_Camera]:
    found = []
    files = sorted((folder.path / "cameras").glob("*.toml"))
    if not files:
        what = "the site has no camera"
        folder.error("cameras", 1, what, "write cameras/ID.toml with source and size_px")
    for file in files:
        camera = _camera(folder, f"cameras/{file.name}", file.stem, ground, named)
        if camera is not None:
            found.append(camera)
    return found


def _camera(folder: Folder, name: str, camera: str, ground: Ground, named: list[tuple[str, Spot]]) -> _Camera | None:
    read = folder.toml(name)
    if read is None:
        return None
    table, lines = read
    if not _CAMERA_ID.fullmatch(camera):
        folder.error(name, 1, f"{camera!r} is no camera id", "name the file with letters, digits, dots and dashes")
    keys, errors = read_as(CameraFile, table, name, lines)
    folder.errors += errors
    if keys is None:
        return None
    folder.errors += wrong_facts(keys, name, lines)
    if holds_password(keys.source):
        # The source is not repeated: what is wrong with it is that it holds a secret.
        do = f"take it out and set the environment variable {password_variable(camera)}"
        folder.error(name, lines.of(("source",)), "source holds a password", do)
    zones = _picture_zones(folder, Spot(name, lines, ()), keys, ground, named)
    return _Camera(camera, keys, _calibration(folder, name, lines, keys), zones)


def _picture_zones(
    folder: Folder, file: Spot, camera: CameraFile, ground: Ground, named: list[tuple[str, Spot]]
) -> tuple[Zone, ...]:
    size_px = camera.size_px[0], camera.size_px[1]
    zones = []
    for n, table in enumerate(camera.zones):
        spot = Spot(file.file, file.lines, ("zones", n))
        keys, errors = read_as(PictureZone, table, spot.file, spot.lines, spot.path)
        folder.errors += errors
        if keys is None:
            continue
        named.append((keys.id, spot))
        shape, wrong = outline_on_picture(keys, size_px, spot)
        zone, errors = zone_of(keys, shape, ground, spot)
        folder.errors += [*wrong, *errors]
        zones += [zone] if zone else []
    return tuple(zones)


def _calibration(folder: Folder, name: str, lines: Lines, keys: CameraFile) -> Homography | None:
    if not keys.calibration:
        return None
    try:
        return Homography.fit(
            [point.px for point in keys.calibration], [GeoPoint(p.lat, p.lon) for p in keys.calibration]
        )
    except BadCalibration as error:
        folder.error(name, lines.of(("calibration",)), f"calibration: {error}", "correct the points or remove them all")
        return None


def _on_camera(camera: _Camera, on_map: list[MapZone], folder: Path, timezone: ZoneInfo) -> CameraSite:
    source, size_px = camera.keys.source, (camera.keys.size_px[0], camera.keys.size_px[1])
    projected = [on_picture(drawn, camera.calibration, size_px) for drawn in on_map] if camera.calibration else []
    zones = (*camera.zones, *(zone for zone in projected if zone is not None))
    rules = CameraRules(camera.id, size_px, zones, timezone)
    source = source if "://" in source else str(folder / source)
    facts = facts_of(camera.keys)
    return CameraSite(camera.id, source, size_px, camera.calibration, rules, facts.reference_px, facts.approval)


def _notes(cameras: Mapping[str, CameraSite], on_map: list[MapZone]) -> list[SiteError]:
    notes = []
    seen = {zone.id for camera in cameras.values() for zone in camera.rules.zones}
    for drawn in on_map:
        if drawn.zone.id not in seen:
            what = f"zone {drawn.zone.id} lies in no calibrated camera's picture"
            notes.append(SiteError(drawn.file, drawn.line, what, "calibrate the camera that sees it"))
    return notes
