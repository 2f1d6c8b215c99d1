"""A clip, cut into RTP payloads once: serving it then costs a header and a copy for each packet."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.bitstream import BitStreamFilterContext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

RTP_HEADER = 12  # bytes, RFC 3550 section 5.1, without contributing sources
CLOCK_HZ = 90_000  # of video over RTP, RFC 6184 section 8.2.1 and RFC 7798 section 7.1
_PACKET = 1400  # bytes with the header: fits an Ethernet frame, tunnels included
_TO_ANNEX_B = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}
_START_CODE = b"\x00\x00\x00\x01"


@dataclass(frozen=True, slots=True)
class Picture:
    """One coded picture, ready to be sent.

    Attributes:
        ticks: when it is shown, 90 kHz ticks from the start of the clip.
        is_key: a decoder can start here; the parameter sets are among its payloads.
        payloads: RTP payloads in order, the last one closes the picture.
    """

    ticks: int
    is_key: bool
    payloads: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Clip:
    """A whole clip in memory.

    Attributes:
        codec: `h264` or `hevc`.
        parameter_sets: SPS and PPS (and VPS for H.265), without start codes, in stream order.
        pictures: at least one, the first of them a key picture; times rise.
        duration_ticks: from the first picture to where the next round begins, 90 kHz ticks.
    """

    codec: str
    parameter_sets: tuple[bytes, ...]
    pictures: tuple[Picture, ...]
    duration_ticks: int

    @classmethod
    def load(cls, footage: Path) -> "Clip":
        """Read a clip and cut it into RTP payloads.

        Raises:
            ValueError: it is neither H.264 nor H.265, has B-frames, or does not begin with a key picture; the
                message says how to make it fit.
            OSError: it cannot be opened or read.
        """
        with av.open(str(footage)) as source:
            video = next(iter(source.streams.video), None)
            codec = video.codec_context.name if video else "no video"
            if video is None or codec not in _TO_ANNEX_B:
                raise _unfit(footage, f"expected H.264 or H.265, got {codec}")
            coded = _annex_b(source, video)
            return _Cutter(footage, codec, video).cut(coded)

    def forever(self, from_ticks: int) -> "Iterator[tuple[int, Picture]]":
        """Every picture due at or after `from_ticks`, round after round without a gap, with its time in ticks."""
        turn = from_ticks // self.duration_ticks
        while True:
            for picture in self.pictures:
                due = turn * self.duration_ticks + picture.ticks
                if due >= from_ticks:
                    yield due, picture
            turn += 1


class _Outbox:
    """A file that FFmpeg's `rtp` muxer writes to: it flushes after each packet, so each write is one packet."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.packets.append(bytes(data))
        return len(data)


def _annex_b(source: "InputContainer", video: "VideoStream") -> "list[Packet[VideoStream]]":
    """All coded pictures, the parameter sets before each key picture as cameras send them; MP4 keeps them apart."""
    to_annex_b = BitStreamFilterContext(_TO_ANNEX_B[video.codec_context.name], video)
    whole = (packet for packet in source.demux(video) if packet.dts is not None)  # the last one only flushes
    return [cut for packet in whole for cut in to_annex_b.filter(packet)]


class _Cutter:
    """Runs one clip through FFmpeg's `rtp` muxer."""

    def __init__(self, footage: Path, codec: str, video: "VideoStream") -> None:
        self._footage, self._codec, self._video = footage, codec, video

    def cut(self, coded: "list[Packet[VideoStream]]") -> Clip:
        if not coded or not coded[0].is_keyframe:
            raise _unfit(self._footage, "it does not begin with a key picture")
        sets = _parameter_sets(self._codec, bytes(coded[0]))
        if not sets:
            raise _unfit(self._footage, "its first picture has no parameter sets")

        outbox = _Outbox()
        options = {"packetsize": str(_PACKET), "payload_type": "96", "rtpflags": "skip_rtcp"}
        pictures = []
        with av.open(outbox, "w", format="rtp", options=options) as muxer:
            track = muxer.add_stream_from_template(self._video)
            # Without this the muxer believes in MP4's length prefixes and cuts the start codes for lengths.
            track.codec_context.extradata = b"".join(_START_CODE + nal for nal in sets)
            for packet in coded:
                ticks, is_key = self._ticks(packet, coded[0]), packet.is_keyframe
                packet.stream = track
                muxer.mux(packet)
                pictures.append(Picture(ticks, is_key, tuple(p[RTP_HEADER:] for p in outbox.packets)))
                outbox.packets.clear()
        return Clip(self._codec, sets, tuple(pictures), self._duration(pictures))

    def _ticks(self, packet: "Packet[VideoStream]", first: "Packet[VideoStream]") -> int:
        if packet.pts is None or packet.pts != packet.dts or first.pts is None or packet.time_base is None:
            raise _unfit(self._footage, "it has B-frames, which no surveillance camera sends")
        return round((packet.pts - first.pts) * packet.time_base * CLOCK_HZ)

    def _duration(self, pictures: list[Picture]) -> int:
        """The last picture stays as long as the clip's rate says, so that a round ends as regularly as it ran."""
        if len(pictures) > 1:
            # The usual step: a clip whose last step is odd still loops at its own rhythm.
            steps = sorted(b.ticks - a.ticks for a, b in pairwise(pictures))
            return pictures[-1].ticks + max(steps[len(steps) // 2], 1)
        rate = self._video.average_rate or self._video.guessed_rate or 1
        return round(CLOCK_HZ / rate)


def _parameter_sets(codec: str, picture: bytes) -> tuple[bytes, ...]:
    """The parameter sets in one Annex B picture (ISO/IEC 14496-10 table 7-1; ISO/IEC 23008-2 table 7-1)."""
    nals = [nal.rstrip(b"\x00") for nal in picture.split(b"\x00\x00\x01") if nal]
    if codec == "h264":
        sets = [nal for nal in nals if nal and nal[0] & 0x1F in (7, 8)]
    else:
        sets = [nal for nal in nals if nal and nal[0] >> 1 & 0x3F in (32, 33, 34)]
    return tuple(dict.fromkeys(sets))  # a clip may carry them twice, apart and in band


def _unfit(footage: Path, what: str) -> ValueError:
    return ValueError(
        f"{footage}: {what}; make it fit with: ffmpeg -i {footage.name} -an -c:v libx264 -bf 0 -g 25 clip.mp4"
    )
