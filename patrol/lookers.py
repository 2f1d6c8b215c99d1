"""Who looks next: all cameras share a few workers, one a core, each with one network and one decoder at work.

A camera's reader hands packets in and never waits: they are recorded before, so evidence loses nothing however late
the looks are. A worker takes the camera that is most urgent and does its oldest work. When the box is too small, looks
are shed in this order, and each is counted:

1. Cameras on patrol wait, longest wait first, and of the key frames that piled up only the newest is glanced at:
   their looks become fewer, evenly. None waits longer than `FORCED_S` while another one is merely watched.
2. Cameras that are watched keep their rate as long as there is a core for them; one that is more than `BEHIND_S` late
   is looked at once a second.
3. One that is more than `LOST_S` late goes on at the newest key frame. The rules are told nothing of what lies
   between and count it as a gap.
"""

import math
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from patrol.pipeline import CameraPatrol
from streams.packets import StreamPacket

FORCED_S = 10.0
"""Less than the longest gap that still counts as stay (`rules/limits.py`)."""

BEHIND_S, LOST_S = 5.0, 30.0
_BATCH = 50
"""Packets of a watched camera for one turn: two seconds of it, then others have theirs."""


@dataclass(slots=True)
class Seat:
    """One camera's place in the queue. Made by `Lookers.seat`; its fields belong to `Lookers`.

    Attributes:
        shed: looks that were not made because the box was too busy, so far.
    """

    patrol: CameraPatrol
    waiting: deque[StreamPacket] = field(default_factory=deque)
    keys: int = 0
    since: float = math.inf
    looked: float = 0.0
    busy: bool = False
    began: float = 0.0
    shed: int = 0
    defect: Exception | None = None

    @property
    def behind_s(self) -> float:
        """Media time between the oldest and the newest packet that wait."""
        if len(self.waiting) < 2:
            return 0.0
        return self.waiting[-1].clock.media_s - self.waiting[0].clock.media_s


class Lookers:
    """The workers. Start them by `with`; leaving it ends them after the packet each is at.

    Args:
        workers: how many; one a core is best.
    """

    def __init__(self, workers: int) -> None:
        self._free = threading.Condition()
        self._seats: list[Seat] = []
        self._stopping = False
        self._threads = [threading.Thread(target=self._work, name=f"look-{n}") for n in range(workers)]

    def __enter__(self) -> "Lookers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._free:
            self._stopping = True
            self._free.notify_all()
        for thread in self._threads:
            thread.join()

    def seat(self, patrol: CameraPatrol) -> Seat:
        """A place for a camera; an older one of the same camera is given up."""
        made = Seat(patrol, looked=time.monotonic())
        with self._free:
            self._seats = [seat for seat in self._seats if seat.patrol.camera != patrol.camera] + [made]
        return made

    def offer(self, seat: Seat, packet: StreamPacket) -> None:
        """Queue a packet that was recorded.

        Raises:
            Exception: whatever went wrong in this camera's looks since the last call; make a new patrol and seat.
        """
        with self._free:
            if seat.defect is not None:
                raise seat.defect
            seat.waiting.append(packet)
            seat.keys += packet.is_key
            # On patrol nothing happens between key frames, so nobody is woken for them, unless none comes for long.
            if seat.since == math.inf and (packet.is_key or seat.patrol.watching or seat.behind_s > BEHIND_S):
                seat.since = time.monotonic()
                self._free.notify()

    @property
    def longest_turn_s(self) -> float:
        """How long the oldest turn that is under way has taken; 0 while nobody looks."""
        with self._free:
            now = time.monotonic()
            return max((now - seat.began for seat in self._seats if seat.busy), default=0.0)

    def _work(self) -> None:
        while True:
            with self._free:
                seat = self._most_urgent()
                while seat is None and not self._stopping:
                    self._free.wait()
                    seat = self._most_urgent()
                if self._stopping or seat is None:
                    return
                seat.busy, seat.began = True, time.monotonic()
                packets, skipped = self._turn(seat)
            self._look(seat, packets, skipped)

    def _look(self, seat: Seat, packets: list[StreamPacket], skipped: frozenset[int]) -> None:
        defect: Exception | None = None
        try:
            for n, packet in enumerate(packets):
                seat.patrol.look_at(packet, hurry=n in skipped)
        except Exception as error:  # noqa: BLE001 - handed to the camera's own thread, which logs it and starts anew
            defect = error
        with self._free:
            seat.busy, seat.defect, seat.looked = False, defect, time.monotonic()
            more = bool(seat.waiting) and (seat.keys > 0 or seat.patrol.watching)
            seat.since = time.monotonic() if more else math.inf
            self._free.notify()

    def _most_urgent(self) -> Seat | None:
        """The camera whose turn it is; the lock is held."""
        now = time.monotonic()
        ready = [seat for seat in self._seats if not seat.busy and seat.defect is None and seat.since < math.inf]

        def urgency(seat: Seat) -> tuple[bool, float]:
            first = seat.patrol.watching or now - seat.looked > FORCED_S
            return not first, seat.looked

        return min(ready, key=urgency, default=None)

    def _turn(self, seat: Seat) -> tuple[list[StreamPacket], frozenset[int]]:
        """What is looked at in this turn, and which of it in a hurry; the lock is held."""
        if not seat.patrol.watching:
            packets = list(seat.waiting)
            seat.waiting.clear()
            seat.keys = 0
            keys = [n for n, packet in enumerate(packets) if packet.is_key]
            seat.shed += max(0, len(keys) - 1)
            return packets, frozenset(keys[:-1])
        if seat.behind_s > LOST_S:
            newest = max(n for n, packet in enumerate(seat.waiting) if packet.is_key or n == 0)
            for _ in range(newest):
                seat.keys -= seat.waiting.popleft().is_key
            seat.shed += newest
        hurry = seat.behind_s > BEHIND_S
        packets = [seat.waiting.popleft() for _ in range(min(_BATCH, len(seat.waiting)))]
        seat.keys -= sum(packet.is_key for packet in packets)
        seat.shed += hurry
        return packets, frozenset(range(len(packets))) if hurry else frozenset()
