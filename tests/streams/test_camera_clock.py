"""The arithmetic of a live camera's time."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.camera_clock import ARRIVAL_ERROR_S, RTCP_ERROR_S, Arrival, CameraClock
from streams.clock import ClockSource, FrameClock

UNIX_S = 1_790_000_000.0
MONO_S = 5_000.0
STEP_S = 0.04


def arrivals(
    count: int, *, pts_s: float = 0.0, at_s: float = 0.0, late_s: float = 0.05, ahead_s: float | None = None
) -> Iterator[Arrival]:
    """A steady stream: taken from `at_s` on, come `late_s` later; a camera `ahead_s` of the box, or silent."""
    for i in range(count):
        taken_s = at_s + i * STEP_S
        named_s = None if ahead_s is None else UNIX_S + taken_s + ahead_s
        come_s = taken_s + late_s
        yield Arrival(pts_s + i * STEP_S, MONO_S + come_s, UNIX_S + come_s, named_s, reported=i % 25 == 0)


def stamps(clock: CameraClock, stream: Iterator[Arrival]) -> list[FrameClock]:
    return [clock.stamp(arrival) for arrival in stream]


def gaps(clocks: list[FrameClock]) -> list[float]:
    return [b.media_s - a.media_s for a, b in pairwise(clocks)]


def test_media_time_begins_at_the_unix_time_of_the_first_picture_and_follows_the_timestamps() -> None:
    clocks = stamps(CameraClock(), arrivals(100, pts_s=77.0))
    assert clocks[0].media_s == pytest.approx(UNIX_S + 0.05, abs=1e-6)
    assert gaps(clocks) == pytest.approx([STEP_S] * 99, abs=1e-6)


def test_a_camera_that_tells_its_time_is_believed_to_a_tenth_of_a_second() -> None:
    last = stamps(CameraClock(), arrivals(100, ahead_s=0.0))[-1]
    assert last.source is ClockSource.RTCP
    assert last.captured_at.timestamp() == pytest.approx(UNIX_S + 99 * STEP_S, abs=1e-5)
    assert RTCP_ERROR_S <= last.error_s < RTCP_ERROR_S + 0.001


def test_the_bound_grows_while_no_report_comes() -> None:
    clock = CameraClock()
    stream = [replace(arrival, reported=i == 0) for i, arrival in enumerate(arrivals(25 * 600, ahead_s=0.0))]
    assert stamps(clock, iter(stream))[-1].error_s == pytest.approx(RTCP_ERROR_S + 1e-4 * 600, rel=0.01)


def test_a_silent_camera_is_timed_by_arrival_and_the_bound_says_so() -> None:
    last = stamps(CameraClock(), arrivals(100))[-1]
    assert last.source is ClockSource.ARRIVAL
    assert last.error_s == ARRIVAL_ERROR_S
    assert last.captured_at.timestamp() == pytest.approx(UNIX_S + 99 * STEP_S + 0.05, abs=1e-5)


def test_a_picture_held_up_on_the_line_is_timed_as_if_it_had_come_fast() -> None:
    clock = CameraClock()
    stamps(clock, arrivals(50))
    held_up = next(arrivals(1, pts_s=50 * STEP_S, at_s=50 * STEP_S, late_s=2.0))
    assert clock.stamp(held_up).captured_at.timestamp() == pytest.approx(UNIX_S + 50 * STEP_S + 0.05, abs=1e-5)


@pytest.mark.parametrize("ahead_s", [3600.0, -3600.0, 0.9, -5.0])
def test_when_camera_and_box_disagree_the_bound_is_their_difference(ahead_s: float) -> None:
    clock = CameraClock()
    last = stamps(clock, arrivals(100, ahead_s=ahead_s))[-1]
    assert last.source is ClockSource.RTCP
    assert last.captured_at.timestamp() == pytest.approx(UNIX_S + 99 * STEP_S + ahead_s, abs=1e-5)
    assert last.error_s == pytest.approx(abs(ahead_s - 0.05), abs=1e-3)
    assert clock.camera_ahead_s == pytest.approx(ahead_s - 0.05, abs=1e-3)


def test_a_report_that_counts_from_the_cameras_own_start_is_no_wall_clock() -> None:
    last = stamps(CameraClock(), arrivals(10, ahead_s=-UNIX_S))[-1]
    assert last.source is ClockSource.ARRIVAL


def test_a_clock_set_by_an_hour_begins_a_new_epoch_and_moves_no_media_time() -> None:
    clock = CameraClock()
    before = stamps(clock, arrivals(50, ahead_s=0.0))
    after = stamps(clock, arrivals(50, pts_s=50 * STEP_S, at_s=50 * STEP_S, ahead_s=3600.0))
    assert {c.epoch for c in before} == {0}
    assert {c.epoch for c in after} == {1}
    assert gaps(before + after) == pytest.approx([STEP_S] * 99, abs=1e-6)


def test_a_clock_an_hour_off_after_a_reconnect_begins_a_new_epoch() -> None:
    clock = CameraClock()
    before = stamps(clock, arrivals(50, ahead_s=0.0))
    clock.begin_session()
    after = stamps(clock, arrivals(50, at_s=10.0, ahead_s=3600.0))
    assert (before[-1].epoch, after[0].epoch, after[-1].epoch) == (0, 1, 1)
    assert after[0].media_s - before[-1].media_s == pytest.approx(10.0 - 49 * STEP_S, abs=0.01)


@pytest.mark.parametrize("ahead_s", [None, 0.0, 3600.0])
def test_a_plain_reconnect_begins_no_epoch(ahead_s: float | None) -> None:
    clock = CameraClock()
    stamps(clock, arrivals(50, ahead_s=ahead_s))
    for again in range(1, 6):
        clock.begin_session()
        clocks = stamps(clock, arrivals(1, at_s=again * 20, late_s=0.5, ahead_s=ahead_s))
        clocks += stamps(clock, arrivals(50, pts_s=STEP_S, at_s=again * 20 + STEP_S, ahead_s=ahead_s))
        assert clocks[-1].epoch == 0


def test_the_boxs_clock_set_anew_begins_an_epoch_when_it_names_the_time() -> None:
    clock = CameraClock()
    stamps(clock, arrivals(50))
    stepped = [replace(a, unix_s=a.unix_s - 30.0) for a in arrivals(50, pts_s=2.0, at_s=2.0)]
    clocks = stamps(clock, iter(stepped))
    assert {c.epoch for c in clocks} == {1}
    assert clocks[0].media_s == pytest.approx(UNIX_S + 0.05 + 2.0, abs=1e-5)


def test_drift_is_no_jump() -> None:
    clock = CameraClock()
    drifting = [replace(a, camera_unix_s=UNIX_S + a.pts_s * 1.0001) for a in arrivals(25 * 3600)]
    assert stamps(clock, iter(drifting[::25]))[-1].epoch == 0


@pytest.mark.parametrize("bits", [32, 33])
def test_timestamps_that_wrap_go_on_exactly(bits: int) -> None:
    clock, wrap_s = CameraClock(), 2**bits / 90_000
    stream = arrivals(100, pts_s=wrap_s - 50.5 * STEP_S)
    clocks = stamps(clock, (replace(a, pts_s=a.pts_s % wrap_s) for a in stream))
    assert gaps(clocks) == pytest.approx([STEP_S] * 99, abs=1e-6)


@pytest.mark.parametrize("leap_s", [-20.0, 3600.0, -1e6, 1e6])
def test_timestamps_that_leap_are_bridged_by_the_monotonic_clock(leap_s: float) -> None:
    clock = CameraClock()
    clocks = stamps(clock, arrivals(50)) + stamps(clock, arrivals(50, pts_s=2.0 + leap_s, at_s=2.0))
    assert gaps(clocks) == pytest.approx([STEP_S] * 99, abs=1e-3)


def test_a_stay_across_many_reconnects_is_measured_to_a_second() -> None:
    clock = CameraClock()
    clocks = []
    for again in range(200):
        clock.begin_session()
        clocks += stamps(clock, arrivals(1, at_s=again * 30, late_s=0.5))  # held up on the line
        clocks += stamps(clock, arrivals(50, pts_s=STEP_S, at_s=again * 30 + STEP_S))
    assert clocks[-1].media_s - clocks[0].media_s == pytest.approx(199 * 30 + 2, abs=1.5)


@given(
    st.lists(
        st.tuples(
            st.floats(-1e5, 1e5),  # step of the timestamp
            st.floats(0, 20),  # step of the monotonic clock
            st.floats(-1e4, 1e4) | st.none(),  # what the camera's clock is ahead
            st.booleans(),  # a new connection before it
        ),
        min_size=2,
        max_size=40,
    )
)
def test_whatever_comes_media_time_grows_and_epochs_never_fall(
    steps: list[tuple[float, float, float | None, bool]],
) -> None:
    clock, pts_s, elapsed_s = CameraClock(), 0.0, 0.0
    clocks = []
    for step_s, passed_s, ahead_s, anew in steps:
        pts_s, elapsed_s = pts_s + step_s, elapsed_s + passed_s
        if anew:
            clock.begin_session()
        named_s = None if ahead_s is None else UNIX_S + elapsed_s + ahead_s
        clocks.append(clock.stamp(Arrival(pts_s, MONO_S + elapsed_s, UNIX_S + elapsed_s, named_s)))
    assert all(b.media_s > a.media_s and b.epoch >= a.epoch for a, b in pairwise(clocks))
