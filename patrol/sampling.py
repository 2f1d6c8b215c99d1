"""A stay of hours: its opening whole, a sample now and then, its end whole. What a disk holds of it is bounded."""

from collections.abc import Iterable, Iterator

from streams.packets import StreamPacket

OPENING_S = 600.0
"""Whole from the beginning: no stay that is judged within minutes is ever cut."""
SAMPLE_EVERY_S, SAMPLE_S = 300.0, 4.0
END_S = 30.0
"""Whole before the verdict; what follows the verdict is whole as well."""
_KEY_S = 15.0


def left_out(first_s: float, verdict_s: float) -> tuple[float, float] | None:
    """Media time from and to where there are samples only; None where everything is there."""
    begin, end = first_s + OPENING_S, verdict_s - END_S
    return (begin, end) if end - begin > SAMPLE_EVERY_S else None


def in_sample(at_s: float, first_s: float) -> bool:
    """Whether a moment lies in the opening or about a sample, whose key frame may come some seconds late."""
    over_s = at_s - first_s - OPENING_S
    return at_s >= first_s and (over_s <= 0 or over_s % SAMPLE_EVERY_S < SAMPLE_S + _KEY_S)


class Sampler:
    """Decides for each packet of a stay that goes on whether it is kept; a sample begins with a key frame."""

    def __init__(self, first_s: float) -> None:
        self._whole_until_s = first_s + OPENING_S
        self._next_s, self._until_s = self._whole_until_s + SAMPLE_EVERY_S, self._whole_until_s
        self._on = True

    def keeps(self, packet: StreamPacket) -> bool:
        """Whether the packet belongs to the opening or to a sample; ask for each packet once, as they come."""
        at_s = packet.clock.media_s
        if at_s <= self._whole_until_s:
            return True
        if packet.is_key:
            if at_s >= self._next_s:
                self._next_s, self._until_s = at_s + SAMPLE_EVERY_S, at_s + SAMPLE_S
            self._on = at_s < self._until_s
        return self._on


def thinned(packets: Iterable[StreamPacket], first_s: float, verdict_s: float) -> Iterator[StreamPacket]:
    """Of a stay that is over: opening, samples and end, the end from the key frame before it."""
    if left_out(first_s, verdict_s) is None:
        yield from packets
        return
    sampler = Sampler(first_s)
    skipped: list[StreamPacket] = []
    for packet in packets:
        if packet.is_key:
            skipped = []
        if sampler.keeps(packet):
            yield packet
        elif packet.clock.media_s >= verdict_s - END_S:
            yield from skipped
            yield packet
            skipped = []
        else:
            skipped.append(packet)
