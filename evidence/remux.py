"""Compressed packets into a file, as they are: the one place that knows FFmpeg's muxers. Nothing is re-encoded."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer
from av.stream import Stream

from streams.packets import Codec

MP4_CODECS = frozenset({"h264", "hevc"})
"""What players and browsers expect in an MP4. Everything else goes into Matroska, which refuses nothing."""


class ClipNotWritten(OSError):
    """The muxer took the packets, but what stands in the file is not what it was given."""


@dataclass(frozen=True, slots=True)
class TimedPacket:
    """A packet's bytes with their place on the clip's own timeline, in ticks of the file's time base."""

    data: bytes
    pts: int
    dts: int
    duration: int
    is_key: bool


def suffix(codec_name: str) -> str:
    """The file suffix of a clip in this codec."""
    return ".mp4" if codec_name in MP4_CODECS else ".mkv"


def remux(codec: Codec, time_base: Fraction, packets: Sequence[TimedPacket], path: Path) -> None:
    """Write packets to `path`: MP4 with its index in front for H.264 and H.265, Matroska for anything else.

    The same packets give the same bytes: no creation time, no random ids.

    Args:
        codec: of every packet.
        time_base: seconds a tick of the packets' times.
        packets: in decoding order, `dts` strictly rising and never above `pts`.
        path: the file to make, with the suffix that `suffix` gives.

    Raises:
        OSError: the file could not be written, or holds another number of packets than it was given
            (`ClipNotWritten`).
    """
    mp4 = codec.name in MP4_CODECS
    options = {"fflags": "+bitexact"} | ({"movflags": "+faststart"} if mp4 else {})
    with av.open(str(path), "w", format="mp4" if mp4 else "matroska", container_options=options) as container:
        stream = _add_stream(container, codec)
        stream.time_base = time_base
        for timed in packets:
            # Not av.Packet(data): PyAV 18 lends those bytes to FFmpeg without the padding that it reads beyond the end.
            packet = av.Packet(len(timed.data))
            packet.update(timed.data)
            packet.stream, packet.time_base = stream, time_base
            packet.pts, packet.dts, packet.duration = timed.pts, timed.dts, timed.duration
            packet.is_keyframe = timed.is_key
            container.mux(packet)
    written = _count_packets(path)
    if written != len(packets):
        # A full disk can pass unnoticed through the muxer's own buffers: only reading back is proof.
        raise ClipNotWritten(f"{path.name} must hold {len(packets)} packets, {written} can be read back")


def _add_stream(container: OutputContainer, codec: Codec) -> Stream:
    """A stream with the camera's parameters, without opening any encoder.

    PyAV takes stream parameters from another stream only. A NUT container in memory is that other stream: NUT
    refuses no codec and looks into no parameters.
    """
    width, height = codec.size_px
    if codec.name in MP4_CODECS and not codec.extradata:
        # Parameter sets in band only: PyAV reads them out of the first packet.
        return container.add_mux_stream(codec.name, width=width, height=height)
    with av.open(io.BytesIO(), "w", format="nut") as named, av.open(io.BytesIO(), "w", format="nut") as template:
        described = template.add_stream_from_template(
            named.add_stream(codec.name, width=width, height=height), opaque=True
        )
        if codec.extradata:
            described.codec_context.extradata = codec.extradata
        template.start_encoding()
        if codec.name in MP4_CODECS:
            return container.add_stream_from_template(described, opaque=True)
        # Over a placeholder, past PyAV's check of codecs: it is stricter than Matroska, which does take
        # Microsoft's old ones.
        stream = container.add_mux_stream("mjpeg")
        BitStreamFilterContext("null", in_stream=described, out_stream=stream)
    return stream


def _count_packets(path: Path) -> int:
    try:
        with av.open(str(path)) as container:
            return sum(1 for packet in container.demux(video=0) if packet.size)
    except av.error.FFmpegError:
        return 0
