"""A camera for tests: real encoded video whose pictures carry their own number as a barcode, and a moving box."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from streams.clock import ClockSource, FrameClock
from streams.packets import Codec, StreamPacket

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
CELL = 16
BITS = 12
DATA = Path(__file__).parents[2].parent / "shared" / "data"


def picture(number: int, size_px: tuple[int, int] = (320, 240)) -> NDArray[np.uint8]:
    """A grey street with a bar code of `number` in its top left corner and a bright box that moves with it."""
    width, height = size_px
    rgb = np.full((height, width, 3), 90, np.uint8)
    rgb[:, :, 1] += (np.arange(width, dtype=np.uint32) * 60 // width).astype(np.uint8)
    for bit in range(BITS):
        rgb[:CELL, bit * CELL : (bit + 1) * CELL] = 255 if number >> bit & 1 else 0
    left = box_left(number, width)
    rgb[100:160, left : left + 60] = (250, 220, 40)
    return rgb


def box_left(number: int, width: int = 320) -> int:
    """Where the moving box begins in picture `number`, pixels."""
    return (number * 4) % (width - 60)


def number_of(rgb: NDArray[np.uint8]) -> int:
    """Read the bar code back."""
    middle = CELL // 2
    return sum(1 << bit for bit in range(BITS) if rgb[middle, bit * CELL + middle].mean() > 127)


def record(
    codec: str = "h264",
    pictures: int = 50,
    fps: int = 25,
    gop: int = 25,
    b_frames: int = 0,
    size_px: tuple[int, int] = (320, 240),
    first_number: int = 0,
    start_s: float = 0.0,
    session: int = 0,
    global_header: bool = False,
    first_pts: int = 0,
    error_s: float = 0.05,
) -> list[StreamPacket]:
    """Encode a clip and hand it out as a camera would: Annex B in band, or with parameter sets out of band."""
    encoder = av.CodecContext.create(codec, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height = size_px
    encoder.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    encoder.time_base, encoder.framerate, encoder.gop_size = Fraction(1, fps), Fraction(fps), gop
    encoder.thread_count = 1
    if codec == "h264":
        encoder.options = {"preset": "ultrafast", "x264-params": f"bframes={b_frames}:keyint={gop}:scenecut=0"}
    elif codec == "hevc":
        encoder.options = {"preset": "ultrafast", "x265-params": f"bframes={b_frames}:keyint={gop}:log-level=error"}
    if global_header:
        encoder.flags |= 1 << 22
    encoded = []
    for number in range(pictures):
        frame = av.VideoFrame.from_ndarray(picture(first_number + number, size_px), format="rgb24")
        frame = frame.reformat(format=encoder.pix_fmt)
        frame.pts, frame.time_base = number, encoder.time_base
        encoded += encoder.encode(frame)
    encoded += encoder.encode(None)
    base = Fraction(1, 90000)
    ticks = 90000 // fps
    described = Codec(codec, size_px, encoder.extradata or b"", base, float(fps))
    return [
        StreamPacket(
            data=bytes(packet),
            pts=(packet.pts or 0) * ticks + first_pts,
            dts=(packet.dts or 0) * ticks + first_pts,
            duration=ticks,
            is_key=packet.is_keyframe,
            clock=clock(start_s + (packet.pts or 0) / fps, error_s),
            codec=described,
            session=session,
        )
        for packet in encoded
    ]


def clock(media_s: float, error_s: float = 0.05) -> FrameClock:
    """The moment `media_s` seconds after START."""
    return FrameClock(START + timedelta(seconds=media_s), ClockSource.RTCP, error_s, media_s)


def later(packets: Sequence[StreamPacket], seconds: float, session: int) -> list[StreamPacket]:
    """The same packets again, as another session that began `seconds` later."""
    return [replace(p, clock=clock(p.clock.media_s + seconds), session=session) for p in packets]


def annex_b_units(data: bytes) -> list[bytes]:
    """The NAL units of an access unit whose units are marked by start codes."""
    return [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1") if unit.strip(b"\0")]


def prefixed_units(data: bytes) -> list[bytes]:
    """The NAL units of an access unit whose units follow their length, as MP4 stores them."""
    units, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        units.append(data[at + 4 : at + 4 + size].rstrip(b"\0"))
        at += 4 + size
    return units


def demuxed(path: Path) -> list[tuple[bytes, float, float, bool]]:
    """Every packet of a file: bytes, presentation and decoding time in seconds, key or not."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        return [
            (bytes(p), float((p.pts or 0) * stream.time_base), float((p.dts or 0) * stream.time_base), p.is_keyframe)
            for p in container.demux(stream)
            if p.size
        ]


def shown(path: Path) -> list[tuple[float, int]]:
    """Every picture of a file as a player shows it: seconds from the start, and the number in its bar code."""
    with av.open(str(path)) as container:
        return [
            (float(f.time or 0.0), number_of(np.asarray(f.to_ndarray(format="rgb24"), np.uint8)))
            for f in container.decode(video=0)
        ]
