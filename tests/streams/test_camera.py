"""Our camera against a camera that misbehaves: real RTSP over real sockets."""

import re
import socket
import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest

from streams.camera import Camera
from streams.camera_health import CameraState
from streams.clock import ClockSource
from streams.packets import StreamPacket
from streams.simulator import Simulator
from streams.simulator.clip import Clip
from tests.streams.clips import make_clip
from tests.streams.watching import Watcher

RECOVERY_S = 15.0
TRANSPORTS: tuple[Literal["tcp", "udp"], ...] = ("tcp", "udp")
HOUR_S = 3600.0


def media_gaps(packets: list[StreamPacket]) -> list[float]:
    return [b.clock.media_s - a.clock.media_s for a, b in pairwise(packets)]


def assert_steady(packets: list[StreamPacket]) -> None:
    """One picture after the other, 40 ms apart, on the timeline of its own timestamps."""
    assert media_gaps(packets) == pytest.approx([0.04] * (len(packets) - 1), abs=1e-5)
    assert {b.pts - a.pts for a, b in pairwise(packets)} == {3600}


def assert_media_time_follows_arrival(watcher: Watcher) -> None:
    """Across whatever happened: media time passed as the box's monotonic clock did, and never went back."""
    assert min(media_gaps(watcher.packets)) > 0
    media_s = watcher.packets[-1].clock.media_s - watcher.packets[0].clock.media_s
    assert media_s == pytest.approx(watcher.arrived_s[-1] - watcher.arrived_s[0], abs=1.0)


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_pictures_come_as_the_camera_sent_them(codec: str, request: pytest.FixtureRequest) -> None:
    clip = Clip.load(request.getfixturevalue(f"{codec}_clip"))
    with Simulator(request.getfixturevalue(f"{codec}_clip")) as sim, ExitStack() as stack:
        watchers = [stack.enter_context(Watcher(Camera(t, sim.url, transport=t))) for t in TRANSPORTS]
        for watcher in watchers:
            watcher.until_packets(25)
    for watcher in watchers:
        packets, health = watcher.packets, watcher.health
        assert_steady(packets)
        assert (packets[0].codec.name, packets[0].codec.size_px) == (clip.codec, (160, 128))
        assert packets[0].codec.fps == pytest.approx(25, abs=0.1)
        assert all(nal in packets[0].codec.extradata for nal in clip.parameter_sets)
        assert [p.is_key for p in packets[:20]] == ([True] + [False] * 4) * 4
        assert health.packets == health.skipped_packets + len(packets)


def test_the_camera_names_the_time_when_it_tells_its_clock(h264_clip: Path) -> None:
    with Simulator(h264_clip, clock_offset_s=-0.3) as sim, Watcher(Camera("cam-1", sim.url)) as watcher:
        packet = watcher.until_packets(30)[-1]
        late_s = time.time() - packet.clock.captured_at.timestamp()
        health = watcher.health
    assert packet.clock.source is ClockSource.RTCP
    assert packet.clock.error_s < 0.2
    assert 0.3 <= late_s < 1.3
    assert health.clock_source is ClockSource.RTCP
    assert health.clock_ahead_s == pytest.approx(-0.35, abs=0.3)


def test_the_box_names_the_time_of_a_camera_that_does_not(h264_clip: Path) -> None:
    with Simulator(h264_clip, no_rtcp=True) as sim, Watcher(Camera("cam-1", sim.url)) as watcher:
        packets = watcher.until_packets(25)
        late_s = time.time() - packets[-1].clock.captured_at.timestamp()
    assert {p.clock.source for p in packets} == {ClockSource.ARRIVAL}
    assert packets[-1].clock.error_s == 1.0
    assert 0 <= late_s < 1.0
    assert {p.clock.epoch for p in packets} == {0}


def test_a_wrong_path_is_named(h264_clip: Path) -> None:
    with Simulator(h264_clip) as sim, Watcher(Camera("cam-1", sim.url + "x")) as watcher:
        health = watcher.until_state(CameraState.WRONG_PATH)
    assert "has no stream '/livex'; check the path" in health.last_error


def test_nothing_listening_is_named_and_tried_again() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"rtsp://127.0.0.1:{reserved.getsockname()[1]}/live"
        with Watcher(Camera("cam-1", url)) as watcher:
            watcher.until(lambda: watcher.health.reconnects >= 2, 5)
            health = watcher.health
    assert health.state is CameraState.DOWN
    assert re.search(r"127.0.0.1:\d+: Connection refused; check power, network and the address", health.last_error)


def test_a_name_that_nobody_knows_is_named() -> None:
    with Watcher(Camera("cam-1", "rtsp://camera.invalid/live")) as watcher:
        health = watcher.until_state(CameraState.DOWN)
    assert "the name camera.invalid is not known" in health.last_error


def test_who_answers_but_is_no_camera_is_named() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    with server, Watcher(Camera("cam-1", f"rtsp://127.0.0.1:{server.getsockname()[1]}/live")) as watcher:
        client, _ = server.accept()
        with client:
            client.recv(1000)
            client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        watcher.until(lambda: watcher.health.last_error != "", 12)
    assert watcher.health.state is CameraState.UNREADABLE


def test_a_camera_that_answers_without_ever_sending_is_frozen(h264_clip: Path) -> None:
    with Simulator(h264_clip, stall_at=0, stall_for=60) as sim:
        camera = Camera("cam-1", sim.url, open_timeout_s=1.0, read_timeout_s=1.0)
        with Watcher(camera) as watcher:
            watcher.until_state(CameraState.FROZEN, 4.0)


def test_a_frozen_camera_is_noticed_by_the_age_of_its_data_and_comes_back(h264_clip: Path) -> None:
    with Simulator(h264_clip) as sim, ExitStack() as stack:
        watchers = [stack.enter_context(Watcher(Camera(t, sim.url, transport=t))) for t in TRANSPORTS]
        before = [watcher.until_packets(10) for watcher in watchers]
        sim.stall(3.5)
        stalled_s = time.monotonic()
        for watcher in watchers:
            watcher.until_state(CameraState.FROZEN, 5.0)
            assert time.monotonic() - stalled_s == pytest.approx(3.0, abs=1.0)
            assert (watcher.health.last_packet_age_s or 0) < 4.0
        for watcher in watchers:
            watcher.until_state(CameraState.LIVE, 3.5 + RECOVERY_S)
            assert time.monotonic() - stalled_s < 3.5 + RECOVERY_S
        after = [watcher.until_packets(10) for watcher in watchers]
    for watcher, old, new in zip(watchers, before, after, strict=True):
        assert old[-1].session < new[0].session
        assert_steady(new)
        assert_media_time_follows_arrival(watcher)
        assert watcher.packets[-1].clock.epoch == 0


def test_a_camera_that_lost_power_comes_back_with_its_clock_an_hour_off(h264_clip: Path) -> None:
    with Simulator(h264_clip) as sim, ExitStack() as stack:
        watchers = [stack.enter_context(Watcher(Camera(t, sim.url, transport=t))) for t in TRANSPORTS]
        before = [watcher.until_packets(10)[-1] for watcher in watchers]
        sim.die()
        for watcher in watchers:
            watcher.until_state(CameraState.DOWN, 5.0)
        time.sleep(0.5)
        sim.set_clock_offset(HOUR_S)
        sim.revive()
        revived_s = time.monotonic()
        for watcher in watchers:
            watcher.until_state(CameraState.LIVE, RECOVERY_S)
        assert time.monotonic() - revived_s < RECOVERY_S
        after = [watcher.until_packets(5)[-1] for watcher in watchers]
    for watcher, old, new in zip(watchers, before, after, strict=True):
        assert new.session > old.session
        assert new.clock.epoch > old.clock.epoch
        assert new.clock.source is ClockSource.RTCP
        named_s = new.clock.captured_at.timestamp() - old.clock.captured_at.timestamp()
        assert named_s - (new.clock.media_s - old.clock.media_s) == pytest.approx(HOUR_S, abs=2)
        assert new.clock.error_s == pytest.approx(HOUR_S, abs=2)
        assert watcher.health.clock_ahead_s == pytest.approx(HOUR_S, abs=2)
        assert_media_time_follows_arrival(watcher)


def test_a_clock_set_while_the_camera_runs_begins_an_epoch_and_moves_no_media_time(h264_clip: Path) -> None:
    with Simulator(h264_clip, report_every_s=0.3) as sim, Watcher(Camera("cam-1", sim.url)) as watcher:
        watcher.until_packets(10)
        sim.set_clock_offset(-HOUR_S)
        watcher.until(lambda: watcher.packets[-1].clock.epoch == 1, 3)
        watcher.until_packets(10)
    assert_steady(watcher.packets)
    assert {p.clock.epoch for p in watcher.packets} == {0, 1}


def test_timestamps_that_wrap_do_not_disturb_the_stream(h264_clip: Path) -> None:
    with Simulator(h264_clip, first_timestamp=2**32 - 90_000) as sim, Watcher(Camera("cam-1", sim.url)) as watcher:
        assert_steady(watcher.until_packets(30))
        assert watcher.health.clock_epoch == 0


def test_a_camera_that_does_not_describe_its_pictures_is_looked_at_longer(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "long.mp4", pictures=50, gop=50)
    with Simulator(clip, terse=True) as sim:
        time.sleep(0.5)  # so that it begins between two key pictures
        with Watcher(Camera("cam-1", sim.url)) as watcher:
            packet = watcher.until_packets(1, RECOVERY_S)[0]
    assert packet.codec.size_px == (160, 128)
    assert packet.codec.extradata


def test_lost_packets_end_nothing(h264_clip: Path) -> None:
    with Simulator(h264_clip, drop=0.1) as sim, Watcher(Camera("cam-1", sim.url, transport="udp")) as watcher:
        packets = watcher.until_packets(30)
        assert {p.session for p in packets} == {0}
        assert min(media_gaps(packets)) > 0


@pytest.mark.parametrize(
    ("url", "transport", "what"),
    [
        ("http://192.0.2.10/", "tcp", "must begin with rtsp://"),
        ("rtsp:///live", "tcp", "expected an address"),
        ("rtsp://192.0.2.10/", "carrier pigeon", "transport must be tcp or udp"),
    ],
)
def test_what_cannot_be_a_camera_is_refused_at_once(url: str, transport: Literal["tcp", "udp"], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        Camera("cam-1", url, transport=transport)
