"""Pixels of moving cameras to places: the real clip against its corners, rendered oblique views against their truth."""

import math
import re

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from streams.gcj02 import to_gcj02, to_wgs84
from streams.geo import BeyondHorizon, GeoPoint, LocalPlane
from streams.lens import Lens, aircraft
from streams.pose import CameraPose, pose_of
from streams.telemetry.dji_srt import read_dji_srt
from streams.telemetry.route import Route
from streams.telemetry.track import Angles, Flaw, Sample, distance_m
from streams.terrain import Terrain, UnusableTerrain
from tests.conftest import SHARED

CORNERS = SHARED / "data" / "footage" / "drone_nadir_city_1080p.corners.html"
DEM = SHARED / "data" / "telemetry" / "dem_cobb.tif"
SIZE_PX = (1920, 1080)
XIAMEN = GeoPoint(24.48, 118.09)

# Corners of roofs, kerb noses, ends of road markings and islands that a person picked in the clip's first picture.
MARKS_PX = (
    (857, 224), (924, 232), (476, 491), (1228, 137), (1332, 143), (1399, 234), (1519, 440), (1601, 445), (1030, 862),
    (1335, 863), (1240, 955), (1326, 1026), (829, 529), (577, 1), (614, 101), (790, 88), (246, 568), (917, 852),
    (364, 855), (1383, 740),
)  # fmt: skip


def corners() -> list[GeoPoint]:
    """Places of the picture's corners, clockwise from the upper left."""
    text = CORNERS.read_text(encoding="utf-8")
    block = re.search(r'"coordinates":\s*\[(.*?)\]\s*\}', text, re.DOTALL)
    assert block is not None
    found = re.findall(r"\[([\d.]+),\s*([\d.]+)\]", block[1])
    return [GeoPoint(float(lat), float(lon)) for lon, lat in found]


def nadir_srt(focal_mm: float = 24.0) -> bytes:
    """The log of an aircraft that stood over the middle of those corners and looked straight down."""
    plane = LocalPlane.around(corners())
    east_north = plane.to_metres([(p.lat, p.lon) for p in corners()])
    right = (east_north[1] + east_north[2] - east_north[0] - east_north[3]) / 2
    up = (east_north[0] + east_north[1] - east_north[2] - east_north[3]) / 2
    metres_px = (np.hypot(*right) / SIZE_PX[0] + np.hypot(*up) / SIZE_PX[1]) / 2
    height = metres_px * Lens.of_focal(focal_mm, SIZE_PX).focal_px
    yaw = math.degrees(math.atan2(up[0], up[1]))
    (lat, lon) = plane.to_degrees(east_north.mean(axis=0))[0]
    cue = (
        "{n}\n00:00:{a},000 --> 00:00:{b},000\n<font>FrameCnt: {n}, DiffTime: 1000ms\n2026-05-12 10:00:{a}.000\n"
        "[focal_len: {f:.2f}] [dzoom_ratio: 1.00] [latitude: {lat:.7f}] [longitude: {lon:.7f}] "
        "[rel_alt: {h:.3f} abs_alt: {h:.3f}] [gb_yaw: {yaw:.1f} gb_pitch: -90.0 gb_roll: 0.0] </font>\n\n"
    )
    rows = [
        cue.format(n=n + 1, a=f"{n:02d}", b=f"{n + 1:02d}", f=focal_mm, lat=lat, lon=lon, h=height, yaw=yaw)
        for n in range(8)
    ]
    return "".join(rows).encode()


@pytest.mark.skipif(not CORNERS.is_file(), reason="needs the drone clip's corners in ../shared")
def test_marks_of_the_nadir_clip_lie_where_its_corners_put_them() -> None:
    route = Route(read_dji_srt(CORNERS, nadir_srt()))
    sample = route.at(3.52)
    assert sample is not None
    pose = pose_of(sample, Lens.of_focal(24.0, SIZE_PX))
    assert isinstance(pose, CameraPose)
    plane = LocalPlane.around(corners())
    truth = cv2.getPerspectiveTransform(
        np.array([(0, 0), (1920, 0), (1920, 1080), (0, 1080)], np.float32),
        plane.to_metres([(p.lat, p.lon) for p in corners()]).astype(np.float32),
    )
    off = []
    for mark in MARKS_PX:
        east, north, w = truth @ np.array([*mark, 1.0])
        lat, lon = plane.to_degrees([(east / w, north / w)])[0]
        off.append(distance_m(pose.to_ground(mark).point, GeoPoint(float(lat), float(lon))))
    print(f"20 marks: median {np.median(off):.2f} m, worst {max(off):.2f} m")  # noqa: T201 - the figure is the point
    assert np.median(off) < 3.0
    assert max(off) < 10.0


def _camera(pose: CameraPose) -> NDArray[np.float64]:
    """Projection of east, north, up (metres from the pose's place) to pixels, shape (3, 4), by a camera that looks at a
    target: built without the code under test."""
    yaw, pitch = math.radians(pose.angles.yaw_deg), math.radians(pose.angles.pitch_deg)
    forward = np.array([math.cos(pitch) * math.sin(yaw), math.cos(pitch) * math.cos(yaw), math.sin(pitch)])
    level = np.array([math.cos(yaw), -math.sin(yaw), 0.0])
    down = np.cross(forward, level)
    roll = math.radians(pose.angles.roll_deg)
    right, below = (
        math.cos(roll) * level + math.sin(roll) * down,
        math.cos(roll) * down - math.sin(roll) * level,
    )
    axes = np.stack([right, below, forward])
    width, height = pose.lens.size_px
    inside = np.array([[pose.lens.focal_px, 0, width / 2], [0, pose.lens.focal_px, height / 2], [0, 0, 1.0]])
    matrix: NDArray[np.float64] = inside @ np.column_stack([axes, -axes @ np.array([0, 0, pose.height_m])])
    return matrix


def _pose(**changes: float) -> CameraPose:
    given = {"height": 80.0, "yaw": 30.0, "pitch": -40.0, "roll": 0.0, "focal": 1300.0} | changes
    angles = Angles(given["yaw"], given["pitch"], given["roll"])
    return CameraPose(XIAMEN, given["height"], angles, Lens(SIZE_PX, given["focal"]))


@pytest.mark.parametrize(
    ("yaw", "pitch", "roll"), [(0, -90, 0), (75, -90, 0), (10, -35, 0), (-120, -50, 4), (200, -20, -3)]
)
def test_a_spot_that_is_rendered_at_a_known_place_is_found_there(yaw: float, pitch: float, roll: float) -> None:
    pose = _pose(yaw=yaw, pitch=pitch, roll=roll)
    reach = 80 / math.tan(math.radians(-pitch)) if pitch > -89 else 0.0
    spot = np.array([reach * math.sin(math.radians(yaw)) + 6, reach * math.cos(math.radians(yaw)) - 4])
    # A ground picture of 200 m at 0.1 m a pixel with one disc, seen through the camera.
    ground = np.zeros((2000, 2000), np.uint8)
    cv2.circle(ground, (1060, 1040), 12, 255, -1)
    to_metres = np.array([[0.1, 0, spot[0] - 106], [0, -0.1, spot[1] + 104], [0, 0, 0], [0, 0, 1.0]])
    seen = cv2.warpPerspective(ground, _camera(pose) @ to_metres, SIZE_PX, flags=cv2.INTER_AREA)
    moments = cv2.moments(seen)
    assert moments["m00"] > 0
    place = pose.to_ground((moments["m10"] / moments["m00"] + 0.0, moments["m01"] / moments["m00"])).point
    east, north = LocalPlane(XIAMEN).to_metres([(place.lat, place.lon)])[0]
    assert math.hypot(east - spot[0], north - spot[1]) < 0.5


def test_the_95_percent_ellipse_of_oblique_views_holds_the_truth() -> None:
    dice = np.random.default_rng(7)
    held = total = 0
    for _ in range(400):
        true = _pose(
            height=dice.uniform(30, 120),
            yaw=dice.uniform(0, 360),
            pitch=dice.uniform(-70, -20),
            focal=dice.uniform(1100, 1900),
        )
        matrix = _camera(true)
        e = true.errors
        told = CameraPose(
            _moved(XIAMEN, dice.normal(0, e.place_m, 2)),
            true.height_m + dice.normal(0, math.hypot(e.height_m, e.height_share * true.height_m)),
            Angles(
                true.angles.yaw_deg + dice.normal(0, e.yaw_deg),
                true.angles.pitch_deg + dice.normal(0, e.pitch_deg),
                dice.normal(0, e.roll_deg),
            ),
            Lens(SIZE_PX, true.lens.focal_px * (1 + dice.normal(0, true.lens.error))),
        )
        mark = _mark_in_view(true, dice)
        if mark is None:
            continue
        x, y, w = matrix @ np.array([*mark, 0, 1.0])
        try:
            place = told.to_ground((x / w + dice.normal(0, e.pixel_px), y / w + dice.normal(0, e.pixel_px)))
        except BeyondHorizon:
            continue
        found = LocalPlane(XIAMEN).to_metres([(place.point.lat, place.point.lon)])[0]
        total += 1
        held += place.error.holds(mark[0] - found[0], mark[1] - found[1])
    print(f"{held} of {total} within the 95 % ellipse: {held / total:.3f}")  # noqa: T201 - the figure is the point
    assert total > 300
    assert held / total >= 0.93


def _moved(point: GeoPoint, east_north: NDArray[np.float64]) -> GeoPoint:
    lat, lon = LocalPlane(point).to_degrees(east_north)[0]
    return GeoPoint(float(lat), float(lon))


def _mark_in_view(pose: CameraPose, dice: np.random.Generator) -> NDArray[np.float64] | None:
    """A place on the ground that the true camera sees, by trial: independent of the way back from the pixel."""
    matrix = _camera(pose)
    for _ in range(200):
        mark = dice.uniform(-400, 400, 2)
        x, y, w = matrix @ np.array([*mark, 0, 1.0])
        if w > 0 and 0 <= x / w <= SIZE_PX[0] and 0 <= y / w <= SIZE_PX[1]:
            return mark
    return None


def test_above_the_horizon_there_is_no_place() -> None:
    pose = _pose(pitch=-10.0)
    for y in (0.0, 300.0, 400.0):
        with pytest.raises(BeyondHorizon):
            pose.to_ground((960.0, y))
    assert pose.to_ground((960.0, 1000.0)).distance_m < 300


def test_terrain_that_rises_brings_the_place_nearer() -> None:
    flat = Terrain(np.zeros((200, 200), np.float32), GeoPoint(24.49, 118.08), 0.0001, 0.0001)
    hill = np.zeros((200, 200), np.float32)
    hill[:90] = 30.0  # everything some 100 m north of the camera is 30 m higher
    hilly = Terrain(hill, GeoPoint(24.49, 118.08), 0.0001, 0.0001)
    pose = _pose(yaw=0.0, pitch=-20.0)
    far, near = (
        CameraPose(pose.point, pose.height_m, pose.angles, pose.lens, terrain=terrain).to_ground((960, 540)).distance_m
        for terrain in (flat, hilly)
    )
    assert far == pytest.approx(80 / math.tan(math.radians(20)), rel=1e-3)
    assert near == pytest.approx(50 / math.tan(math.radians(20)), rel=0.02)


@pytest.mark.skipif(not DEM.is_file(), reason="needs the terrain model in ../shared")
def test_a_real_terrain_model_gives_heights_of_its_ground_and_none_outside() -> None:
    terrain = Terrain.read(DEM)
    height = terrain.height_m(GeoPoint(33.9364, -84.5797))
    assert height is not None
    assert 161 <= height <= 552
    assert terrain.height_m(XIAMEN) is None
    with pytest.raises(UnusableTerrain, match="cannot be read"):
        Terrain.read(CORNERS)


def test_a_route_interpolates_between_samples_and_not_across_what_is_doubtful() -> None:
    def cue(n: int, lat: float, lon: float, yaw: float) -> str:
        return (
            f"{n}\n00:00:{n:02d},000 --> 00:00:{n + 1:02d},000\n[latitude: {lat:.6f}] [longitude: {lon:.6f}] "
            f"[rel_alt: {40 + n}.000 abs_alt: 1.000] [gb_yaw: {yaw:.1f} gb_pitch: -90.0 gb_roll: 0.0] </font>\n\n"
        )

    rows = [cue(0, 24.5, 118.1, 170), cue(1, 24.5001, 118.1, -170), cue(2, 0, 0, 0), cue(3, 24.5002, 118.1, 180)]
    rows += [cue(4, 48.85, 2.35, 180), cue(5, 24.5003, 118.1, 180), cue(20, 24.5004, 118.1, 180)]
    telemetry = read_dji_srt(CORNERS, "".join(rows).encode())
    assert [s.flaw for s in telemetry.samples] == [None, None, Flaw.NO_FIX, None, Flaw.JUMP, None, Flaw.GAP]
    route = Route(telemetry)
    half = route.at(0.5)
    assert half is not None
    assert half.point is not None
    assert half.gimbal is not None
    assert (half.point.lat, half.rel_alt_m) == pytest.approx((24.50005, 40.5))
    assert abs(half.gimbal.yaw_deg) == pytest.approx(180)
    assert [route.at(t) is None for t in (-5.0, 1.7, 2.0, 4.0, 12.0, 25.0)] == [True] * 6


def test_what_a_log_lacks_is_said_in_words() -> None:
    lens = Lens.of_aircraft("Mavic 3", SIZE_PX)
    assert pose_of(Sample(), lens) == "the log has no fix there"
    assert pose_of(Sample(point=XIAMEN), lens) == "the log has no relative altitude"
    assert pose_of(Sample(point=XIAMEN, rel_alt_m=50.0), lens) == "the log has no gimbal angles"


def test_the_data_sheet_and_the_focal_length_in_35_mm_terms_agree() -> None:
    for name, row in aircraft().items():
        by_sheet = Lens.of_aircraft(name, SIZE_PX).focal_px
        assert Lens.of_focal(row["focal_mm"], SIZE_PX).focal_px == pytest.approx(by_sheet, rel=0.06), name


def test_gcj02_agrees_with_the_published_example_and_comes_back_to_the_millimetre() -> None:
    # eviltransform's own test vectors: Shanghai, Shenzhen, Beijing.
    for wgs, gcj in (
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
    ):
        shown = to_gcj02(GeoPoint(*wgs))
        assert (shown.lat, shown.lon) == pytest.approx(gcj, abs=1e-6)
        assert distance_m(to_wgs84(shown), GeoPoint(*wgs)) < 1e-3
    london = GeoPoint(51.5, -0.12)
    assert to_gcj02(london) == london
