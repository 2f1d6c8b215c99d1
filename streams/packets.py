"""Compressed packets as the camera sent them: what the ring keeps and what clips are cut from."""

from dataclasses import dataclass
from fractions import Fraction

from streams.clock import FrameClock


@dataclass(frozen=True, slots=True)
class Codec:
    """What a decoder or a muxer must know about a stream before its first packet.

    Attributes:
        name: FFmpeg's name: `h264`, `hevc`, `mpeg4`, ...
        size_px: width and height, pixels.
        extradata: parameter sets as the stream carries them out of band; may be empty.
        time_base: seconds a tick of `pts` and `dts`.
        fps: nominal frames a second, 0 where the stream does not say.
    """

    name: str
    size_px: tuple[int, int]
    extradata: bytes
    time_base: Fraction
    fps: float = 0.0


@dataclass(frozen=True, slots=True)
class StreamPacket:
    """One compressed picture: the camera's own bytes, never re-encoded, with the time of its picture.

    Attributes:
        data: the bytes as received.
        pts: presentation time in ticks of `codec.time_base`; continuous within one connection (`session`).
        dts: decoding time in the same ticks.
        duration: in the same ticks, 0 where unknown.
        is_key: a decoder can start here.
        clock: the time of the picture in it.
        codec: shared by all packets of one session.
        session: rises by one at each reconnect: timestamps of different sessions do not compare, `clock.media_s` does.
    """

    data: bytes
    pts: int
    dts: int
    duration: int
    is_key: bool
    clock: FrameClock
    codec: Codec
    session: int = 0
