"""Logging in to a camera, being refused by it, and keeping the password to ourselves throughout."""

import logging
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import pytest

from streams.camera import Camera
from streams.camera_health import CameraHealth, CameraState
from streams.simulator import Simulator
from tests.streams.watching import Watcher

PASSWORD = "p@ss:w/rd%#?"
RECOVERY_S = 15.0
TRANSPORTS: tuple[Literal["tcp", "udp"], ...] = ("tcp", "udp")


@pytest.mark.parametrize("basic", [False, True])
def test_a_login_is_given_as_the_camera_wants_it(h264_clip: Path, basic: bool) -> None:
    with Simulator(h264_clip, user="patrol", password=PASSWORD, basic=basic) as sim, ExitStack() as stack:
        cameras = [Camera(t, sim.url, username="patrol", password=PASSWORD, transport=t) for t in TRANSPORTS]
        watchers = [stack.enter_context(Watcher(camera)) for camera in cameras]
        for watcher in watchers:
            watcher.until_state(CameraState.LIVE)


def test_a_user_may_stand_in_the_address_and_the_password_apart(h264_clip: Path) -> None:
    with Simulator(h264_clip, user="patrol", password=PASSWORD) as sim:
        url = sim.url.replace("rtsp://", "rtsp://patrol@")
        apart, within = Camera("cam-1", url, password=PASSWORD), Camera("cam-2", sim.url_with_password)
        with Watcher(apart) as first, Watcher(within) as second:
            first.until_state(CameraState.LIVE)
            second.until_state(CameraState.LIVE)


def test_a_wrong_password_is_named_tried_rarely_and_mended_on_the_camera(h264_clip: Path) -> None:
    states: list[CameraHealth] = []
    with Simulator(h264_clip, user="patrol", password="other") as sim:
        camera = Camera(
            "cam-1", sim.url, username="patrol", password=PASSWORD, on_state=states.append, refused_wait_s=1.0
        )
        with Watcher(camera) as watcher:
            watcher.until_state(CameraState.WRONG_PASSWORD)
            time.sleep(0.6)
            assert watcher.health.reconnects == 0
            assert "refuses the login; check user and password" in watcher.health.last_error
            port = sim.port
            sim.stop()
            with Simulator(h264_clip, port=port, user="patrol", password=PASSWORD):
                watcher.until_packets(1, RECOVERY_S)
    assert [h.state for h in states[:2]] == [CameraState.WRONG_PASSWORD, CameraState.LIVE]


def test_no_password_reaches_a_log_a_health_or_a_screen(
    h264_clip: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[CameraHealth] = []
    with Simulator(h264_clip, user="patrol", password=PASSWORD) as sim:
        camera = Camera("cam-1", sim.url, username="patrol", password=PASSWORD, on_state=told.append)
        with Watcher(camera) as watcher:
            watcher.until_packets(3)
            sim.die()
            watcher.until_state(CameraState.DOWN)
        sim.revive()
        wrong = Camera("cam-2", sim.url_with_password + "x", on_state=told.append)
        with Watcher(wrong) as watcher:
            watcher.until_state(CameraState.WRONG_PATH)
        refused = Camera("cam-3", sim.url, username="patrol", password=PASSWORD + "!", on_state=told.append)
        with Watcher(refused) as watcher:
            watcher.until_state(CameraState.WRONG_PASSWORD)
    screen = "".join(capfd.readouterr())
    texts = [caplog.text, screen, repr(told), repr([camera, wrong, refused]), wrong.url]
    assert "WARNING" in caplog.text
    for text in texts:
        assert PASSWORD not in text
        assert "p%40ss" not in text
        assert "w/rd" not in text
        assert "w%2Frd" not in text
