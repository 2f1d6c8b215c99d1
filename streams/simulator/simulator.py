"""A camera made of a file: real RTSP over real sockets, in the product because the demo and the benches need it too.

    with Simulator(Path("street.mp4"), user="patrol", password="...") as camera:
        camera.url                 # rtsp://127.0.0.1:PORT/live
        camera.stall(10)           # the connection stands, nothing comes
        camera.die()               # as if somebody pulled the plug
        camera.revive()
        camera.set_clock_offset(3600)

The scene goes on whether or not anybody looks: every client sees the same moment of the clip, and after a stall or a
power cut the clip is where it would have been. Rounds join without a gap in RTP time.
"""

import asyncio
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from streams.credentials import Login, with_login
from streams.simulator.broadcast import Broadcast, Habits
from streams.simulator.clip import Clip
from streams.simulator.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path
    from typing import Any

_T = TypeVar("_T")


class Simulator:
    """An RTSP camera that serves a clip in a loop and fails when told to.

    Args:
        footage: H.264 or H.265 without B-frames, with a key picture every second or two.
        port: 0 takes a free one.
        user: asks for a login when given.
        password: of that user; shows in no text but `url_with_password`.
        basic: ask for Basic authentication instead of Digest.
        host: address to bind.
        path: of the stream; any other is answered with 404.
        stall_at: seconds after the start when it stalls, None for never.
        stall_for: how long it stalls then, seconds.
        die_at: seconds after the start when it dies, None for never.
        die_for: how long it is dead then, seconds.
        drop: share of RTP packets that never arrive, 0 to 1.
        clock_offset_s: what its own clock is ahead of the box's, seconds.
        no_rtcp: send no sender reports, so that nobody learns its clock.
        report_every_s: seconds between sender reports.
        first_timestamp: RTP timestamp at its start, random when None; `2**32 - 90000` wraps after a second.
        terse: describe the stream without its parameter sets; they come with each key picture only.
        seed: of the dropped packets, so that a run can be repeated.

    Raises:
        ValueError: the footage does not fit, or `drop` is no share.
        OSError: the footage cannot be read.
    """

    def __init__(
        self,
        footage: "Path",
        port: int = 0,
        user: str | None = None,
        password: str | None = None,
        basic: bool = False,
        *,
        host: str = "127.0.0.1",
        path: str = "/live",
        stall_at: float | None = None,
        stall_for: float = 10.0,
        die_at: float | None = None,
        die_for: float = 5.0,
        drop: float = 0.0,
        clock_offset_s: float = 0.0,
        no_rtcp: bool = False,
        report_every_s: float = 1.0,
        first_timestamp: int | None = None,
        terse: bool = False,
        seed: int = 0,
    ) -> None:
        self.host, self.port, self.path = host, port, path
        self._login = Login(user or "", password)
        self._stall_at, self._stall_for = stall_at, stall_for
        self._die_at, self._die_for = die_at, die_for
        every = None if no_rtcp else report_every_s
        self._habits = Habits(drop, clock_offset_s, every, first_timestamp, terse)
        self._broadcast = Broadcast(Clip.load(footage), self._habits, Guard(user, password, basic=basic), seed)
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> "Simulator":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where to find it, without any login."""
        return f"rtsp://{self.host}:{self.port}{self.path}"

    @property
    def url_with_password(self) -> str:
        """The same with the login in it, for players that know no other way."""
        return with_login(self.url, self._login)

    @property
    def clients(self) -> int:
        """How many clients are being sent pictures."""
        return len(self._broadcast.players)

    @property
    def dropped_pictures(self) -> int:
        """Pictures not sent because a client that is still there did not read fast enough."""
        return sum(player.dropped_pictures for player in self._broadcast.players)

    def start(self) -> None:
        """Switch it on; returns when clients can connect.

        Raises:
            OSError: the port is taken.
            RuntimeError: it is on.
        """
        if self._loop is not None:
            raise RuntimeError(f"the simulator is already running at {self.url}")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="rtsp-simulator", daemon=True)
        self._thread.start()
        try:
            self.port = self._call(self._broadcast.open(self.host, self.port, self.path))
        except OSError:
            self._end_loop()
            raise
        if self._stall_at is not None:
            self._loop.call_soon_threadsafe(self._loop.call_later, self._stall_at, self.stall, self._stall_for)
        if self._die_at is not None:
            self._call(self._broadcast.die_once(self._die_at, self._die_for))

    def stop(self) -> None:
        """Switch it off and give everything back; does nothing when it is off."""
        if self._loop is not None:
            self._call(self._broadcast.close())
            self._end_loop()

    def stall(self, seconds: float) -> None:
        """Send nothing for a while; connections stand, requests are answered."""
        self._habits.stalled_until_s = time.monotonic() + seconds

    def die(self) -> None:
        """Close every socket at once without a TEARDOWN, as in a power cut; the port stays reserved."""
        self._call(self._broadcast.die())

    def revive(self) -> None:
        """Come back after `die`, as a new RTP source on the same port."""
        self._call(self._broadcast.revive())

    def set_clock_offset(self, seconds: float) -> None:
        """Set its clock ahead of the box's; clients learn it with the next sender report."""
        self._habits.clock_offset_s = seconds

    def _call(self, work: "Coroutine[Any, Any, _T]") -> _T:
        if self._loop is None:
            work.close()
            raise RuntimeError("the simulator is not running: call start() first")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end_loop(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()
            loop.close()
