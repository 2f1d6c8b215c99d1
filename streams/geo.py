"""Places on the map and places in the picture, and what a calibration may claim.

A fixed camera that looks at flat ground maps to it by a homography: eight numbers, found from four or more points
whose place is known in both. The ground is measured in metres east and north of the points' centre, in which a
street scene is flat: over 1 km the error of doing so is about 0.1 m.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from streams.geo_checks import BadCalibration, check_fit, check_points, check_solution, left_out
from streams.geo_solve import Floats, distances, project, rms, solve

_A_M = 6_378_137.0  # WGS 84: semi-major axis
_E2 = 6.694_379_990_14e-3  # WGS 84: first eccentricity, squared
_FARTHEST_M = 100_000.0
BOX_ERROR_PX = 3.0
"""How far off the foot of a detected box is taken to be, pixels."""
UNCHECKED_ERROR_PX = 2.0
"""How far off a clicked calibration point is taken to be where nothing checks it (exactly four points), pixels."""


class BeyondHorizon(Exception):
    """A pixel that shows no ground, or a place that the camera cannot have in view."""


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """A place, WGS 84.

    Attributes:
        lat: degrees north, -90 to 90.
        lon: degrees east, -180 to 180.

    Raises:
        ValueError: out of range or not a number.
    """

    lat: float
    lon: float

    def __post_init__(self) -> None:
        if not -90 <= self.lat <= 90:
            raise ValueError(f"lat must be within -90 and 90 degrees, got {self.lat}")
        if not -180 <= self.lon <= 180:
            raise ValueError(f"lon must be within -180 and 180 degrees, got {self.lon}")


@dataclass(frozen=True, slots=True)
class LocalPlane:
    """Metres east and north of a place, good for a few kilometres around it.

    Metres a degree come from the radii of curvature of the WGS 84 ellipsoid at the origin, meridional for north and
    transverse for east (NGA.STND.0036, WGS 84, chapter 4).
    """

    origin: GeoPoint

    @classmethod
    def around(cls, points: Sequence[GeoPoint]) -> "LocalPlane":
        """The plane at the centre of some points; across the 180th meridian too."""
        first = points[0]
        lon = first.lon + sum(_turned(p.lon - first.lon) for p in points) / len(points)
        return cls(GeoPoint(sum(p.lat for p in points) / len(points), _turned(lon)))

    def _metres_a_degree(self) -> tuple[float, float]:
        phi = math.radians(self.origin.lat)
        w = math.sqrt(1 - _E2 * math.sin(phi) ** 2)
        east = _A_M / w * math.cos(phi)
        north = _A_M * (1 - _E2) / w**3
        return math.radians(1) * east, math.radians(1) * north

    def to_metres(self, lat_lon: ArrayLike) -> Floats:
        """East and north in metres, shape (N, 2), of latitudes and longitudes in degrees, shape (N, 2)."""
        places = np.asarray(lat_lon, np.float64).reshape(-1, 2)
        east, north = self._metres_a_degree()
        turned = (places[:, 1] - self.origin.lon + 180) % 360 - 180
        return np.column_stack([turned * east, (places[:, 0] - self.origin.lat) * north])

    def to_degrees(self, east_north: ArrayLike) -> Floats:
        """Latitudes and longitudes in degrees, shape (N, 2), of metres east and north, shape (N, 2)."""
        metres = np.asarray(east_north, np.float64).reshape(-1, 2)
        east, north = self._metres_a_degree()
        lon = self.origin.lon + metres[:, 0] / east
        return np.column_stack([self.origin.lat + metres[:, 1] / north, (lon + 180) % 360 - 180])


@dataclass(frozen=True, slots=True, eq=False)
class Homography:
    """Where on the ground a pixel looks, and how well that is known.

    Attributes:
        plane: in which the ground is measured.
        matrix: shape (3, 3), pixels to metres east and north, scaled so that the third coordinate is positive on
            ground that the camera sees and zero at its horizon.
        px: the calibration points, shape (N, 2), pixels.
        residuals_m: distance of each calibration point from where the fit puts it, metres.
        rms_m: root of the sum of their squares over N - 4, metres: the eight parameters use up four points, so a plain
            mean would flatter. 0 with four points.
        left_out_m: distance of each point from where a fit without it puts it, metres, NaN where the others do not
            determine one; empty with four points.
        residual_known: False with exactly four points: the residual is 0 by construction and says nothing.
    """

    plane: LocalPlane
    matrix: Floats
    px: Floats
    residuals_m: tuple[float, ...]
    rms_m: float
    left_out_m: tuple[float, ...]
    residual_known: bool

    @classmethod
    def fit(cls, px: ArrayLike, points: Sequence[GeoPoint], *, max_rms_m: float = 1.0) -> "Homography":
        """Calibrate from points whose pixel and place are both known.

        Args:
            px: pixels, shape (N, 2), N of 4 or more, x to the right and y down.
            points: where they are, in the same order.
            max_rms_m: a fit that is worse is refused.

        Raises:
            BadCalibration: too few points, doubles, points on one line, a mirrored or impossible solution, an rms
                above the limit, or one point that the others contradict; names the worst point.
        """
        pixels = np.asarray(px, np.float64)
        if pixels.shape != (len(points), 2):
            raise BadCalibration(f"px must have shape ({len(points)}, 2), one pixel a place, got {pixels.shape}")
        if len(points) < 4:
            raise BadCalibration(f"four or more points are needed, got {len(points)}")
        plane = LocalPlane.around(points)
        metres = plane.to_metres([(p.lat, p.lon) for p in points])
        check_points(pixels, metres)
        matrix = solve(pixels, metres)
        check_solution(matrix, pixels)
        residuals = distances(matrix, pixels, metres)
        spare = len(points) > 4
        left_out_m = left_out(pixels, metres) if spare else np.empty(0)
        check_fit(pixels, metres, residuals, left_out_m, max_rms_m)
        return cls(plane, matrix, pixels, _floats(residuals), rms(residuals), _floats(left_out_m), spare)

    def to_map(self, px: tuple[float, float]) -> GeoPoint:
        """The place on the ground that a pixel shows.

        Raises:
            BeyondHorizon: the pixel is at or above the horizon.
        """
        lat, lon = self.to_map_many([px])[0]
        if math.isnan(lat):
            raise BeyondHorizon(f"pixel {px[0]:.0f}, {px[1]:.0f} is above the horizon: it shows no ground")
        return GeoPoint(float(lat), float(lon))

    def to_map_many(self, px: ArrayLike) -> Floats:
        """Latitude and longitude, shape (N, 2), of pixels, shape (N, 2); NaN at and above the horizon."""
        metres = project(self.matrix, np.asarray(px, np.float64).reshape(-1, 2))
        places = self.plane.to_degrees(metres)
        # So close to the horizon that it is no place on Earth any more.
        places[~(np.abs(places[:, 0]) <= 90) | (np.abs(metres).max(axis=1) > _FARTHEST_M)] = np.nan
        return places

    def to_px(self, point: GeoPoint) -> tuple[float, float]:
        """The pixel that shows a place; it may lie outside the picture.

        Raises:
            BeyondHorizon: the place is behind the camera.
        """
        x, y = self.to_px_many([(point.lat, point.lon)])[0]
        if math.isnan(x):
            raise BeyondHorizon(f"{point.lat:.6f}, {point.lon:.6f} is behind the camera")
        return float(x), float(y)

    def to_px_many(self, lat_lon: ArrayLike) -> Floats:
        """Pixels, shape (N, 2), of latitudes and longitudes, shape (N, 2); NaN behind the camera."""
        inverse: Floats = np.linalg.inv(self.matrix).astype(np.float64)
        return project(inverse, self.plane.to_metres(lat_lon))

    def error_m(self, px: tuple[float, float], *, box_error_px: float = BOX_ERROR_PX) -> float:
        """How far off the place of a pixel may be, metres; see `error_m_many`.

        Raises:
            BeyondHorizon: the pixel is at or above the horizon.
        """
        error = float(self.error_m_many([px], box_error_px=box_error_px)[0])
        if math.isnan(error):
            raise BeyondHorizon(f"pixel {px[0]:.0f}, {px[1]:.0f} is above the horizon: it shows no ground")
        return error

    def error_m_many(self, px: ArrayLike, *, box_error_px: float = BOX_ERROR_PX) -> Floats:
        """How far off the places of pixels may be, metres, shape (N,); NaN at and above the horizon.

        The fit's error there, plus an error of `box_error_px` in the direction in which a pixel covers most ground (the
        larger singular value of the Jacobian). The fit's error is its rms, or what the points nearby were off when
        left out (mean by inverse squared distance in the picture), whichever is larger: a point that alone holds a
        corner bends the map to itself and leaves no residual. With four points nothing measures the fit:
        `UNCHECKED_ERROR_PX` more are assumed. Far outside the points a homography knows less than it says.
        """
        pixels = np.asarray(px, np.float64).reshape(-1, 2)
        metres = project(self.matrix, pixels)
        h = self.matrix
        w = pixels @ h[2, :2] + h[2, 2]
        jacobian = (h[None, :2, :2] - metres[:, :, None] * h[None, None, 2, :2]) / w[:, None, None]
        errors = np.full(len(pixels), np.nan)
        seen = ~np.isnan(metres[:, 0])
        wide = box_error_px + (0.0 if self.residual_known else UNCHECKED_ERROR_PX)
        if seen.any():
            errors[seen] = self._fit_error_m(pixels[seen]) + wide * np.linalg.norm(jacobian[seen], ord=2, axis=(1, 2))
        return errors

    def _fit_error_m(self, px: Floats) -> Floats:
        left_out_m = np.array(self.left_out_m)
        known = np.isfinite(left_out_m)
        if not known.any():
            return np.full(len(px), self.rms_m)
        apart = np.linalg.norm(px[:, None] - self.px[known][None], axis=2)
        weight = 1 / np.maximum(apart, 1.0) ** 2
        nearby: Floats = (weight * left_out_m[known]).sum(axis=1) / weight.sum(axis=1)
        return np.maximum(nearby, self.rms_m)


def _turned(lon: float) -> float:
    return (lon + 180) % 360 - 180


def _floats(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
