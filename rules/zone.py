"""A zone as it lies on one camera's picture, and which part of a thing must be in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from numpy.typing import NDArray

from detector.observation import Box
from rules.boxes import footprint, ground_point
from rules.hours import Hours
from rules.incident import Phase
from rules.kinds import ZoneKind

FOOTPRINT_CLASSES: Mapping[str, float] = MappingProxyType({"garbage": 0.35, "overflow": 0.35, "vendor_stall": 0.15})
"""Things that lie rather than stand on a point: half of their footprint must be in the zone.

The share is how much of the box's height the footprint takes: a heap is flat, a stall is tall under its parasol.
"""

FOOTPRINT_SHARE = 0.5


class ZoneSource(StrEnum):
    """Where a zone was drawn."""

    PICTURE = "picture"
    MAP = "map"


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone of one camera.

    Attributes:
        id: unique within a site.
        kind: the row of the table it is judged by.
        shape: shapely Polygon or MultiPolygon, holes allowed, in pixels of the camera's `size_px`.
        hours: when it holds.
        classes: the detector's classes it is about.
        dwell_s: the stay that makes a violation, seconds.
        phase: how much weight its verdicts carry.
        valid_from, valid_to: first and last day in the site's timezone, None: open.
        legal_basis: what it rests on, for the packet.
        source: drawn on the picture or on the map.
        remind_s: how long a reminder comes before the case, seconds: the stay is told after `dwell_s` and a case only
            if it goes on for so much longer; 0: no reminder.
        max_stay_s: of a permitted zone: how long it allows a thing to stand, seconds (a loading bay); None: no limit.
        error_px: how far its line may lie from where it is drawn, pixels; 0 for zones of the picture.

    Raises:
        ValueError: no polygon, an invalid or empty one, no class, or a negative figure.
    """

    id: str
    kind: ZoneKind
    shape: shapely.Polygon | shapely.MultiPolygon
    hours: Hours
    classes: frozenset[str]
    dwell_s: float
    phase: Phase = Phase.LIVE
    valid_from: date | None = None
    valid_to: date | None = None
    legal_basis: str = ""
    source: ZoneSource = ZoneSource.PICTURE
    error_px: float = 0.0
    max_stay_s: float | None = None
    remind_s: float = 0.0

    def __post_init__(self) -> None:
        if self.shape.geom_type not in ("Polygon", "MultiPolygon"):
            raise ValueError(f"zone {self.id}: shape must be a Polygon or MultiPolygon, got {self.shape.geom_type}")
        if self.shape.is_empty or not self.shape.is_valid:
            wrong = "the shape is empty" if self.shape.is_empty else shapely.is_valid_reason(self.shape)
            raise ValueError(f"zone {self.id}: {wrong}")
        if not self.classes:
            raise ValueError(f"zone {self.id}: needs at least one class, got none")
        if not (0 <= self.dwell_s < float("inf") and 0 <= self.error_px < float("inf")):
            raise ValueError(f"zone {self.id}: dwell_s and error_px must be 0 or more and finite")
        if not 0 <= self.remind_s < float("inf"):
            raise ValueError(f"zone {self.id}: remind_s must be 0 or more and finite, got {self.remind_s}")
        if self.max_stay_s is not None and not (self.kind.permits and 0 < self.max_stay_s < float("inf")):
            raise ValueError(f"zone {self.id}: max_stay_s is for permitted zones, and above 0, got {self.max_stay_s}")
        shapely.prepare(self.shape)

    def holds_at(self, moment: datetime) -> bool | None:
        """Whether dates and hours hold at an aware moment; None when the calendar cannot say."""
        day = moment.astimezone(self.hours.timezone).date()
        if (self.valid_from and day < self.valid_from) or (self.valid_to and day > self.valid_to):
            return False
        return self.hours.at(moment)

    def contains(self, box: Box, class_name: str) -> bool:
        """Whether the part of the thing that counts for its class lies in the zone."""
        if class_name not in FOOTPRINT_CLASSES:
            return bool(shapely.contains_xy(self.shape, *ground_point(box)))
        ground = shapely.box(*footprint(box, FOOTPRINT_CLASSES[class_name]))
        return bool(self.shape.intersection(ground).area >= FOOTPRINT_SHARE * ground.area)

    def near_line(self, box: Box) -> bool:
        """Whether the ground point is so near the zone's line that its error decides on which side it lies."""
        if not self.error_px:
            return False
        return bool(self.shape.boundary.distance(shapely.Point(ground_point(box))) <= self.error_px)

    def as_drawn(self) -> Mapping[str, object]:
        """The zone as JSON values, for the packet and the trace."""
        return {
            "id": self.id,
            "kind": self.kind.name,
            "polygon_px": shapely.geometry.mapping(self.shape),
            "hours": self.hours.expression,
            "classes": sorted(self.classes),
            "dwell_s": self.dwell_s,
            "phase": self.phase.value,
            "valid_from": self.valid_from and self.valid_from.isoformat(),
            "valid_to": self.valid_to and self.valid_to.isoformat(),
            "legal_basis": self.legal_basis,
            "source": self.source.value,
            "error_px": round(self.error_px, 2),
        }


class ZoneSet:
    """Zones asked together: 200 zones and 100 things take a quarter of a millisecond."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self.zones = tuple(zones)
        self._shapes = np.array([zone.shape for zone in zones], dtype=object)
        self._bounds = shapely.bounds(self._shapes).reshape(-1, 4)

    def containing(self, boxes: NDArray[np.float64], class_names: Sequence[str]) -> list[tuple[Zone, ...]]:
        """The zones that each box, shape (N, 4), lies in by the point or footprint of its class, in the set's order.

        Classes a zone is not about do not matter here: `Zone.classes` says them.
        """
        found: list[list[Zone]] = [[] for _ in class_names]
        if not self.zones or not class_names:
            return [() for _ in class_names]
        near = _boxes_touch(self._bounds, _ground_boxes(boxes, class_names))
        which, thing = np.nonzero(near)
        x, y = (boxes[thing, 0] + boxes[thing, 2]) / 2, boxes[thing, 3]
        inside = shapely.contains_xy(self._shapes[which], x, y)
        for zone_at, thing_at, point_in in zip(which.tolist(), thing.tolist(), inside.tolist(), strict=True):
            zone, name = self.zones[zone_at], class_names[thing_at]
            left, top, right, bottom = (float(v) for v in boxes[thing_at])
            lies_in = zone.contains((left, top, right, bottom), name) if name in FOOTPRINT_CLASSES else point_in
            if lies_in:
                found[thing_at].append(zone)
        return [tuple(zones) for zones in found]


def _ground_boxes(boxes: NDArray[np.float64], class_names: Sequence[str]) -> NDArray[np.float64]:
    """What of each box can count, as boxes: its ground point, or all of it for things that lie."""
    lies = np.array([name in FOOTPRINT_CLASSES for name in class_names])[:, None]
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]
    return np.where(lies, boxes, np.stack([x, y, x, y], axis=1))


def _boxes_touch(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Shape (len(a), len(b)): a cheap no for most pairs, so that only the rest is asked exactly."""
    touch: NDArray[np.bool_] = (
        (a[:, None, 0] <= b[None, :, 2])
        & (a[:, None, 2] >= b[None, :, 0])
        & (a[:, None, 1] <= b[None, :, 3])
        & (a[:, None, 3] >= b[None, :, 1])
    )
    return touch


@dataclass(frozen=True, slots=True)
class CameraRules:
    """What rules know of one camera.

    Attributes:
        camera: its id.
        size_px: width and height that all pixel coordinates refer to.
        zones: in the order of the site; where several hold, the first one judges.
        timezone: of the site, in which times are told.
    """

    camera: str
    size_px: tuple[int, int]
    zones: tuple[Zone, ...]
    timezone: ZoneInfo
