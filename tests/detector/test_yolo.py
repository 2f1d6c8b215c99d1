import threading

import numpy as np
import pytest
from numpy.typing import NDArray

from detector.detections import Detections
from detector.kinds import SAME_THING, groups
from detector.letterbox import Fit
from detector.yolo import MOST, YoloDetector, decode
from tests.detector.pictures import frame_of

NAMES = ("person", "car", "truck")
FIT = Fit.of((1280, 720), 640)  # twice as large as the input, 12 px of grey above and below


def head(*rows: tuple[float, ...]) -> NDArray[np.float32]:
    """Anchors as (cx, cy, w, h, person, car, truck) in input pixels, hidden among 500 that see nothing."""
    out = np.zeros((7, 500 + len(rows)), np.float32)
    out[:4] = 50.0
    out[:, 100 : 100 + len(rows)] = np.array(rows, np.float32).reshape(-1, 7).T
    return out


def decoded(raw: NDArray[np.float32], least: tuple[float, float, float] = (0.25, 0.25, 0.25)) -> Detections:
    return decode(raw, FIT, NAMES, np.array(least, np.float32), groups(NAMES))


def test_a_box_comes_back_in_pixels_of_the_picture() -> None:
    got = decoded(head((320, 192, 40, 20, 0.1, 0.8, 0.0)))
    np.testing.assert_allclose(got.xyxy, [[600, 340, 680, 380]], atol=1e-3)
    assert got.class_names() == ["car"]
    assert got.score[0] == pytest.approx(0.8)


def test_an_empty_street_gives_no_rows() -> None:
    assert len(decoded(head())) == 0


def test_each_class_has_its_own_threshold() -> None:
    raw = head((100, 100, 20, 20, 0.5, 0.0, 0.0), (300, 100, 20, 20, 0.0, 0.5, 0.0))
    assert decoded(raw, (0.6, 0.4, 0.9)).class_names() == ["car"]


def test_a_box_below_its_best_class_threshold_counts_as_the_next_class_that_reaches_its_own() -> None:
    assert decoded(head((100, 100, 20, 20, 0.0, 0.4, 0.5)), (0.25, 0.25, 0.6)).class_names() == ["car"]


def test_a_van_seen_as_car_and_as_truck_is_one_thing() -> None:
    raw = head((200, 150, 80, 60, 0.0, 0.5, 0.0), (201, 150, 80, 60, 0.0, 0.0, 0.7))
    assert decoded(raw).class_names() == ["truck"]


def test_a_driver_in_his_car_is_another_thing() -> None:
    raw = head((200, 150, 80, 60, 0.5, 0.0, 0.0), (201, 150, 80, 60, 0.0, 0.0, 0.7))
    assert decoded(raw).class_names() == ["truck", "person"]


def test_cars_side_by_side_stay_two() -> None:
    raw = head((200, 150, 80, 60, 0.0, 0.9, 0.0), (230, 150, 80, 60, 0.0, 0.8, 0.0))
    assert len(decoded(raw)) == 2


def test_boxes_are_cut_at_the_picture_and_those_outside_of_it_are_none() -> None:
    raw = head((0, 192, 40, 20, 0.9, 0.0, 0.0), (320, 4, 40, 8, 0.9, 0.0, 0.0))
    np.testing.assert_allclose(decoded(raw).xyxy, [[0, 340, 40, 380]], atol=1e-3)


def test_rows_that_are_no_numbers_are_dropped() -> None:
    raw = head((np.nan, 192, 40, 20, 0.9, 0.0, 0.0), (320, 192, np.inf, 20, 0.9, 0.0, 0.0), (9, 90, 9, 9, np.nan, 0, 0))
    assert len(decoded(raw)) == 0


def test_a_crowd_is_cut_at_the_most_that_is_kept_best_first() -> None:
    rows = [(20 + 30 * (i % 20), 20 + 15 * (i // 20), 10, 10, 0.3 + i / 1000, 0, 0) for i in range(400)]
    got = decoded(head(*rows))
    assert len(got) == MOST
    assert got.score[0] == pytest.approx(0.699)
    assert (np.diff(got.score) <= 0).all()


def test_a_head_of_another_model_is_refused_by_its_shape() -> None:
    with pytest.raises(ValueError, match=r"\(7, anchors\), got \(9, 10\)"):
        decoded(np.zeros((9, 10), np.float32))


def test_a_class_in_two_groups_is_refused() -> None:
    with pytest.raises(ValueError, match="one group"):
        groups(NAMES, (*SAME_THING, frozenset({"car"})))


class Answers:
    """A runtime that gives one raw head whatever it sees, and remembers the shape of what it saw."""

    def __init__(self, raw: NDArray[np.float32]) -> None:
        self.raw, self.seen = raw[None], set[tuple[int, ...]]()

    def infer(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.seen.add(images.shape)
        return self.raw


def detector(runtime: Answers, thresholds: dict[str, float]) -> YoloDetector:
    return YoloDetector(
        b"",
        lambda _: runtime,
        name="street-test",
        version="2.1.0",
        sha256="ab" * 32,
        classes=NAMES,
        thresholds=thresholds,
        input_size=640,
    )


def test_pictures_of_two_sizes_each_get_their_rectangle() -> None:
    runtime = Answers(head((320, 192, 40, 20, 0.1, 0.8, 0.0)))
    found = detector(runtime, dict.fromkeys(NAMES, 0.25))
    wide = found.detect(frame_of(np.zeros((360, 640, 3), np.uint8)))
    found.detect(frame_of(np.zeros((480, 640, 3), np.uint8)))
    assert runtime.seen == {(1, 384, 640, 3), (1, 480, 640, 3)}
    np.testing.assert_allclose(wide.xyxy, [[300, 170, 340, 190]], atol=1e-3)
    assert (found.model, found.sha256, found.names) == ("street-test 2.1.0", "ab" * 32, NAMES)


def test_threads_do_not_share_their_buffers() -> None:
    found = detector(Answers(head((320, 192, 40, 20, 0.1, 0.8, 0.0))), dict.fromkeys(NAMES, 0.25))
    boxes = {id(found._letterbox((640, 360)))}
    thread = threading.Thread(target=lambda: boxes.add(id(found._letterbox((640, 360)))))
    thread.start()
    thread.join()
    assert len(boxes) == 2
    assert id(found._letterbox((640, 360))) in boxes


def test_a_class_without_a_threshold_is_named() -> None:
    with pytest.raises(ValueError, match="truck"):
        detector(Answers(head()), {"person": 0.3, "car": 0.3})
    with pytest.raises(ValueError, match="above 0"):
        detector(Answers(head()), {"person": 0.3, "car": 0.3, "truck": 0.0})
