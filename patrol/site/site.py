"""A site as the program uses it: checked values, no files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import shapely

from patrol.site.errors import SiteError
from rules.calendar import Calendar
from rules.engine import RULES_BUILT
from rules.kinds import ZoneKind
from rules.zone import CameraRules, Zone
from streams.geo import Homography

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class MapZone:
    """A zone as drawn on the map; each camera that sees it has its own `Zone` of it.

    Attributes:
        zone: with its shape in degrees, x east and y north (WGS 84), which no camera judges by.
        file, line: where it is written.
    """

    zone: Zone
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell of the grid and the unit that answers for it; its shape in degrees, x east and y north."""

    id: str
    unit: str
    level: int
    parent: str | None
    shape: shapely.Polygon | shapely.MultiPolygon


@dataclass(frozen=True, slots=True)
class DispatchTarget:
    """Where cases are posted.

    Attributes:
        name: unique in the site.
        kind: which driver.
        url: base address of the API.
        token_variable: the environment variable that holds the token.
        options: what its kind takes.
    """

    name: str
    kind: str
    url: str
    token_variable: str
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this box."""
        return urlsplit(self.url).hostname in _LOOPBACK


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days packets are kept, by the state that their case came to.

    Attributes:
        dismissed_days, closed_days: for every kind that `kinds` does not name.
        kinds: kind of incident to state to days.
    """

    dismissed_days: int
    closed_days: int = 1095
    kinds: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EvidenceSite:
    """Who vouches for the time, and how much room evidence may take.

    Attributes:
        tsa: address of the time-stamping authority; None: nothing is stamped.
        tsa_certificate: its certificate or of who issued it, PEM or DER; None: any authority's stamp is taken.
        quota_bytes: that packets may take together; None: all but the floor.
        free_floor_bytes: of the disk that evidence never takes.
    """

    tsa: str | None = None
    tsa_certificate: bytes | None = None
    quota_bytes: int | None = None
    free_floor_bytes: int = 512 << 20


@dataclass(frozen=True, slots=True)
class Approval:
    """What a camera must have before anybody is fined by what it saw.

    Attributes:
        number: of the approval.
        calibrated: day of its calibration.
        sign: whether a sign says that it watches.
        published: where its location was published.
    """

    number: str
    calibrated: date
    sign: bool
    published: str


@dataclass(frozen=True, slots=True)
class CameraSite:
    """One camera of the site.

    Attributes:
        id: name of its file.
        source: an address, without a password, or the absolute path of a file.
        size_px: width and height that pixel coordinates refer to.
        calibration: None where there are no calibration points.
        rules: its zones, map zones that it sees included.
        reference_px: box of a landmark that never moves; None where none was marked.
        approval: None where the camera has none: it serves clean-up only.
    """

    id: str
    source: str
    size_px: tuple[int, int]
    calibration: Homography | None
    rules: CameraRules
    reference_px: tuple[float, float, float, float] | None = None
    approval: Approval | None = None

    @property
    def is_network(self) -> bool:
        """Whether the source is an address and not a file."""
        return "://" in self.source

    @property
    def password_variable(self) -> str:
        """The environment variable that holds the camera's password."""
        return password_variable(self.id)


def password_variable(camera: str) -> str:
    """`cam-1` has its password in PATROL_CAMERA_CAM_1_PASSWORD."""
    return "PATROL_CAMERA_" + "".join(c if c.isalnum() else "_" for c in camera.upper()) + "_PASSWORD"


@dataclass(frozen=True, slots=True)
class Site:
    """A site folder that was read whole and found sound.

    Attributes:
        folder: absolute path.
        name: for people.
        timezone: in which hours and times are meant.
        country: ISO 3166 code.
        data: absolute path of the folder for everything the program writes.
        detectors: names in the models' registry.
        dispatch: where cases go; empty: to the site's own API.
        retention: how long things are kept.
        cameras: by id.
        map_zones: zones and permits as drawn on the map.
        grid: its cells.
        calendar: of the site, or the shipped seed.
        kinds: the table of zone kinds, the site's own included.
        files_sha256: of each file read, by path within the folder.
        digest: sha256 over the lines `HASH  PATH` of all files, sorted by path, as `sha256sum` prints them.
        notes: what is no error but should be known; shown by `patrol check`.
        evidence: who vouches for the time, and how much room evidence may take.
    """

    folder: Path
    name: str
    timezone: ZoneInfo
    country: str
    data: Path
    detectors: tuple[str, ...]
    dispatch: tuple[DispatchTarget, ...]
    retention: Retention
    cameras: Mapping[str, CameraSite]
    map_zones: tuple[MapZone, ...]
    grid: tuple[GridCell, ...]
    calendar: Calendar
    kinds: Mapping[str, ZoneKind]
    files_sha256: Mapping[str, str]
    digest: str
    notes: tuple[SiteError, ...] = ()
    evidence: EvidenceSite = field(default_factory=EvidenceSite)

    @property
    def zone_count(self) -> int:
        """Zones of all pictures and of the map, each counted once."""
        drawn = {zone.id for camera in self.cameras.values() for zone in camera.rules.zones}
        return len(drawn | {drawn_on_map.zone.id for drawn_on_map in self.map_zones})

    def unjudged_kinds(self) -> tuple[str, ...]:
        """Kinds of zones in the site that no rule judges yet."""
        kinds = {zone.kind for camera in self.cameras.values() for zone in camera.rules.zones}
        return tuple(sorted(kind.name for kind in kinds if not kind.permits and kind.rule not in RULES_BUILT))

    def unsure_hours(self, day: date) -> tuple[str, ...]:
        """Ids of zones whose hours need the day's type in a year for which the calendar has no data."""
        if self.calendar.knows(day):
            return ()
        zones = [zone for camera in self.cameras.values() for zone in camera.rules.zones]
        zones += [drawn.zone for drawn in self.map_zones]
        return tuple(sorted({zone.id for zone in zones if zone.hours.depends_on_day_type}))
