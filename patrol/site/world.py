"""Zones of the map on the picture of a calibrated camera."""

import math
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from patrol.site.site import MapZone
from rules.zone import Zone, ZoneSource
from streams.geo import Homography

_FARTHEST_M = 500.0
"""Ground farther away than this is a few rows of pixels: no zone is judged there."""

_EDGE_STEPS = 32
_LEAST_AREA_PX = 16.0
_UNCHECKED_PX = 2.0
"""With four calibration points nothing measures the fit: a clicked point is this far off."""


def on_picture(drawn: MapZone, calibration: Homography, size_px: tuple[int, int]) -> Zone | None:
    """The part of a map zone that a camera sees, with the error of its line; None when it sees none of it.

    Only ground within the picture and below the horizon is projected: what lies behind a camera has no place in its
    picture, although the formula gives it one.
    """
    view = _ground_in_view(calibration, size_px)
    if view is None:
        return None
    ground = shapely.transform(drawn.zone.shape, lambda lon_lat: calibration.plane.to_metres(lon_lat[:, ::-1]))
    seen = ground.intersection(view)
    polygons = [part for part in shapely.get_parts(seen) if part.geom_type == "Polygon"]
    # Straight lines stay straight under a homography, so its corners are all there is to project.
    shape = shapely.transform(shapely.MultiPolygon(polygons), lambda metres: _to_px(calibration, metres))
    shape = shape.buffer(0) if not shape.is_valid else shape
    if shape.is_empty or shape.area < _LEAST_AREA_PX:
        return None
    centre = np.array(shapely.MultiPolygon(polygons).centroid.coords[0])
    return replace(drawn.zone, shape=shape, source=ZoneSource.MAP, error_px=_line_error_px(calibration, centre))


def _ground_in_view(calibration: Homography, size_px: tuple[int, int]) -> shapely.Polygon | None:
    width, height = size_px
    t = np.linspace(0, 1, _EDGE_STEPS, endpoint=False)
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
    border = np.concatenate([a + t[:, None] * (b - a) for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)])
    metres = calibration.plane.to_metres(calibration.to_map_many(border))
    near = np.isfinite(metres).all(axis=1) & (np.hypot(metres[:, 0], metres[:, 1]) <= _FARTHEST_M)
    if near.sum() < 3:
        return None
    return shapely.MultiPoint(metres[near]).convex_hull


def _to_px(calibration: Homography, metres: NDArray[np.float64]) -> NDArray[np.float64]:
    return calibration.to_px_many(calibration.plane.to_degrees(metres))


def _line_error_px(calibration: Homography, centre_m: NDArray[np.float64]) -> float:
    """How far the fit's error moves a line in the picture: the largest shift of the zone's centre, in any direction."""
    angles = np.linspace(0, 2 * math.pi, 8, endpoint=False)
    around = centre_m + calibration.rms_m * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    places = _to_px(calibration, np.vstack([centre_m, around]))
    moved = float(np.nanmax(np.hypot(*(places[1:] - places[0]).T)))
    return moved + (0.0 if calibration.residual_known else _UNCHECKED_PX)
