"""Watching a camera from a test: a thread reads it, the test waits for what it wants to see."""

import threading
import time
from collections.abc import Callable
from types import TracebackType

from streams.camera import Camera
from streams.camera_health import CameraHealth, CameraState
from streams.packets import StreamPacket


class Watcher:
    """Reads a camera in the background and keeps all it gave."""

    def __init__(self, camera: Camera) -> None:
        self.camera = camera
        self.packets: list[StreamPacket] = []
        self.arrived_s: list[float] = []  # monotonic
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive(), "the camera did not stop when told to"
        assert self._failure is None, f"the camera raised {self._failure!r}"

    @property
    def health(self) -> CameraHealth:
        return self.camera.health

    def until(self, seen: Callable[[], bool], within_s: float) -> float:
        """Wait until `seen` is true and say how long it took, seconds; fail when it takes too long."""
        began_s = time.monotonic()
        while not seen():
            waited_s = time.monotonic() - began_s
            assert waited_s < within_s, f"not seen within {within_s} s; {self.health}"
            assert self._failure is None, f"the camera raised {self._failure!r}"
            with self._changed:
                self._changed.wait(0.05)
        return time.monotonic() - began_s

    def until_packets(self, more: int, within_s: float = 10.0) -> list[StreamPacket]:
        """The next packets."""
        begin = len(self.packets)
        self.until(lambda: len(self.packets) >= begin + more, within_s)
        return self.packets[begin : begin + more]

    def until_state(self, state: CameraState, within_s: float = 12.0) -> CameraHealth:
        """Wait for a state; the health then."""
        self.until(lambda: self.health.state is state, within_s)
        return self.health

    def _read(self) -> None:
        try:
            for packet in self.camera.packets(self._stop):
                self.packets.append(packet)
                self.arrived_s.append(time.monotonic())
                with self._changed:
                    self._changed.notify_all()
        except BaseException as error:  # noqa: BLE001 - told to the test
            self._failure = error
