"""Recorded footage: any file that FFmpeg reads, as packets with clocks."""

import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path

import av
from av.container import InputContainer

from streams.clock import ClockSource, FrameClock
from streams.footage_order import AvPacket, in_shown_order, with_first_dts
from streams.footage_time import StartTime, Timeline, start_time
from streams.packets import Codec, StreamPacket

_DEFAULT_FPS = 25.0
_NAMES_ITS_LENGTH = frozenset({"mov", "matroska", "avi", "flv", "asf"})
_MAY_RESTART = frozenset({"mpegts", "mpeg"})
_LENGTH_SLACK_S = 0.5
_PACKETS_TO_FIRST_PICTURE = 100
_COPY_AGAIN = "copy it again from the recorder, or export it there in another format"


class UnreadableFootage(Exception):
    """A file that gives no picture at all.

    Attributes:
        path: of the file.
        why: what is wrong with it.
        what_to_do: for the person who named it.
    """

    def __init__(self, path: Path, why: str, what_to_do: str) -> None:
        super().__init__(f"{path}: {why}; {what_to_do}")
        self.path, self.why, self.what_to_do = path, why, what_to_do


class Footage:
    """One recorded file as a stream.

    Time 0 of `media_s` is the first picture that a player shows. Pictures which the file's edit list hides come
    before it, with a negative `media_s`: a decoder needs them, nobody sees them. Pixels are as recorded; a display
    matrix is noted, not applied, so zones and boxes count in recorded pixels.

    Attributes:
        path: of the file.
        camera: id that its frames carry.
        start: when it began, how sure that is and who said so.
        codec: what decoder and muxer must know.
        duration_s: length as the file states it, 0 where it does not: for a progress bar, not for evidence.
        rotation_deg: by how much the file asks players to turn its pictures, counter-clockwise.
    """

    def __init__(self, path: Path | str, *, camera: str, start: datetime | None = None) -> None:
        """Open a file and see what it is; no more is read than its first picture.

        Args:
            path: a local file; never a network address or a playlist that leads to one.
            camera: id for its frames.
            start: moment of the first picture; must carry an offset from UTC.

        Raises:
            UnreadableFootage: nothing in it can be read as video.
            ValueError: `start` has no offset from UTC.
        """
        self.path, self.camera = Path(path), camera
        self._problems: list[str] = []
        modified = self._modified()
        with self._opened() as container:
            stream = self._video(container)
            self.codec = _codec_of(stream)
            self.duration_s = _duration_s(container, stream)
            self.rotation_deg = self._rotation(container, stream)
            metadata = {**stream.metadata, **container.metadata}
        self.start: StartTime = start_time(start, metadata, modified, self.duration_s, datetime.now(UTC))

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of its pictures as recorded, pixels."""
        return self.codec.size_px

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be read, or had to be mended, so far in the latest reading: one line each."""
        return tuple(self._problems)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the results should know although nothing is wrong: one line each."""
        lines = [
            f"{self.path}: began {self.start.at.isoformat()} by {self.start.origin} (± {self.start.error_s:.0f} s)"
        ]
        if self.rotation_deg:
            lines.append(
                f"{self.path}: players turn it by {self.rotation_deg}°; zones and boxes count in the pixels as recorded"
            )
        return tuple(lines)

    def packets(self) -> Iterator[StreamPacket]:
        """Every packet of its video, in decoding order; each call reads the file anew.

        Damage ends or thins the stream, and `problems` says where; nothing is raised for it.

        Raises:
            UnreadableFootage: the file is gone or does not open any more.
        """
        self._problems = []
        with self._opened() as container:
            stream = self._video(container)
            step_s = 1 / (self.codec.fps or _DEFAULT_FPS)
            may_restart = container.format.name in _MAY_RESTART
            timeline = Timeline(self.codec.time_base, step_s, may_restart=may_restart)
            zero: int | None = None
            end_s = 0.0
            for packet in self._in_order(container, stream, step_s):
                pts, dts = timeline.placed(packet.pts, packet.dts, packet.duration or 0)
                if zero is None and not packet.is_discard:
                    zero = pts
                yield self._stream_packet(packet, pts, dts, zero if zero is not None else stream.start_time or 0)
                end_s = max(end_s, float((pts - (zero or 0)) * self.codec.time_base) + step_s)
            self._report(timeline, container.format.name, end_s)

    def _stream_packet(self, packet: AvPacket, pts: int, dts: int, zero: int) -> StreamPacket:
        media_s = float((pts - zero) * self.codec.time_base)
        at = self.start.at + timedelta(seconds=media_s)
        clock = FrameClock(at, ClockSource.FILE, self.start.error_s, media_s)
        return StreamPacket(bytes(packet), pts, dts, packet.duration or 0, packet.is_keyframe, clock, self.codec)

    def _in_order(self, container: InputContainer, stream: av.VideoStream, step_s: float) -> Iterator[AvPacket]:
        """Packets with the presentation times of their pictures, as far as anybody can tell."""
        packets = self._read(container, stream)
        first = next(packets, None)
        if first is None:
            return
        step = max(1, round(step_s / float(self.codec.time_base)))
        reorder = stream.codec_context.reorder_depth
        guessed = container.format.name == "avi" or (first.pts is None and first.dts is None)
        if guessed and reorder and self.codec.name in ("h264", "hevc"):
            yield from in_shown_order(chain([first], packets), self.codec, reorder, step)
        else:
            yield from with_first_dts(chain([first], packets), step)

    def _read(self, container: InputContainer, stream: av.VideoStream) -> Iterator[AvPacket]:
        """Packets as FFmpeg gives them, until the end or the first place it cannot get over."""
        doubtful: AvPacket | None = None
        gaps, first_gap_s, at_s = 0, 0.0, 0.0
        try:
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                # FFmpeg marks a packet that the end of the file cuts short, and in MPEG-TS one beside a lost piece.
                # The first is of no use and always the last; the second is usually whole.
                if doubtful is not None:
                    first_gap_s = first_gap_s if gaps else at_s
                    gaps += 1
                    yield doubtful
                doubtful = packet if packet.is_corrupt else None
                stamp = packet.pts if packet.pts is not None else packet.dts
                if stamp is not None:
                    at_s = max(at_s, float((stamp - (stream.start_time or 0)) * self.codec.time_base))
                if doubtful is None:
                    yield packet
        except IndexError:
            pass  # PyAV 18 stumbles at the very end where a stream appeared half-way; every packet was given by then
        except av.error.FFmpegError as error:
            self._problem(f"reading ended at {at_s:.1f} s: {_said(error)}")
        if doubtful is not None:
            self._problem(f"its last packet, at {at_s:.1f} s, is cut short and was left out")
        if gaps:
            self._problem(f"pieces are missing at {gaps} places, the first at {first_gap_s:.1f} s")

    def _report(self, timeline: Timeline, container: str, end_s: float) -> None:
        if 0 < timeline.filled < timeline.seen:  # where no picture has a time, its format has none: nothing is wrong
            self._problem(f"{timeline.filled} of {timeline.seen} pictures have no sound time: it was computed")
        for at_s, step_s in timeline.jumps:
            which = "back" if step_s < 0 else "forward"
            self._problem(f"its timestamps jump {which} by {abs(step_s):.1f} s at {at_s:.1f} s")
        # A length that is merely estimated, as MPEG-TS has it, proves nothing.
        honest = not _NAMES_ITS_LENGTH.isdisjoint(container.split(","))
        if honest and self.duration_s - end_s > max(_LENGTH_SLACK_S, self.duration_s / 100):
            self._problem(f"ends at {end_s:.1f} s, but its head says {self.duration_s:.1f} s: cut off or damaged")

    def _problem(self, what: str) -> None:
        self._problems.append(f"{self.path}: {what}")

    def _modified(self) -> datetime:
        try:
            found = self.path.stat()
        except OSError as error:
            raise UnreadableFootage(self.path, f"cannot be opened: {error.strerror}", "check the path") from error
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableFootage(self.path, "is not a file", "name one video file")
        if not found.st_size:
            raise UnreadableFootage(self.path, "is empty", _COPY_AGAIN)
        return datetime.fromtimestamp(found.st_mtime, UTC)

    def _opened(self) -> InputContainer:
        # `file:` keeps a name with a colon from being read as a protocol, the list keeps playlists off the network.
        options = {"protocol_whitelist": "file,crypto,data"}
        try:
            return av.open(f"file:{self.path}", options=options, metadata_errors="replace")
        except (av.error.FFmpegError, OSError) as error:
            why = f"is no video that FFmpeg can read: {_said(error)}"
            raise UnreadableFootage(self.path, why, _COPY_AGAIN) from error

    def _video(self, container: InputContainer) -> av.VideoStream:
        for stream in container.streams.video:
            cover = av.stream.Disposition.attached_pic in stream.disposition
            if not cover and stream.codec_context is not None and stream.codec_context.width:
                return stream
        raise UnreadableFootage(self.path, "holds no video", "name the file with the pictures")

    def _rotation(self, container: InputContainer, stream: av.VideoStream) -> int:
        stream.codec_context.thread_count = 1  # several would hold the first picture back
        packets = 0
        try:
            for packet in islice(container.demux(stream), _PACKETS_TO_FIRST_PICTURE):
                packets += packet.size > 0 and not packet.is_corrupt
                for picture in packet.decode():
                    return int(picture.rotation)
        except (av.error.FFmpegError, IndexError) as error:
            if not packets:
                raise UnreadableFootage(self.path, f"holds no picture: {_said(error)}", _COPY_AGAIN) from error
        if not packets:
            raise UnreadableFootage(self.path, "holds no whole picture", _COPY_AGAIN)
        return 0


def _codec_of(stream: av.VideoStream) -> Codec:
    context = stream.codec_context
    rate = stream.guessed_rate or stream.average_rate or stream.base_rate
    return Codec(
        name=context.codec.canonical_name,
        size_px=(context.width, context.height),
        extradata=bytes(context.extradata or b""),
        time_base=stream.time_base or Fraction(1, 90_000),
        fps=float(rate) if rate else 0.0,
    )


def _duration_s(container: InputContainer, stream: av.VideoStream) -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else 0.0


def _said(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
