"""Which pictures are looked at."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from streams.cadence import Cadence, KeyFrames
from streams.clock import ClockSource, FrameClock
from streams.decode import key_picture
from streams.footage import Footage
from tests.patrol.chain import SAMPLE

BEGAN = datetime(2026, 5, 12, 2, 0, tzinfo=UTC)


def at(media_s: float) -> FrameClock:
    """The clock of a picture."""
    return FrameClock(BEGAN + timedelta(seconds=media_s), ClockSource.FILE, 0.0, media_s)


def looked_at(keys: KeyFrames, interval_s: float, count: int) -> list[float]:
    """Which of evenly spaced key frames are looked at."""
    chosen = []
    for n in range(count):
        clock = at(n * interval_s)
        keys.note(clock)
        if keys.due(clock):
            chosen.append(clock.media_s)
    return chosen


def test_looks_sit_on_a_grid_whatever_the_frame_rate() -> None:
    cadence = Cadence(5.0)
    assert [n for n in range(25) if cadence.due(at(n / 25))] == [0, 5, 10, 15, 20]


@pytest.mark.parametrize("interval_s", [0.04, 0.5, 1.0, 1.28, 2.0])
def test_a_patrol_looks_at_least_every_two_seconds(interval_s: float) -> None:
    chosen = looked_at(KeyFrames(), interval_s, 400)
    gaps = [b - a for a, b in pairwise(chosen)]
    assert max(gaps) <= 2.0 * 1.1
    assert max(gaps[2:]) + interval_s > 2.0, "more looks than are needed"


def test_where_key_frames_come_every_four_seconds_each_is_looked_at() -> None:
    assert looked_at(KeyFrames(), 4.0, 5) == [0.0, 4.0, 8.0, 12.0, 16.0]


def test_a_stream_that_sends_no_key_frame_for_long_is_no_patrol() -> None:
    keys = KeyFrames()
    assert not keys.rare(at(100.0)), "nothing is known before the first key frame"
    keys.note(at(100.0))
    assert not keys.rare(at(105.9))
    assert keys.rare(at(106.1))
    keys.note(at(110.0))
    assert keys.rare(at(110.1)), "the next one will be as late"
    keys.note(at(112.0))
    assert not keys.rare(at(112.1))


def test_a_glance_is_the_picture_of_its_key_frame_and_of_that_alone() -> None:
    packets = list(Footage(SAMPLE, camera="cam-1").packets())
    key = [packet for packet in packets if packet.is_key][3]
    frame = key_picture(key, camera="cam-1")
    assert frame is not None
    assert frame.is_key
    assert frame.clock == key.clock
    assert key_picture(next(p for p in packets if not p.is_key), camera="cam-1") is None
