"""The order in which pictures are shown, for files that store only the order in which they are decoded."""

from collections import deque
from collections.abc import Iterator
from typing import Any, TypeAlias, cast

import av
from av.video.codeccontext import VideoCodecContext

from streams.packets import Codec

AvPacket: TypeAlias = "av.Packet[Any]"
_MAX_REORDER = 16  # pictures a decoder may hold back in H.264 and H.265
_MAX_HELD = 64  # a picture still missing after so many later packets will never come out


def in_shown_order(packets: Iterator[AvPacket], codec: Codec, reorder: int, step: int) -> Iterator[AvPacket]:
    """Give H.264 and H.265 packets without presentation times the ones that their pictures need.

    Raw streams have no times at all; AVI has decoding times, which FFmpeg repeats as presentation times although
    B-frames make the two differ. A decoder knows the order, so one runs along, with its filters off: the n-th picture
    that it shows takes the time of the n-th packet, later by the reordering delay. (FFmpeg's own filter for this,
    `dts2pts`, was tried: FFmpeg 8.1 gives wrong times after the second IDR picture.)

    Args:
        packets: in decoding order.
        codec: of them.
        reorder: pictures that the decoder holds back to put them in order (`has_b_frames`).
        step: ticks between two pictures, for packets without decoding time.

    Yields:
        The same packets in the same order, `pts` and `dts` filled; `pts` is None where no picture came out.
    """
    context = _order_finder(codec)
    waiting: dict[int, AvPacket] = {}  # by number, not yet given on
    times: deque[int] = deque()  # decoding times that no shown picture has taken yet
    shown_at: dict[int, int] = {}  # number of a waiting packet to the time of its picture

    def look(packet: "AvPacket | None") -> None:
        try:
            pictures = context.decode(packet)
        except av.error.FFmpegError:
            if packet is not None and times:
                times.pop()  # it gives no picture, so nobody takes its time
            return
        for picture in pictures:
            if picture.pts is not None and times:
                shown_at[picture.pts] = times.popleft() + reorder * step

    def given_on(number: int) -> AvPacket:
        packet = waiting.pop(number)
        packet.pts = shown_at.pop(number, None)
        return packet

    for number, packet in enumerate(packets):
        if packet.dts is None:
            packet.dts = number * step
            packet.duration = packet.duration or step
        packet.pts = number  # through the decoder it only names the packet
        waiting[number] = packet
        times.append(packet.dts)
        look(packet)
        while waiting and ((oldest := next(iter(waiting))) in shown_at or len(waiting) > _MAX_HELD):
            yield given_on(oldest)
    look(None)
    while waiting:
        yield given_on(next(iter(waiting)))


def _order_finder(codec: Codec) -> VideoCodecContext:
    context = cast(VideoCodecContext, av.CodecContext.create(codec.name, "r"))
    context.thread_count = 1
    # The order is in the headers; the pixels are not looked at.
    context.options = {"skip_loop_filter": "all", "skip_idct": "all"}
    if codec.extradata:
        context.extradata = codec.extradata
    return context


def with_first_dts(packets: Iterator[AvPacket], step: int) -> Iterator[AvPacket]:
    """Matroska's first pictures have no decoding time when there are B-frames: count back from the first that has."""
    held: list[AvPacket] = []
    for packet in packets:
        held.append(packet)
        if packet.dts is not None:
            for back, earlier in enumerate(reversed(held)):
                earlier.dts = packet.dts - back * step
            break
        if len(held) > _MAX_REORDER:
            break
    yield from held
    yield from packets
