"""From a pixel of a moving camera to a place on the ground, with the error that its inputs leave.

The pixel's ray is turned by the camera's attitude and followed to the ground: flat at the height of take-off, or a
terrain model. Errors of position, height, angles, focal length and pixel are carried through by the derivative of
that (Jacobian, by central differences; JCGM 100:2008, section 5.1.2), which gives an ellipse on the ground.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from streams.attitude import rotation
from streams.geo import BeyondHorizon, GeoPoint, LocalPlane
from streams.lens import Lens
from streams.telemetry.track import Angles, Sample
from streams.terrain import Terrain

Floats = NDArray[np.float64]

CHI2_95 = 5.991
"""95 % of a normal distribution on a plane lie within this squared distance of its middle, in standard errors."""

LEAST_DEPRESSION_DEG = 5.0
"""Rays flatter than this hit the ground so far away that a degree of pitch decides where: they get no place."""

_FARTHEST_M = 3000.0
_MARCH_STEPS = 400


@dataclass(frozen=True, slots=True)
class PoseErrors:
    """Standard errors of a pose. Defaults are for a DJI aircraft in the open (data sheets: GPS hover accuracy 1.5 m,
    gimbal 0.1 degrees against its horizon sensor of half a degree, compass a few degrees); unverified.

    Attributes:
        place_m: north, and east, each.
        height_m, height_share: above the ground; the larger part of it is where the ground is flat only in the model.
        yaw_deg, pitch_deg, roll_deg: of the camera.
        pixel_px: of a detected box's foot, across and down, each.
    """

    place_m: float = 2.0
    height_m: float = 1.5
    height_share: float = 0.02
    yaw_deg: float = 2.5
    pitch_deg: float = 0.5
    roll_deg: float = 0.5
    pixel_px: float = 2.0


@dataclass(frozen=True, slots=True)
class Ellipse:
    """How far off a place may be.

    Attributes:
        major_m, minor_m: semi-axes that hold 95 %.
        bearing_deg: of the long axis, clockwise from north, 0 to 180.
        covariance: east-east, east-north, north-north, square metres.
    """

    major_m: float
    minor_m: float
    bearing_deg: float
    covariance: tuple[float, float, float]

    @classmethod
    def of(cls, covariance: Floats) -> "Ellipse":
        """The 95 % ellipse of a covariance, shape (2, 2), of east and north."""
        values, vectors = np.linalg.eigh(covariance)
        minor, major = np.sqrt(np.maximum(values, 0) * CHI2_95)
        east, north = vectors[:, 1]
        bearing = math.degrees(math.atan2(east, north)) % 180
        return cls(float(major), float(minor), bearing, tuple(float(covariance[i]) for i in ((0, 0), (0, 1), (1, 1))))  # type: ignore[arg-type]

    def holds(self, east_m: float, north_m: float) -> bool:
        """Whether a place that far east and north of the middle lies within it."""
        ee, en, nn = self.covariance
        off = np.array([east_m, north_m])
        return bool(off @ np.linalg.solve(np.array([[ee, en], [en, nn]]), off) <= CHI2_95)


@dataclass(frozen=True, slots=True)
class GroundPlace:
    """Where a pixel looks.

    Attributes:
        point: the place.
        error: 95 % ellipse around it.
        distance_m: from the point below the camera.
    """

    point: GeoPoint
    error: Ellipse
    distance_m: float


@dataclass(frozen=True, slots=True)
class CameraPose:
    """A camera in the air, or on a mast.

    Attributes:
        point: the place below it.
        height_m: above the place of take-off.
        angles: of the camera, from north and the horizon; straight down is a pitch of -90.
        lens: what its pixels mean.
        errors: of all this.
        terrain: None: the ground is flat at the height of `take_off`.
        take_off: where heights are counted from; None: below the camera.
    """

    point: GeoPoint
    height_m: float
    angles: Angles
    lens: Lens
    errors: PoseErrors = PoseErrors()
    terrain: Terrain | None = None
    take_off: GeoPoint | None = None

    def to_ground(self, px: tuple[float, float]) -> GroundPlace:
        """The place that a pixel shows, with its error.

        Raises:
            BeyondHorizon: the pixel is above the horizon, or so near below it that its place is anybody's guess.
        """
        east_north = self._hit(self._inputs(px), px)
        if self.depression_deg(px) < LEAST_DEPRESSION_DEG:
            raise BeyondHorizon(f"pixel {px[0]:.0f}, {px[1]:.0f} is at the horizon: it shows no place")
        lat, lon = LocalPlane(self.point).to_degrees(east_north)[0]
        return GroundPlace(GeoPoint(float(lat), float(lon)), self._error(px), float(np.hypot(*east_north)))

    def footprint(self) -> tuple[GeoPoint, ...]:
        """Corners of the ground in view, the far ones where the view reaches `LEAST_DEPRESSION_DEG`; empty: none."""
        width, height = self.lens.size_px
        corners = [(0, 0), (width, 0), (width, height), (0, height)]
        found = []
        for x, y in corners:
            for share in np.linspace(0, 1, 21):
                at = (float(x), float(y + share * (height - y)) if y == 0 else float(y))
                try:
                    found.append(self.to_ground(at).point)
                    break
                except BeyondHorizon:
                    continue
        return tuple(found)

    def _inputs(self, px: tuple[float, float]) -> Floats:
        """Everything with an error, in the order of `_deviations`."""
        a = self.angles
        return np.array([0, 0, self.height_m, a.yaw_deg, a.pitch_deg, a.roll_deg, self.lens.focal_px, *px], np.float64)

    def _deviations(self) -> Floats:
        e = self.errors
        height = math.hypot(e.height_m, e.height_share * self.height_m)
        focal = self.lens.error * self.lens.focal_px
        return np.array(
            [e.place_m, e.place_m, height, e.yaw_deg, e.pitch_deg, e.roll_deg, focal, e.pixel_px, e.pixel_px],
            np.float64,
        )

    def _error(self, px: tuple[float, float]) -> Ellipse:
        inputs, deviations = self._inputs(px), self._deviations()
        columns = []
        for n, deviation in enumerate(deviations):
            step = np.zeros(len(inputs))
            step[n] = deviation / 2
            columns.append(self._hit(inputs + step, px) - self._hit(inputs - step, px))
        jacobian = np.stack(columns, axis=1)
        return Ellipse.of(jacobian @ jacobian.T + 1e-6 * np.eye(2))

    def depression_deg(self, px: tuple[float, float]) -> float:
        """How far below level a pixel looks, degrees; negative above the horizon."""
        ray = rotation(self.angles.yaw_deg, self.angles.pitch_deg, self.angles.roll_deg) @ np.array(self.lens.ray(px))
        return math.degrees(math.asin(ray[2] / float(np.linalg.norm(ray))))

    def _hit(self, inputs: Floats, px: tuple[float, float]) -> Floats:
        """East and north, metres from `point`, at which the ray meets the ground."""
        east, north, height, yaw, pitch, roll, focal, x, y = (float(v) for v in inputs)
        ray = rotation(yaw, pitch, roll) @ np.array(replace(self.lens, focal_px=focal).ray((x, y)))
        if ray[2] <= 1e-3 * np.linalg.norm(ray):
            raise BeyondHorizon(f"pixel {px[0]:.0f}, {px[1]:.0f} is above the horizon: it shows no ground")
        start, along = np.array([east, north]), np.array([ray[1], ray[0]]) / ray[2]
        drop = height if self.terrain is None else self._drop_to_terrain(start, along, height)
        hit: Floats = start + along * drop
        if np.hypot(*(along * drop)) > _FARTHEST_M:
            raise BeyondHorizon(f"pixel {px[0]:.0f}, {px[1]:.0f} shows ground more than {_FARTHEST_M:.0f} m away")
        return hit

    def _drop_to_terrain(self, start: Floats, along: Floats, height: float) -> float:
        """How far below the camera the ray meets the ground first, metres; `along`: metres sideways a metre down."""
        assert self.terrain is not None  # noqa: S101 - only called with one
        plane = LocalPlane(self.point)
        zero = self.terrain.height_m(self.take_off or self.point)
        if zero is None:
            return height
        slope = float(np.hypot(*along))
        deepest = min(height + 500.0, _FARTHEST_M / max(slope, 1e-6))

        def above(drop: float) -> float:
            lat, lon = plane.to_degrees(start + along * drop)[0]
            ground = self.terrain.height_m(GeoPoint(float(lat), float(lon))) if self.terrain else None
            return height - drop - ((ground if ground is not None else zero) - zero)

        drops = np.linspace(0, deepest, _MARCH_STEPS)
        low = next((n for n, drop in enumerate(drops) if above(float(drop)) <= 0), None)
        if low is None:
            raise BeyondHorizon("the ray meets no ground of the terrain model")
        high_drop, low_drop = float(drops[max(0, low - 1)]), float(drops[low])
        for _ in range(24):
            middle = (high_drop + low_drop) / 2
            high_drop, low_drop = (middle, low_drop) if above(middle) > 0 else (high_drop, middle)
        return low_drop


def pose_of(
    sample: Sample,
    lens: Lens,
    *,
    step_m: float = 0.1,
    errors: PoseErrors | None = None,
    terrain: Terrain | None = None,
    take_off: GeoPoint | None = None,
) -> CameraPose | str:
    """The camera of a log's sample, or what the log lacks, in words.

    Args:
        step_m: in which the log writes places; a coarse one adds its own error.
    """
    if sample.point is None:
        return "the log has no fix there"
    if sample.rel_alt_m is None:
        return "the log has no relative altitude"
    if sample.rel_alt_m <= 1:
        return "the aircraft is on the ground"
    if sample.gimbal is None:
        return "the log has no gimbal angles"
    known = errors or PoseErrors()
    coarse = replace(known, place_m=math.hypot(known.place_m, step_m / math.sqrt(12)))
    return CameraPose(sample.point, sample.rel_alt_m, sample.gimbal, lens, coarse, terrain, take_off)


def overlap_share(one: Sequence[GeoPoint], other: Sequence[GeoPoint]) -> float:
    """How much of the smaller footprint both views share, 0 to 1."""
    import shapely

    if len(one) < 3 or len(other) < 3:
        return 0.0
    plane = LocalPlane.around(list(one))
    a, b = (shapely.MultiPoint(plane.to_metres([(p.lat, p.lon) for p in view])).convex_hull for view in (one, other))
    return float(a.intersection(b).area / max(min(a.area, b.area), 1e-9))
