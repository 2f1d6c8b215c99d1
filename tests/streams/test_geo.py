"""Pixels on the map: right where they are known, refused where they are not, with an error that holds."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streams.geo import BeyondHorizon, GeoPoint, Homography, LocalPlane
from streams.geo_checks import BadCalibration

XIAMEN = GeoPoint(24.4798, 118.0894)
SIZE_PX = (1920, 1080)


class PinholeCamera:
    """A camera over flat ground, the truth that calibrations are held to."""

    def __init__(self, height_m: float = 8.0, down_deg: float = 25.0, heading_deg: float = 40.0) -> None:
        down, heading = math.radians(down_deg), math.radians(heading_deg)
        forward = np.array([math.sin(heading) * math.cos(down), math.cos(heading) * math.cos(down), -math.sin(down)])
        right = np.array([math.cos(heading), -math.sin(heading), 0.0])
        self.rotation = np.stack([right, np.cross(forward, right), forward])
        self.place = np.array([0.0, 0.0, height_m])
        self.plane = LocalPlane(XIAMEN)

    def px(self, east_north: NDArray[np.float64]) -> NDArray[np.float64]:
        ground = np.column_stack([east_north, np.zeros(len(east_north))]) - self.place
        seen = ground @ self.rotation.T
        return np.asarray(seen[:, :2] / seen[:, 2:] * 1400 + np.array(SIZE_PX) / 2, np.float64)

    def ground(self, px: NDArray[np.float64]) -> NDArray[np.float64]:
        rays = np.column_stack([(px - np.array(SIZE_PX) / 2) / 1400, np.ones(len(px))]) @ self.rotation
        return np.asarray((rays * (-self.place[2] / rays[:, 2:]))[:, :2], np.float64)

    def points(self, px: NDArray[np.float64]) -> list[GeoPoint]:
        return [GeoPoint(lat, lon) for lat, lon in self.plane.to_degrees(self.ground(px))]


CORNERS = np.array(
    [[200.0, 900.0], [1700, 950], [1500, 400], [450, 380], [960, 600], [300, 640], [1650, 620], [900, 1000]]
)


def off_m(camera: PinholeCamera, homography: Homography, px: NDArray[np.float64]) -> NDArray[np.float64]:
    found = camera.plane.to_metres(homography.to_map_many(px))
    return np.asarray(np.linalg.norm(found - camera.ground(px), axis=1), np.float64)


@pytest.mark.parametrize("n", [4, 5, 8])
@pytest.mark.parametrize("heading_deg", [0, 40, 135, 270])
def test_exact_points_give_exact_places_everywhere_in_the_picture(n: int, heading_deg: float) -> None:
    camera = PinholeCamera(heading_deg=heading_deg)
    homography = Homography.fit(CORNERS[:n], camera.points(CORNERS[:n]))
    grid = np.stack(np.meshgrid(np.linspace(0, 1919, 9), np.linspace(300, 1079, 9)), axis=-1).reshape(-1, 2)
    assert off_m(camera, homography, grid).max() < 0.01
    back = homography.to_px_many(homography.to_map_many(grid))
    assert np.abs(back - grid).max() < 0.01


def test_four_points_say_that_nothing_checks_them() -> None:
    camera = PinholeCamera()
    four = Homography.fit(CORNERS[:4], camera.points(CORNERS[:4]))
    assert not four.residual_known
    assert four.left_out_m == ()
    assert four.rms_m == 0
    assert max(four.residuals_m) < 0.001
    five = Homography.fit(CORNERS[:5], camera.points(CORNERS[:5]))
    assert five.residual_known
    assert len(five.left_out_m) == 5
    assert four.error_m((960, 700)) > five.error_m((960, 700))


def test_the_stated_error_holds_for_noisy_points() -> None:
    camera = PinholeCamera()
    rng = np.random.default_rng(20261123)
    inside = np.array([[960.0, 700.0], [600, 800], [1300, 550], [700, 450]])
    within = 0
    for _ in range(50):
        clicked = CORNERS + rng.normal(0, 1.5, CORNERS.shape)
        homography = Homography.fit(clicked, camera.points(CORNERS), max_rms_m=5)
        boxed = inside + rng.normal(0, 1.5, inside.shape)
        found = camera.plane.to_metres(homography.to_map_many(boxed))
        off = np.linalg.norm(found - camera.ground(inside), axis=1)
        within += int((off <= homography.error_m_many(boxed)).sum())
    assert within >= 0.95 * 50 * len(inside)


def test_the_error_grows_with_distance_and_with_the_box() -> None:
    camera = PinholeCamera()
    homography = Homography.fit(CORNERS, camera.points(CORNERS))
    errors = homography.error_m_many([[960, 1000], [960, 700], [960, 400]])
    assert errors[0] < errors[1] < errors[2]
    assert homography.error_m((960, 700), box_error_px=6) > homography.error_m((960, 700))


def test_one_pixel_of_error_is_one_pixel_of_ground() -> None:
    camera = PinholeCamera()
    homography = Homography.fit(CORNERS, camera.points(CORNERS))
    at = np.array([960.0, 700.0])
    angles = np.linspace(0, 2 * math.pi, 64)
    around = at + np.column_stack([np.cos(angles), np.sin(angles)])
    reach = np.linalg.norm(camera.ground(around) - camera.ground(at[None]), axis=1).max()
    assert homography.error_m((960, 700), box_error_px=1) - homography.rms_m == pytest.approx(reach, rel=0.02)


def test_the_sky_is_no_place() -> None:
    camera = PinholeCamera(down_deg=10)
    homography = Homography.fit(CORNERS, camera.points(CORNERS))
    horizon_y = 540 - 1400 * math.tan(math.radians(10))
    pixels = np.array([[960, horizon_y - 5], [960, horizon_y + 5], [100, 10], [960, horizon_y]])
    places = homography.to_map_many(pixels)
    assert np.isnan(places[:, 0]).tolist() == [True, False, True, True]
    assert np.isnan(homography.error_m_many([[960, 10], [960, 900]])).tolist() == [True, False]
    for ask in (homography.to_map, homography.error_m):
        with pytest.raises(BeyondHorizon, match="above the horizon"):
            ask((960, 20))


def test_a_place_behind_the_camera_has_no_pixel() -> None:
    camera = PinholeCamera(heading_deg=0)
    homography = Homography.fit(CORNERS, camera.points(CORNERS))
    lat, lon = camera.plane.to_degrees([[0.0, -30.0]])[0]
    with pytest.raises(BeyondHorizon, match="behind the camera"):
        homography.to_px(GeoPoint(lat, lon))
    place = homography.to_map((960, 700))
    assert homography.to_px(place) == pytest.approx((960, 700), abs=0.01)


@pytest.mark.parametrize("n", [6, 8])
def test_one_wrong_point_is_refused_and_named(n: int) -> None:
    camera = PinholeCamera()
    for wrong in range(n):
        points = camera.points(CORNERS[:n])
        points[wrong] = GeoPoint(points[wrong].lat + 8 / 111_000, points[wrong].lon)
        with pytest.raises(BadCalibration, match=f"look at point {wrong + 1} first"):
            Homography.fit(CORNERS[:n], points)


def test_the_stated_error_covers_a_point_that_bends_the_map_to_itself() -> None:
    camera = PinholeCamera()
    points = camera.points(CORNERS)
    points[3] = GeoPoint(points[3].lat + 8 / 111_000, points[3].lon)
    bent = Homography.fit(CORNERS, points, max_rms_m=2)  # a lenient operator
    assert bent.residuals_m[3] < 0.5
    assert bent.error_m((450, 380)) > off_m(camera, bent, CORNERS[3:4])[0] > 7


def test_a_wrong_point_of_five_is_refused() -> None:
    camera = PinholeCamera()
    points = camera.points(CORNERS[:5])
    points[4] = GeoPoint(points[4].lat + 5 / 111_000, points[4].lon)
    with pytest.raises(BadCalibration, match="disagree by"):
        Homography.fit(CORNERS[:5], points)
    assert Homography.fit(CORNERS[:5], points, max_rms_m=50).rms_m > 1


def test_exchanged_latitude_and_longitude_come_out_mirrored() -> None:
    plane = LocalPlane(GeoPoint(24.48, 24.49))
    camera = PinholeCamera()
    places = plane.to_degrees(camera.ground(CORNERS))
    with pytest.raises(BadCalibration, match="mirrored"):
        Homography.fit(CORNERS, [GeoPoint(lon, lat) for lat, lon in places])


def test_two_exchanged_points_of_four_are_refused() -> None:
    points = PinholeCamera().points(CORNERS[:4])
    for i, j in ((0, 1), (1, 2), (0, 2), (2, 3)):
        swapped = list(points)
        swapped[i], swapped[j] = swapped[j], swapped[i]
        with pytest.raises(BadCalibration, match=r"mirrored|horizon"):
            Homography.fit(CORNERS[:4], swapped)


def test_points_on_one_line_are_refused() -> None:
    camera = PinholeCamera()
    line = np.column_stack([np.linspace(300, 1600, 6), np.linspace(900, 500, 6)])
    with pytest.raises(BadCalibration, match="one line"):
        Homography.fit(line, camera.points(line))
    line[2] = (400, 450)
    with pytest.raises(BadCalibration, match="all points but number 3"):
        Homography.fit(line, camera.points(line))
    three = np.array([[300.0, 900], [900, 700], [1500, 500], [400, 450]])
    with pytest.raises(BadCalibration, match="all points but number 4"):
        Homography.fit(three, camera.points(three))


def test_doubles_and_typing_errors_are_named() -> None:
    camera = PinholeCamera()
    points = camera.points(CORNERS)
    twice = CORNERS.copy()
    twice[5] = twice[1] + 0.3
    with pytest.raises(BadCalibration, match="points 2 and 6 have the same pixel"):
        Homography.fit(twice, points)
    with pytest.raises(BadCalibration, match="points 1 and 3 have the same place"):
        Homography.fit(CORNERS, [points[0], points[1], points[0], *points[3:]])
    with pytest.raises(BadCalibration, match="km from their centre"):
        Homography.fit(CORNERS, [GeoPoint(42.4798, 118.0894), *points[1:]])
    with pytest.raises(BadCalibration, match="four or more points are needed, got 3"):
        Homography.fit(CORNERS[:3], points[:3])
    with pytest.raises(BadCalibration, match=r"shape \(8, 2\)"):
        Homography.fit(CORNERS[:5], points)
    with pytest.raises(BadCalibration, match="finite"):
        Homography.fit(np.where(CORNERS == 960, np.nan, CORNERS), points)


@pytest.mark.parametrize(("lat", "lon"), [(91, 0), (-90.001, 0), (0, 180.5), (0, -181), (math.nan, 0), (0, math.inf)])
def test_a_place_off_the_globe_is_refused(lat: float, lon: float) -> None:
    with pytest.raises(ValueError, match="must be within"):
        GeoPoint(lat, lon)


@given(lat=st.floats(-80, 80), lon=st.floats(-180, 180), east=st.floats(-2000, 2000), north=st.floats(-2000, 2000))
@settings(max_examples=200, deadline=None)
def test_metres_and_degrees_go_both_ways_anywhere(lat: float, lon: float, east: float, north: float) -> None:
    plane = LocalPlane(GeoPoint(lat, lon))
    places = plane.to_degrees([[east, north]])
    assert np.abs(places[0, 1]) <= 180
    assert plane.to_metres(places)[0] == pytest.approx([east, north], abs=1e-4)


def test_a_degree_has_the_length_that_the_ellipsoid_gives_it() -> None:
    # Snyder, Map Projections, USGS 1395: a degree of latitude at 45 N is 111,132 m, one of longitude 78,847 m.
    metres = LocalPlane(GeoPoint(45, 10)).to_metres([[45.001, 10.001]])[0]
    assert metres == pytest.approx([78.847, 111.132], abs=0.01)


def test_points_across_the_date_line_stay_together() -> None:
    plane = LocalPlane.around([GeoPoint(-17.0, 179.999), GeoPoint(-17.0, -179.999)])
    assert abs(plane.origin.lon) == pytest.approx(180)
    assert np.abs(plane.to_metres([[-17.0, 179.999], [-17.0, -179.999]])).max() < 120
