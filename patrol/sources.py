"""Where a watched camera's packets come from: the network, or a file played once as if it were live."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Protocol

from streams.camera_health import CameraHealth, CameraState
from streams.clock import ClockSource, FrameClock
from streams.footage import Footage
from streams.packets import StreamPacket

FILE_CLOCK_ERROR_S = 0.5


class Source(Protocol):
    """A stream of packets with a state that can be shown."""

    @property
    def health(self) -> CameraHealth:
        """How it is doing now; may be asked from any thread."""
        ...

    def packets(self, stop: Event) -> Iterator[StreamPacket]:
        """Its packets, until `stop` or for ever."""
        ...


class PlayedFile:
    """A file in place of a camera: played once, at its own pace, stamped as if it came in now.

    Args:
        camera: id.
        path: of the footage.
    """

    def __init__(self, camera: str, path: Path) -> None:
        self._footage = Footage(path, camera=camera)
        self._health = CameraHealth(camera, CameraState.CONNECTING, datetime.now(UTC))

    @property
    def health(self) -> CameraHealth:
        """Live while it plays, down when it has ended."""
        return self._health

    def packets(self, stop: Event) -> Iterator[StreamPacket]:
        """Each packet when its time has come; ends with the file and then waits for `stop`."""
        begun, begun_unix_s = time.monotonic(), time.time()
        self._enter(CameraState.LIVE, "")
        for packet in self._footage.packets():
            wait_s = packet.clock.media_s - (time.monotonic() - begun)
            if wait_s > 0 and stop.wait(wait_s):
                return
            media_s = begun_unix_s + packet.clock.media_s
            at = datetime.fromtimestamp(media_s, UTC)
            yield replace(packet, clock=FrameClock(at, ClockSource.ARRIVAL, FILE_CLOCK_ERROR_S, media_s))
        self._enter(CameraState.DOWN, f"{self._footage.path.name} has been played to its end")
        stop.wait()

    def _enter(self, state: CameraState, why: str) -> None:
        self._health = replace(self._health, state=state, since=datetime.now(UTC), last_error=why)
