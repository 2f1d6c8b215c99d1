"""A camera on patrol: glances at key frames, and what to look back at when a glance finds something.

A glance is decoded and detected at once but shown to the rules only when nothing in it may turn out to have come to a
stand. If it has, everything since the last look that the rules saw is looked at in full, in its order, so that the
rules see the arrival as if the camera had been watched all the time.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from detector.detections import Detections
from detector.observation import Box
from patrol.attention import Attention, came_to_stand
from streams.cadence import KeyFrames
from streams.clock import FrameClock
from streams.decode import key_picture
from streams.frame import Frame
from streams.packets import StreamPacket

MOST_HELD = 3
"""Glances that wait to be confirmed: a thing that is missed in one of three is still found from its arrival."""


@dataclass(frozen=True, slots=True)
class _Glance:
    frame: Frame
    found: Detections
    strangers: tuple[Box, ...]


class Rounds:
    """The glances of one camera, and the packets since the last look that the rules saw.

    The packets are those of the ring, not copies. Not for several threads.

    Args:
        camera: its id.
        attention: says what is new in a zone.
        detect: what is in a frame.
        show: has the rules see a glance.

    Attributes:
        glances: key frames looked at so far.
        suspects: what woke the camera last.
    """

    def __init__(
        self,
        camera: str,
        attention: Attention,
        detect: Callable[[Frame], Detections],
        show: Callable[[Frame, Detections], None],
    ) -> None:
        self.camera, self.attention, self.keys = camera, attention, KeyFrames()
        self._detect, self._show = detect, show
        self._packets: list[StreamPacket] = []
        self._held: deque[_Glance] = deque()
        self._before: Sequence[Box] = ()
        self.glances = 0
        self.suspects: tuple[Box, ...] = ()

    def begin(self) -> None:
        """Go on patrol, with the next key frame: what was watched is known from now on."""
        self.attention.accept(self.suspects)
        self._packets, self.suspects = [], ()
        self._held.clear()

    def take(self, packet: StreamPacket, *, glance: bool = True) -> bool:
        """Keep a packet and, unless told not to, glance at it when it is time; whether something has come to stand."""
        if packet.is_key or self._packets:  # nothing decodes before the first key frame
            self._packets.append(packet)
        if not glance or not packet.is_key or not self.keys.due(packet.clock):
            return False
        frame = key_picture(packet, camera=self.camera)
        if frame is None:
            return False
        self.glances += 1
        found = self._detect(frame)
        strangers = self.attention.strangers(found, frame.clock)
        self.suspects = came_to_stand([glance.strangers for glance in self._held], strangers)
        self._held.append(_Glance(frame, found, strangers))
        if self.suspects:
            return True
        while self._held and (len(self._held) > MOST_HELD or not self._held[0].strangers):
            oldest = self._held.popleft()
            self._forget_before(oldest.frame.clock)
            self._show(oldest.frame, oldest.found)
        return False

    def look_back(self) -> tuple[Sequence[StreamPacket], Mapping[float, Detections]]:
        """The packets since the last look shown, from a key frame on, and what the glances in them found, by time."""
        packets, known = self._packets, {glance.frame.clock.media_s: glance.found for glance in self._held}
        self._packets = []
        self._held.clear()
        return packets, known

    def suspicious(self, found: Detections, clock: FrameClock) -> bool:
        """The same question for looks that are no glances: has something new stayed since the look before?"""
        strangers = self.attention.strangers(found, clock)
        stood, self._before = came_to_stand([self._before], strangers), strangers
        self.suspects += stood
        return bool(stood)

    def _forget_before(self, clock: FrameClock) -> None:
        first = 0
        for i, packet in enumerate(self._packets):
            if packet.is_key and packet.clock.media_s <= clock.media_s:
                first = i
        del self._packets[:first]
