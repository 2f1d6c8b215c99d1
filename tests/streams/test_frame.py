"""A frame gives its pixels as they are, whatever the decoder's layout."""

from datetime import UTC, datetime

import av
import numpy as np
import pytest

from streams.clock import ClockSource, FrameClock
from streams.frame import Frame
from tests.streams.clips import number_of, picture

CLOCK = FrameClock(datetime(2026, 3, 4, tzinfo=UTC), ClockSource.FILE, 1.0, 0.0)


def test_a_frame_from_rgb_gives_the_picture_back() -> None:
    frame = Frame.from_rgb("gate", CLOCK, picture(77))
    assert frame.size_px == (160, 128)
    assert frame.to_rgb().shape == (128, 160, 3)
    assert np.abs(frame.to_rgb().astype(int) - picture(77)).mean() < 4
    assert number_of(frame) == 77


@pytest.mark.parametrize("layout", ["yuv420p", "nv12", "gray", "rgb24", "yuv420p10le"])
def test_brightness_is_the_same_in_every_layout(layout: str) -> None:
    rgb = np.full((48, 70, 3), 255, np.uint8)
    rgb[:, :35] = 0
    made = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=layout)
    luma = Frame("gate", CLOCK, made).luma()
    assert luma.shape == (48, 70)
    assert luma.dtype == np.uint8
    assert luma[:, :30].max() <= 17
    assert luma[:, 40:].min() >= 234


def test_brightness_is_a_view_without_the_padding_of_the_rows() -> None:
    frame = Frame.from_rgb("gate", CLOCK, picture(1, (66, 64)))
    assert frame.picture.planes[0].line_size > 66
    assert frame.luma().shape == (64, 66)
    assert frame.luma().base is not None
