"""Tiles: things on seams come out once and whole, small things are seen that a shrunk picture loses."""

import itertools
from datetime import UTC, datetime

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detector.detections import Detections
from detector.overlap import iou
from detector.runtimes import choose
from detector.tiles import TiledDetector, merged, tiles_of
from detector.yolo import YoloDetector
from models.registry import Registry
from streams.clock import ClockSource, FrameClock
from streams.frame import Frame
from tests.conftest import SHARED

NOW = FrameClock(datetime(2026, 5, 12, tzinfo=UTC), ClockSource.FILE, 0.0, 0.0)


class BrightPatches:
    """A detector whose answer anybody can check: every bright patch is a `car`, surer the larger it is."""

    names, model, sha256 = ("car",), "patches 1", "0" * 64

    def detect(self, frame: Frame) -> Detections:
        """Bounding boxes of what is bright."""
        _, _, stats, _ = cv2.connectedComponentsWithStats((frame.luma() > 128).astype(np.uint8))
        boxes = stats[1:, :4].astype(np.float32)
        boxes[:, 2:] += boxes[:, :2]
        score = np.clip(stats[1:, 4] / 5000, 0.1, 0.99).astype(np.float32)
        return Detections(boxes, score, np.zeros(len(boxes), np.int64), self.names)


def picture(*boxes: tuple[int, int, int, int], size: tuple[int, int] = (1600, 1000)) -> Frame:
    rgb = np.zeros((size[1], size[0], 3), np.uint8)
    for left, top, right, bottom in boxes:
        rgb[top:bottom, left:right] = 255
    return Frame.from_rgb("drone", NOW, rgb)


@pytest.mark.parametrize("size", [(1920, 1080), (3840, 2160), (641, 640), (100, 50), (4000, 3000)])
@pytest.mark.parametrize("tile", [320, 640])
def test_tiles_cover_every_pixel_and_overlap(size: tuple[int, int], tile: int) -> None:
    covered = np.zeros((size[1], size[0]), np.uint8)
    for left, top, right, bottom in tiles_of(size, tile):
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]
        covered[top:bottom, left:right] += 1
    assert covered.min() >= 1
    starts = sorted({box[0] for box in tiles_of(size, tile)})
    assert all(b - a <= tile * 0.8 + 2 for a, b in itertools.pairwise(starts))


def test_things_anywhere_on_seams_come_out_once_and_whole() -> None:
    dice = np.random.default_rng(3)
    cells = [(x, y) for x in range(20, 1500, 120) for y in range(20, 900, 100)]
    things = []
    for x, y in cells:
        w, h = (int(v) for v in dice.integers(16, 60, 2))
        things.append((x, y, x + w, y + h))
    seen = TiledDetector(BrightPatches(), 400).detect(picture(*things))
    assert len(seen) == len(things)
    best = iou(np.array(things, np.float64), seen.xyxy.astype(np.float64)).max(axis=1)
    assert best.min() > 0.8


def test_what_is_larger_than_a_tile_is_seen_whole() -> None:
    seen = TiledDetector(BrightPatches(), 400).detect(picture((200, 100, 1300, 700)))
    assert len(seen) == 1
    assert seen.xyxy[0] == pytest.approx([200, 100, 1300, 700], abs=3)


def test_a_piece_is_never_preferred_to_the_whole_however_sure_it_is() -> None:
    def one(box: tuple[float, ...], score: float) -> Detections:
        return Detections(np.array([box], np.float32), np.array([score], np.float32), np.zeros(1, np.int64), ("car",))

    parts = [one((10, 10, 50, 30), 0.6), one((10, 10, 30, 30), 0.95)]
    cut = [np.array([False]), np.array([True])]
    seen = merged(parts, cut, ("car",))
    assert seen.xyxy.tolist() == [[10, 10, 50, 30]]


def test_a_person_in_front_of_a_car_stays() -> None:
    names = ("car", "person")
    part = Detections(
        np.array([(0, 0, 100, 60), (20, 10, 40, 60)], np.float32),
        np.array([0.9, 0.8], np.float32),
        np.array([0, 1], np.int64),
        names,
    )
    assert len(merged([part], [np.zeros(2, np.bool_)], names)) == 2


def test_tiles_see_the_vans_that_the_shrunk_picture_loses() -> None:
    clip = SHARED / "data" / "footage" / "campus_parked_van.mp4"
    if not clip.is_file():
        pytest.skip("needs the campus clip in ../shared")
    with av.open(str(clip)) as container:
        view = next(container.decode(video=0)).to_ndarray(format="rgb24")
    mosaic = np.ascontiguousarray(np.tile(view, (4, 4, 1))).astype(np.uint8)  # 3072 x 2304: one campus sixteen times
    frame = Frame.from_rgb("drone", NOW, mosaic)
    inner = YoloDetector.of(Registry.shipped().get("street-objects"), choose())
    shrunk, tiled = (_vans_found(d.detect(frame)) for d in (inner, TiledDetector(inner, 768)))
    print(f"vans of 16: {shrunk} in the shrunk picture, {tiled} in tiles")  # noqa: T201 - the figure is the point
    assert tiled >= 15
    assert tiled > shrunk


def _vans_found(seen: Detections) -> int:
    vans: NDArray[np.float64] = np.array(
        [(652 + 768 * x, 44 + 576 * y, 723 + 768 * x, 101 + 576 * y) for x in range(4) for y in range(4)], np.float64
    )
    vehicles = seen.where(np.isin(seen.class_names(), ["car", "truck", "bus"]))
    if not len(vehicles):
        return 0
    matched = iou(vans, vehicles.xyxy.astype(np.float64)) > 0.5
    assert (matched.sum(axis=1) <= 1).all(), "a van was reported twice"
    return int(matched.any(axis=1).sum())
