"""When packets came in, told from how long they had to be waited for. Real packets, handed out at set moments."""

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import pytest

from streams.camera_arrivals import arrivals
from streams.camera_clock import Arrival
from streams.errors import Frozen

PATIENCE_S = 0.3


def handed_out(clip: Path, waits_s: dict[int, float]) -> "Iterator[av.Packet[av.VideoStream]]":
    """The clip's packets at once, but waiting before some of them."""
    with av.open(str(clip)) as source:
        for i, packet in enumerate(source.demux(source.streams.video[0])):
            time.sleep(waits_s.get(i, 0.0))
            yield packet


def test_packets_out_of_a_buffer_are_dated_back_from_the_first_live_one(h264_clip: Path) -> None:
    began_s = time.monotonic()
    # Almost a picture's time: on a loaded machine reading out of a buffer may itself take milliseconds.
    received = list(arrivals(handed_out(h264_clip, {10: 0.036}), "cam-1", PATIENCE_S, live_wait_s=0.03))[:11]
    came = [arrival for _, arrival in received]
    assert [b.mono_s - a.mono_s for a, b in pairwise(came)] == pytest.approx([0.04] * 10, abs=2e-3)
    assert [b.unix_s - a.unix_s for a, b in pairwise(came)] == pytest.approx([0.04] * 10, abs=2e-3)
    assert came[-1].mono_s == pytest.approx(began_s + 0.036, abs=0.2)


def test_a_consumer_that_takes_its_time_makes_no_camera_frozen(h264_clip: Path) -> None:
    count = 0
    for _ in arrivals(handed_out(h264_clip, {1: 0.02}), "cam-1", PATIENCE_S):
        count += 1
        if count in (5, 10):
            time.sleep(PATIENCE_S * 1.2)
    assert count == 25


def test_silence_ends_the_stream_and_the_picture_held_meanwhile_is_dated_back(h264_clip: Path) -> None:
    came: list[Arrival] = []
    with pytest.raises(Frozen, match="cam-1: no picture for 0 s; check the camera"):
        for _, arrival in arrivals(handed_out(h264_clip, {3: 0.02, 8: PATIENCE_S}), "cam-1", PATIENCE_S):
            came.append(arrival)
    assert len(came) == 9
    assert came[8].mono_s - came[7].mono_s == pytest.approx(0.04, abs=1e-6)


def test_a_stream_that_ends_within_the_buffer_loses_no_packet(h264_clip: Path) -> None:
    assert len(list(arrivals(handed_out(h264_clip, {}), "cam-1", PATIENCE_S))) == 25
