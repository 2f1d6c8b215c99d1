"""What runs on the simulator's event loop: one scene, sent to whoever plays it, and the faults on the way."""

import asyncio
import random
import socket
import time
from dataclasses import dataclass

from streams.simulator.clip import CLOCK_HZ, Clip
from streams.simulator.connection import Connection, Stage
from streams.simulator.describe import session_description
from streams.simulator.guard import Guard
from streams.simulator.rtp import Burst, RtpSender
from streams.simulator.udp import UdpPair


@dataclass(slots=True)
class Habits:
    """How the camera behaves; may be changed while it runs.

    Attributes:
        drop: share of RTP packets that never arrive, 0 to 1.
        clock_offset_s: what its own clock is ahead of the box's, seconds.
        report_every_s: seconds between sender reports; None sends none.
        first_timestamp: RTP timestamp of the start, random when None.
        terse: describe the stream without its parameter sets.
        stalled_until_s: monotonic time until which nothing is sent.
    """

    drop: float = 0.0
    clock_offset_s: float = 0.0
    report_every_s: float | None = 1.0
    first_timestamp: int | None = None
    terse: bool = False
    stalled_until_s: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.drop <= 1:
            raise ValueError(f"drop must be a share from 0 to 1, got {self.drop}")


class Broadcast:
    """A clip on the air. All methods belong to one event loop.

    Args:
        clip: what is shown, round after round.
        habits: read at every picture.
        guard: who may look.
        seed: of the dropped packets.
    """

    def __init__(self, clip: Clip, habits: Habits, guard: Guard, seed: int) -> None:
        self._clip, self._habits, self._guard = clip, habits, guard
        self._random = random.Random(seed)  # noqa: S311 - losses, not secrets
        self._alive = False
        self._connections: set[Connection] = set()
        self._players: set[Connection] = set()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def players(self) -> tuple[Connection, ...]:
        """Clients that are being sent pictures; may be asked from any thread."""
        return tuple(self._players)

    async def open(self, host: str, port: int, path: str) -> int:
        """Begin the scene and let clients in; the port that was bound.

        Raises:
            OSError: the port is taken.
        """
        self._socket = _bound_socket(host, port)
        self._host, self._port = self._socket.getsockname()
        try:
            self._udp = await UdpPair.open(host)
        except OSError:
            self._socket.close()
            raise
        description = session_description(self._clip, host, terse=self._habits.terse)
        self._stage = Stage(host, path, description, self._guard, self._udp, self._play, self._gone)
        self._began_s = time.monotonic()
        await self.revive()
        self._tasks = [asyncio.create_task(self._send_pictures()), asyncio.create_task(self._send_reports())]
        return int(self._port)

    async def close(self) -> None:
        """End the scene and give the ports back."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.die()
        self._socket.close()
        self._udp.close()
        await asyncio.sleep(0)  # lets the transports finish closing

    async def die(self) -> None:
        """Close every connection without a word."""
        if not self._alive:
            return
        self._alive = False
        self._server.close()
        for connection in tuple(self._connections):
            connection.abort()
        self._connections.clear()
        self._players.clear()
        await asyncio.sleep(0)
        # Bound but not listening: connects are refused, yet nobody else can take the port meanwhile.
        self._socket = _bound_socket(self._host, self._port)

    async def revive(self) -> None:
        """Let clients in (again), as a new RTP source."""
        if self._alive:
            return
        self._sender = RtpSender(self._habits.first_timestamp)
        self._server = await asyncio.get_running_loop().create_server(self._connection, sock=self._socket)
        self._alive = True

    async def die_once(self, after_s: float, for_s: float) -> None:
        """Die at a set time and come back."""
        self._tasks.append(asyncio.create_task(self._die_once(after_s, for_s)))

    async def _die_once(self, after_s: float, for_s: float) -> None:
        await asyncio.sleep(after_s)
        await self.die()
        await asyncio.sleep(for_s)
        await self.revive()

    def _connection(self) -> Connection:
        connection = Connection(self._stage)
        self._connections.add(connection)
        return connection

    def _play(self, client: Connection) -> None:
        if self._sends() and self._habits.report_every_s is not None:
            client.send_report(self._report())  # before its first picture: its clock is known from the start
        self._players.add(client)

    def _gone(self, client: Connection) -> None:
        self._players.discard(client)
        self._connections.discard(client)

    def _sends(self) -> bool:
        return self._alive and time.monotonic() >= self._habits.stalled_until_s

    def _ticks_now(self) -> int:
        return round((time.monotonic() - self._began_s) * CLOCK_HZ)

    def _report(self) -> Burst:
        return self._sender.report(self._ticks_now(), time.time() + self._habits.clock_offset_s)

    async def _send_pictures(self) -> None:
        for due, picture in self._clip.forever(self._ticks_now()):
            await asyncio.sleep(max(0.0, self._began_s + due / CLOCK_HZ - time.monotonic()))
            if self._players and self._sends():
                burst = self._sender.picture(due, picture)
                if self._habits.drop:
                    burst = Burst([p for p in burst.packets if self._random.random() >= self._habits.drop])
                for player in self._players:
                    player.send_picture(burst)

    async def _send_reports(self) -> None:
        while self._habits.report_every_s is not None:
            if self._players and self._sends():
                report = self._report()
                for player in self._players:
                    player.send_report(report)
            await asyncio.sleep(self._habits.report_every_s)


def _bound_socket(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
