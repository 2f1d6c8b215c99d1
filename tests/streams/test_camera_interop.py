"""Our camera against somebody else's: GStreamer's RTSP server, which shares no code with FFmpeg or with us."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest

from streams.camera import Camera
from streams.camera_health import CameraState
from streams.clock import ClockSource
from tests.streams.clips import SHARED, make_clip
from tests.streams.watching import Watcher

SYSTEM_PYTHON = "/usr/bin/python3"  # Debian's bindings of GStreamer are there, not in a virtual environment
SERVER = SHARED / "tools" / "rtsp_camera.py"
PASSWORD = "pass:word"
LOGIN = ("--user", "patrol", "--password", PASSWORD)
RECOVERY_S = 15.0
TRANSPORTS: tuple[Literal["tcp", "udp"], ...] = ("tcp", "udp")


def _missing() -> str:
    """What this machine lacks for these tests; empty when nothing."""
    if not SERVER.exists():
        return "../shared/tools/rtsp_camera.py is not there"
    bindings = "import gi; gi.require_version('GstRtspServer', '1.0')"
    found = (
        Path(SYSTEM_PYTHON).exists()
        and not subprocess.run([SYSTEM_PYTHON, "-c", bindings], check=False, capture_output=True).returncode
    )
    return "" if found else "Debian's gir1.2-gst-rtsp-server-1.0 and python3-gi are not installed"


pytestmark = pytest.mark.skipif(bool(_missing()), reason=_missing())


@contextmanager
def gstreamer_camera(clip: Path, *options: str, port: int = 0) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The server as a process of its own: its address and the process."""
    if not port:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
    command = [SYSTEM_PYTHON, str(SERVER), str(clip), "--port", str(port), *options]
    # A process group of its own, so that nothing of it outlives the test.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            lines = (line for line in process.stdout if line.rstrip().endswith("ready"))
            yield next(lines).split()[0], process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("codec", "options"),
    [
        ("h264", ()),
        ("h264", ("--basic",)),
        ("h265", ()),
    ],
    ids=["h264-digest", "h264-basic", "h265-digest"],
)
def test_gstreamers_camera_is_watched_over_tcp_and_udp(
    codec: str, options: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    clip: Path = request.getfixturevalue(f"{codec}_clip")
    with gstreamer_camera(clip, "--codec", codec, *LOGIN, *options) as (url, _), ExitStack() as stack:
        cameras = [Camera(t, url, username="patrol", password=PASSWORD, transport=t) for t in TRANSPORTS]
        watchers = [stack.enter_context(Watcher(camera)) for camera in cameras]
        for watcher in watchers:
            watcher.until_packets(20)
            packets = list(watcher.packets)
            assert packets[0].is_key
            assert packets[0].codec.name == {"h264": "h264", "h265": "hevc"}[codec]
            assert packets[0].codec.size_px == (160, 128)
            assert {p.session for p in packets} == {0}
            assert all(a.clock.media_s < b.clock.media_s for a, b in pairwise(packets))


def test_gstreamers_clock_is_read_from_its_reports(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", pictures=50)
    with gstreamer_camera(clip) as (url, _), Watcher(Camera("cam-1", url)) as watcher:
        watcher.until(lambda: watcher.health.clock_source is ClockSource.RTCP, 8)
        late_s = time.time() - watcher.packets[-1].clock.captured_at.timestamp()
        assert -0.1 < late_s < 0.5
        assert watcher.packets[-1].clock.error_s < 0.2
        assert watcher.health.clock_epoch == 0


def test_a_wrong_password_and_a_wrong_path_are_told_apart(h264_clip: Path) -> None:
    with gstreamer_camera(h264_clip, *LOGIN) as (url, _):
        with Watcher(Camera("cam-1", url, username="patrol", password="other")) as watcher:
            watcher.until_state(CameraState.WRONG_PASSWORD)
        with Watcher(Camera("cam-1", url + "x", username="patrol", password=PASSWORD)) as watcher:
            watcher.until_state(CameraState.WRONG_PATH)


def test_a_killed_camera_is_noticed_and_watched_again_when_it_is_back(h264_clip: Path) -> None:
    with ExitStack() as stack:
        url, process = stack.enter_context(gstreamer_camera(h264_clip))
        port = int(url.split(":")[2].split("/")[0])
        watchers = [stack.enter_context(Watcher(Camera(t, url, transport=t))) for t in TRANSPORTS]
        for watcher in watchers:
            watcher.until_packets(10)
        os.killpg(process.pid, signal.SIGKILL)
        for watcher in watchers:
            watcher.until_state(CameraState.DOWN, 5.0)
        stack.enter_context(gstreamer_camera(h264_clip, port=port))
        back_s = time.monotonic()
        for watcher in watchers:
            watcher.until_state(CameraState.LIVE, RECOVERY_S)
        assert time.monotonic() - back_s < RECOVERY_S
        assert [w.packets[-1].clock.epoch for w in watchers] == [0, 0]
