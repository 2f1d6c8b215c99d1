"""Stills show their moments, and nothing is invented for a moment that was not seen."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from evidence.stills import FAR, NEAR, scaled, take
from tests.evidence.camera import number_of, record


def rgb(jpeg: bytes) -> NDArray[np.uint8]:
    """The pixels of a JPEG, (H, W, 3)."""
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
    return np.asarray(decoded, np.uint8)


def test_each_still_is_the_picture_of_its_moment() -> None:
    packets = record(pictures=100, b_frames=2)
    stills = take(packets, {"arrival": 0.4, "middle": 2.0, "verdict": 3.6}, (80, 80, 200, 180), (320, 240), "cam-1")
    assert [(s.moment, s.view) for s in stills.taken] == [
        (moment, view) for moment in ("arrival", "middle", "verdict") for view in (FAR, NEAR)
    ]
    assert [number_of(rgb(s.jpeg)) for s in stills.taken if s.view == FAR] == [10, 50, 90]
    assert [s.clock.media_s for s in stills.taken if s.view == FAR] == pytest.approx([0.4, 2.0, 3.6])
    assert stills.missing == ()


def test_the_near_picture_is_the_box_with_a_margin_at_full_resolution() -> None:
    # Boxes are given for a picture of 160x120; the stream's own pictures are twice as large.
    stills = take(record(pictures=5), {"verdict": 0.08}, (40, 40, 100, 90), (160, 120), "cam-1")
    far, near = stills.taken
    assert [*far.box_px] == [80, 80, 200, 180]
    assert [*near.size_px] == [120 + 2 * 36 + 1, 100 + 2 * 36 + 1]
    left, top = far.box_px[0] - near.box_px[0], far.box_px[1] - near.box_px[1]
    whole = rgb(far.jpeg)[int(top) : int(top) + near.size_px[1], int(left) : int(left) + near.size_px[0]]
    assert np.abs(whole.astype(int) - rgb(near.jpeg).astype(int)).mean() < 3


def test_a_box_at_the_edge_is_cut_there() -> None:
    stills = take(record(pictures=5), {"verdict": 0.08}, (-20, 200, 60, 300), (320, 240), "cam-1")
    near = stills.taken[1]
    assert near.view == NEAR
    assert near.size_px == (60 + 30 + 1, 240 - 170)
    assert near.box_px == (-20, 30, 60, 130)


def test_a_box_outside_the_picture_has_no_near_picture() -> None:
    stills = take(record(pictures=5), {"verdict": 0.08}, (900, 900, 950, 950), (320, 240), "cam-1")
    assert [s.view for s in stills.taken] == [FAR]
    assert "outside the picture" in stills.missing[0].en


def test_a_moment_that_was_not_recorded_is_said_not_invented() -> None:
    stills = take(
        record(pictures=50, start_s=10.0), {"arrival": 4.0, "verdict": 11.0}, (80, 80, 99, 99), (320, 240), "c"
    )
    assert [s.moment for s in stills.taken] == ["verdict", "verdict"]
    assert [(m.moment, m.view) for m in stills.missing] == [("arrival", FAR), ("arrival", NEAR)]
    assert "6.0 s later" in stills.missing[0].en
    assert "6.0" in stills.missing[0].zh


def test_packets_without_a_key_frame_give_no_stills() -> None:
    stills = take(record(pictures=20)[1:], {"arrival": 0.2}, (80, 80, 99, 99), (320, 240), "cam-1")
    assert stills.taken == ()
    assert {m.view for m in stills.missing} == {FAR, NEAR}


def test_boxes_scale_with_the_picture() -> None:
    assert scaled((10, 20, 30, 40), (100, 100), (200, 50)) == (20, 10, 60, 20)
