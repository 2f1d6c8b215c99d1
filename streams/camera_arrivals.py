"""When the packets of a live camera really came in, whatever the library did to them on the way."""

import struct
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from streams.camera_clock import Arrival
from streams.errors import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.packet import Packet
    from av.video.stream import VideoStream

    Received = tuple[Packet[VideoStream], Arrival]

_PRODUCER_TIME = struct.Struct("=qi")  # AVProducerReferenceTime of FFmpeg: Unix microseconds, flags
_LIVE_WAIT_S = 0.005  # reading the next packet out of a buffer takes microseconds
_LONGEST_BUFFER_S = 10.0


def arrivals(
    packets: "Iterable[Packet[VideoStream]]", camera: str, patience_s: float, live_wait_s: float = _LIVE_WAIT_S
) -> "Iterator[Received]":
    """Each packet with the moment it came in.

    While the library opens a stream it looks at its first packets, and hands them out together afterwards. They are
    held back here until one comes that had to be waited for; their moments follow from that one's by the timestamps.

    When the library gives up waiting it first hands out the picture that its parser still held, and would then wait
    as long again. That picture is dated back, and the wait ends here.

    Args:
        packets: as the library gives them.
        camera: id, for the error.
        patience_s: a packet must come within so many seconds. What the consumer needs in between is not counted.
        live_wait_s: a packet that had to be waited for so long came from the line, not from a buffer.

    Raises:
        Frozen: none came within `patience_s`.
    """
    held: list[Received] = []
    live = False
    last: Arrival | None = None
    asked_s = time.monotonic()
    for packet in _timed(packets):
        arrival = _arrival(packet)
        waited_s = arrival.mono_s - asked_s
        gave_up = waited_s >= patience_s
        if gave_up and last is not None:
            arrival = _moved(arrival, last.mono_s + arrival.pts_s - last.pts_s)
        if live:
            yield packet, arrival
        else:
            held.append((packet, arrival))
            live = waited_s >= live_wait_s
            if live:
                yield from _dated_back(held)
        if gave_up:
            raise Frozen(camera, f"no picture for {waited_s:.0f} s; check the camera and its network")
        last = arrival
        asked_s = time.monotonic()
    if not live:
        yield from held


def _dated_back(held: "list[Received]") -> "Iterator[Received]":
    """Packets out of a buffer as if each had come when its timestamp says; the last one was not in the buffer."""
    live = held[-1][1]
    for packet, arrival in held:
        yield packet, _moved(arrival, live.mono_s - (live.pts_s - arrival.pts_s))


def _moved(arrival: Arrival, mono_s: float) -> Arrival:
    """The same picture, come in earlier: never later than we saw it, nor absurdly early when timestamps leap."""
    mono_s = min(max(mono_s, arrival.mono_s - _LONGEST_BUFFER_S), arrival.mono_s)
    return replace(arrival, mono_s=mono_s, unix_s=arrival.unix_s - (arrival.mono_s - mono_s))


def _timed(packets: "Iterable[Packet[VideoStream]]") -> "Iterator[Packet[VideoStream]]":
    """Packets that have a time: FFmpeg leaves the first one it looked at without, and the next one tells it."""
    untimed = None
    for packet in packets:
        if not packet.size:
            continue  # the library's way to say that the connection ended
        if packet.pts is None:
            untimed = packet
            continue
        if untimed is not None:
            untimed.pts = packet.pts - (untimed.duration or 1)
            yield untimed
            untimed = None
        yield packet


def _arrival(packet: "Packet[VideoStream]") -> Arrival:
    named_s = None
    if packet.has_sidedata("prft"):
        microseconds, _ = _PRODUCER_TIME.unpack_from(bytes(packet.get_sidedata("prft")))
        named_s = microseconds / 1e6
    pts_s = float((packet.pts or 0) * packet.time_base)
    return Arrival(pts_s, time.monotonic(), time.time(), named_s, packet.has_sidedata("rtcp_sr"))
