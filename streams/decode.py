"""Pictures out of compressed packets, each with the clock of its own packet."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import av
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import VideoReformatter

from streams.frame import Frame
from streams.packets import Codec, StreamPacket

_KEPT_AS_DECODED = frozenset({"yuv420p", "yuvj420p"})
_MAX_BACKWARDS = 16
_MAX_INSIDE = 64  # far more than any decoder holds back


class UndecodableRange(Exception):
    """No picture could be made of a whole range of packets."""

    def __init__(self, camera: str, why: str) -> None:
        super().__init__(f"{camera}: {why}")
        self.camera, self.why = camera, why


class PictureDecoder:
    """Decodes the packets of one stream, in the order they come, in one thread.

    Decoding begins at a key frame: what comes before the first one, and what follows a gap between two sessions up
    to the next one, is skipped. A picture comes out when the stream's reordering allows it, so the list for one
    packet may be empty or hold several. Damage is counted, never raised: a street camera loses a packet now and then.

    Packets with a negative `media_s` are decoded because others refer to them, but give no picture: they are what a
    file's edit list hides (see `streams.footage`).

    Attributes:
        codec: what this decoder was made for; a packet with another one needs a new decoder.
        camera: goes into each frame.
        damaged: packets and pictures that did not decode, decoded with errors, or claim an earlier time than the last.
        skipped: packets for which there was no key frame to start from.
    """

    def __init__(self, codec: Codec, *, camera: str, key_frames_only: bool = False) -> None:
        """Open a decoder.

        Args:
            codec: of the stream.
            camera: id of the camera or the footage.
            key_frames_only: decode key frames alone, each delivered at once; the rest costs next to nothing.

        Raises:
            UndecodableRange: FFmpeg has no decoder for the codec.
        """
        self.codec, self.camera, self.key_frames_only = codec, camera, key_frames_only
        self.damaged = 0
        self.skipped = 0
        self._session: int | None = None
        self._newest_s = -math.inf
        self._backwards = 0
        self._fed_count = 0
        self._inside: dict[int, StreamPacket] = {}
        self._reformatter = VideoReformatter()
        self._context = self._opened()

    def decode(self, packet: StreamPacket) -> list[Frame]:
        """The pictures that became ready with this packet, in the order they are shown.

        Raises:
            ValueError: the packet belongs to another codec; make a new decoder.
        """
        if packet.codec is not self.codec and packet.codec != self.codec:
            raise ValueError(f"packet of {packet.codec}, but this decoder is for {self.codec}: make a new one")
        if not packet.data:  # which would tell FFmpeg that the stream ends
            self.damaged += 1
            return []
        if self.key_frames_only:
            if not packet.is_key:
                return []
            # Drained after each key frame: reordering would otherwise hold it back until the next ones came.
            return self._pictures(packet) + self._drained()
        ready: list[Frame] = []
        if self._session is not None and packet.session != self._session:
            ready = self.flush()
        if self._session is None:
            if not packet.is_key:
                self.skipped += 1
                return ready
            self._session = packet.session
        return ready + self._pictures(packet)

    def flush(self) -> list[Frame]:
        """The pictures still held back for reordering; the next packet must be a key frame again.

        After it, packets of an earlier time may follow, as another range of a ring.
        """
        rest = self._drained()
        self._session = None
        self._newest_s = -math.inf
        return rest

    def _drained(self) -> list[Frame]:
        rest = self._pictures(None)
        self._context.flush_buffers()
        self._inside.clear()
        return rest

    def _opened(self) -> VideoCodecContext:
        try:
            context = av.CodecContext.create(self.codec.name, "r")
        except (av.error.FFmpegError, ValueError) as error:  # a ValueError is an unknown name
            raise UndecodableRange(self.camera, f"no decoder for {self.codec.name}: {error}") from error
        if not isinstance(context, VideoCodecContext):
            raise UndecodableRange(self.camera, f"{self.codec.name} is no video codec")
        context.thread_count = 1
        # Some old codecs (MS MPEG-4) do not carry their size in the bitstream.
        context.width, context.height = self.codec.size_px
        if self.codec.extradata:
            context.extradata = self.codec.extradata
        return context

    def _pictures(self, packet: StreamPacket | None) -> list[Frame]:
        fed = None if packet is None else self._fed(packet)
        try:
            pictures = self._context.decode(fed)
        except av.error.FFmpegError:
            self.damaged += 1
            return []
        return [frame for picture in pictures if (frame := self._frame(picture)) is not None]

    def _fed(self, packet: StreamPacket) -> "av.Packet[Any]":
        # Not av.Packet(packet.data): PyAV 18 then lends the bytes to FFmpeg as they are, without the zeroed padding
        # that decoders read beyond the end (AV_INPUT_BUFFER_PADDING_SIZE), and sound pictures come out damaged.
        fed = av.Packet(len(packet.data))
        fed.update(packet.data)
        # Through the decoder, pts only names the packet: exact even where a stream repeats a timestamp.
        self._fed_count += 1
        fed.pts = fed.dts = self._fed_count
        fed.is_keyframe = packet.is_key
        self._inside[self._fed_count] = packet
        if len(self._inside) > _MAX_INSIDE:  # packets that never became a picture
            del self._inside[next(iter(self._inside))]
        return fed

    def _frame(self, picture: av.VideoFrame) -> Frame | None:
        source = self._inside.pop(picture.pts, None) if picture.pts is not None else None
        if picture.is_corrupt or source is None:
            self.damaged += 1
            return None
        if source.clock.media_s < 0:
            return None
        if source.clock.media_s <= self._newest_s:
            # A damaged timestamp. Time may not go back; but if it does so for good, it was the earlier one that lied.
            self.damaged += 1
            self._backwards += 1
            if self._backwards < _MAX_BACKWARDS:
                return None
        self._newest_s, self._backwards = source.clock.media_s, 0
        if picture.format.name not in _KEPT_AS_DECODED:
            picture = self._reformatter.reformat(picture, format="yuv420p")
        picture.pts, picture.time_base = source.pts, self.codec.time_base
        return Frame(self.camera, source.clock, picture, source.is_key)


def key_picture(packet: StreamPacket, *, camera: str) -> Frame | None:
    """The picture of one key frame; None where it does not decode.

    By a decoder of its own that is gone afterwards: opening one costs a fraction of a millisecond, keeping one costs
    its reference pictures, about 19 MB at 1080p for each camera that is only glanced at every two seconds.

    Raises:
        UndecodableRange: FFmpeg has no decoder for the codec.
    """
    frames = PictureDecoder(packet.codec, camera=camera, key_frames_only=True).decode(packet)
    return frames[0] if frames else None


def decode_around(packets: Sequence[StreamPacket], wanted_media_s: Sequence[float], *, camera: str) -> list[Frame]:
    """The pictures nearest to some moments, decoding only the groups of pictures that hold them.

    Args:
        packets: in decoding order, as a ring or a spool gives them; sessions and codecs may change within.
        wanted_media_s: the moments, seconds of `media_s`.
        camera: goes into the frames.

    Returns:
        One frame a moment, in the order of the moments; the same picture twice where it is nearest to both.

    Raises:
        UndecodableRange: not one group of pictures near a moment gives a picture.
    """
    starts = [i for i, packet in enumerate(packets) if packet.is_key]
    groups = [range(a, b) for a, b in pairwise([*starts, len(packets)])]
    decoded: dict[int, list[Frame]] = {}
    found = []
    for moment in wanted_media_s:
        for group in _nearest_first(packets, groups, moment):
            if group not in decoded:
                decoded[group] = _decoded(packets, groups, group, wanted_media_s, camera)
            if decoded[group]:
                found.append(min(decoded[group], key=lambda frame: abs(frame.clock.media_s - moment)))
                break
        else:
            raise UndecodableRange(camera, f"no picture near {moment:.3f} s can be decoded from {len(packets)} packets")
    return found


def _nearest_first(packets: Sequence[StreamPacket], groups: Sequence[range], moment: float) -> Iterator[int]:
    """Groups by the distance of their nearest picture to the moment: a damaged one falls back to its neighbour."""
    distance = [min(abs(packets[i].clock.media_s - moment) for i in group) for group in groups]
    yield from sorted(range(len(groups)), key=lambda g: distance[g])


def _decoded(
    packets: Sequence[StreamPacket], groups: Sequence[range], group: int, wanted: Sequence[float], camera: str
) -> list[Frame]:
    """Of one group, the picture nearest to each wanted moment; the others are let go as soon as they are decoded."""
    first, end = groups[group].start, groups[group].stop
    # Pictures shown before their key frame (an open group) also lean on the group before.
    leading = any(packets[i].clock.media_s < packets[first].clock.media_s for i in groups[group])
    if leading and group > 0 and packets[groups[group - 1].start].session == packets[first].session:
        first = groups[group - 1].start
    decoder = PictureDecoder(packets[first].codec, camera=camera)
    best: list[Frame | None] = [None] * len(wanted)

    def keep(frames: list[Frame]) -> None:
        for frame in frames:
            for i, moment in enumerate(wanted):
                old = best[i]
                if old is None or abs(frame.clock.media_s - moment) < abs(old.clock.media_s - moment):
                    best[i] = frame

    for packet in packets[first:end]:
        if packet.codec == decoder.codec:
            keep(decoder.decode(packet))
    keep(decoder.flush())
    return [frame for frame in best if frame is not None]
