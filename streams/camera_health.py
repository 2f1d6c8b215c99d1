"""How a live camera is doing, in values that /healthz and the metrics can show as they are."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from streams.clock import ClockSource, FrameClock
from streams.errors import Down, Frozen, SourceLost, Unreadable, WrongPassword, WrongPath

_log = logging.getLogger(__name__)


class CameraState(StrEnum):
    """What a camera is doing."""

    CONNECTING = "connecting"
    LIVE = "live"
    DOWN = "down"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of a state
    WRONG_PATH = "wrong_path"
    FROZEN = "frozen"
    UNREADABLE = "unreadable"


_STATE_OF: dict[type[SourceLost], CameraState] = {
    Down: CameraState.DOWN,
    WrongPassword: CameraState.WRONG_PASSWORD,
    WrongPath: CameraState.WRONG_PATH,
    Frozen: CameraState.FROZEN,
    Unreadable: CameraState.UNREADABLE,
}


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """A camera at one moment. Holds no login.

    Attributes:
        camera: its id.
        state: while it is tried again after a fault, the fault stays until pictures come.
        since: when it came into this state, UTC, by the box's clock.
        last_packet_age_s: seconds since its last packet came in; None before the first.
        reconnects: connections begun after the first one.
        last_error: why it was lost last and what to do; empty when it never was. Stays when it is live again.
        clock_source: who names the time of its pictures; None before the first.
        clock_error_s: bound on the error of that time, seconds; None before the first picture.
        clock_ahead_s: what the camera's clock seems ahead of the box's, the trip not deducted, seconds; None when the
            camera does not tell its clock.
        clock_epoch: rises with each jump of the clock that names the time.
        packets: pictures received.
        skipped_packets: of these, dropped because no key picture had come yet.
    """

    camera: str
    state: CameraState
    since: datetime
    last_packet_age_s: float | None = None
    reconnects: int = 0
    last_error: str = ""
    clock_source: ClockSource | None = None
    clock_error_s: float | None = None
    clock_ahead_s: float | None = None
    clock_epoch: int = 0
    packets: int = 0
    skipped_packets: int = 0


class HealthRecord:
    """Written by the thread that reads the camera, asked by any other.

    Args:
        camera: its id.
        on_state: told of every change of state, on the reading thread.
    """

    def __init__(self, camera: str, on_state: Callable[[CameraHealth], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._on_state = on_state
        self._health = CameraHealth(camera, CameraState.CONNECTING, datetime.now(UTC))
        self._last_packet_mono_s: float | None = None

    def snapshot(self) -> CameraHealth:
        """The camera now."""
        with self._lock:
            last_s = self._last_packet_mono_s
            age_s = None if last_s is None else time.monotonic() - last_s
            return replace(self._health, last_packet_age_s=age_s)

    def reconnecting(self) -> None:
        """Another connection is tried."""
        with self._lock:
            self._health = replace(self._health, reconnects=self._health.reconnects + 1)

    def skipped(self, arrived_mono_s: float) -> None:
        """A picture came and was dropped, for no key picture had come yet."""
        with self._lock:
            health = self._health
            self._last_packet_mono_s = arrived_mono_s
            self._health = replace(health, packets=health.packets + 1, skipped_packets=health.skipped_packets + 1)

    def received(self, arrived_mono_s: float, clock: FrameClock, camera_ahead_s: float | None) -> None:
        """A picture came."""
        with self._lock:
            self._last_packet_mono_s = arrived_mono_s
            self._health = replace(
                self._health,
                packets=self._health.packets + 1,
                clock_source=clock.source,
                clock_error_s=clock.error_s,
                clock_ahead_s=camera_ahead_s,
                clock_epoch=clock.epoch,
            )
        self._enter(CameraState.LIVE)

    def lost(self, why: SourceLost) -> None:
        """No more pictures; the reason has a name."""
        with self._lock:
            before, self._health = self._health, replace(self._health, last_error=why.reason)
        if self._enter(_STATE_OF[type(why)]) or before.last_error != why.reason:
            _log.warning("%s", why)

    def _enter(self, state: CameraState) -> bool:
        with self._lock:
            if self._health.state is state:
                return False
            self._health = replace(self._health, state=state, since=datetime.now(UTC))
        if state is CameraState.LIVE:
            _log.info("%s: live", self._health.camera)
        if self._on_state is not None:
            self._on_state(self.snapshot())
        return True
