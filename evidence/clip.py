"""The clip: the camera's own packets in a file, on one continuous timeline, from a key frame on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from math import gcd, lcm
from pathlib import Path
from statistics import median

from evidence.remux import TimedPacket, remux, suffix
from streams.packets import Codec, StreamPacket

GAP_S = 1.0
"""Pictures further apart than this, and than three usual intervals, have a gap between them."""
PAUSE_S = 120.0
"""A pause longer than this begins a new file: the samples of a stay of hours are files of their own."""


@dataclass(frozen=True, slots=True)
class ClipFile:
    """One file of a clip.

    Attributes:
        name: of the file, without a folder.
        codec: FFmpeg's name.
        size_px: width and height.
        pictures: `(media_s, clip_s)` of each picture, in order of presentation: when it was on the stream's
            timeline, and where it is in this file, seconds from its start.
    """

    name: str
    codec: str
    size_px: tuple[int, int]
    pictures: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if not self.pictures:
            raise ValueError(f"clip file {self.name} must hold at least one picture, got none")

    @property
    def first_s(self) -> float:
        """Media time of the first picture."""
        return self.pictures[0][0]

    @property
    def last_s(self) -> float:
        """Media time of the last picture."""
        return self.pictures[-1][0]


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What a clip really holds.

    Attributes:
        files: more than one where the codec changed or a long pause lay inside; none where nothing could be decoded.
        gaps: media time from and to where pictures are missing inside the clip.
    """

    files: tuple[ClipFile, ...]
    gaps: tuple[tuple[float, float], ...]

    @property
    def first_s(self) -> float | None:
        """Media time of the first picture; None where there is none."""
        return self.files[0].first_s if self.files else None

    @property
    def last_s(self) -> float | None:
        """Media time of the last picture; None where there is none."""
        return self.files[-1].last_s if self.files else None

    @property
    def frames(self) -> int:
        """Number of pictures in all files."""
        return sum(len(file.pictures) for file in self.files)

    @property
    def codec(self) -> str:
        """FFmpeg's name of the (first) codec; empty where there is no picture."""
        return self.files[0].codec if self.files else ""

    def place(self, media_s: float, within_s: float = 0.5) -> tuple[str, float] | None:
        """The file and the seconds in it that show a moment, or None where no picture is that near."""
        found = min(
            ((abs(at - media_s), file.name, clip_s) for file in self.files for at, clip_s in file.pictures),
            default=None,
        )
        return (found[1], found[2]) if found is not None and found[0] <= within_s else None


def cut(packets: Sequence[StreamPacket], path: Path) -> ClipFacts:
    """Write packets to a clip without touching their bytes.

    Timestamps of the camera restart at each reconnect; in the clip they run on, placed by `clock.media_s`. Within
    one session their differences stay exactly as the camera sent them. Packets that no decoder could start from
    (before the first key frame of a session or codec) are left out, and the hole is a gap.

    Args:
        packets: of one camera, in decoding order as they came, from one or several sessions.
        path: where to write, without a suffix: `clip` makes `clip.mp4` or `clip.mkv`; a codec change or a long
            pause inside the range makes `clip-2.mp4` and so on.

    Returns:
        What is in it. Without any key frame nothing is written and `files` is empty.

    Raises:
        OSError: a file could not be written whole.
    """
    files: list[ClipFile] = []
    for of_file in _files(packets):
        number = f"-{len(files) + 1}" if files else ""
        codec = of_file[0].codec
        target = path.with_name(f"{path.name}{number}{suffix(codec.name)}")
        files.append(_write(of_file, codec, target))
    return ClipFacts(tuple(files), _gaps([at for file in files for at, _ in file.pictures]))


def _files(packets: Sequence[StreamPacket]) -> Iterator[list[StreamPacket]]:
    """What goes into one file: one codec, and no pause that would leave a player with a still picture for minutes."""
    for _, group in groupby(_decodable(packets), key=lambda packet: _parameters(packet.codec)):
        part: list[StreamPacket] = []
        for packet in group:
            if part and packet.is_key and packet.clock.media_s - part[-1].clock.media_s > PAUSE_S:
                yield part
                part = []
            part.append(packet)
        yield part


def _parameters(codec: Codec) -> tuple[str, tuple[int, int], bytes]:
    """What may not change within one file. The time base may: times are brought to a common one."""
    return codec.name, codec.size_px, codec.extradata


def _decodable(packets: Sequence[StreamPacket]) -> Iterator[StreamPacket]:
    for _, run in groupby(packets, key=lambda packet: (packet.session, _parameters(packet.codec))):
        started = False
        for packet in run:
            started = started or packet.is_key
            if started:
                yield packet


def _write(packets: Sequence[StreamPacket], codec: Codec, target: Path) -> ClipFile:
    time_base = _common_time_base({packet.codec.time_base for packet in packets})
    timed = _retimed(packets, time_base)
    remux(codec, time_base, timed, target)
    pictures = sorted(
        (float(timed_packet.pts * time_base), packet.clock.media_s)
        for packet, timed_packet in zip(packets, timed, strict=True)
    )
    return ClipFile(target.name, codec.name, codec.size_px, tuple((media_s, clip_s) for clip_s, media_s in pictures))


def _common_time_base(bases: set[Fraction]) -> Fraction:
    """The coarsest tick in which every given tick is a whole number."""
    return Fraction(gcd(*(base.numerator for base in bases)), lcm(*(base.denominator for base in bases)))


def _retimed(packets: Sequence[StreamPacket], time_base: Fraction) -> list[TimedPacket]:
    """All packets on one timeline in ticks of `time_base`; the first picture shown is at 0."""
    placed: list[TimedPacket] = []
    zero_s = packets[0].clock.media_s
    last_dts = last_pts = None
    for _, run in groupby(packets, key=lambda packet: packet.session):
        session = list(run)
        scale = int(session[0].codec.time_base / time_base)
        # The key frame's own clock says where the session lies; everything else keeps its distance to it.
        shift = round(Fraction(session[0].clock.media_s - zero_s) / time_base) - session[0].pts * scale
        if last_dts is not None and last_pts is not None:
            # Two sessions may overlap by the error of their clocks; a file's time may not run back.
            shift = max(
                shift,
                last_dts + 1 - min(packet.dts for packet in session) * scale,
                last_pts + 1 - min(packet.pts for packet in session) * scale,
            )
        for packet in session:
            dts = packet.dts * scale + shift
            if last_dts is not None and dts <= last_dts:
                dts = last_dts + 1  # some cameras repeat a timestamp, and muxers refuse that
            pts = max(packet.pts * scale + shift, dts)
            placed.append(TimedPacket(packet.data, pts, dts, packet.duration * scale, packet.is_key))
            last_dts, last_pts = dts, pts if last_pts is None else max(last_pts, pts)
    start = min(packet.pts for packet in placed)
    return [TimedPacket(p.data, p.pts - start, p.dts - start, p.duration, p.is_key) for p in placed]


def _gaps(moments_s: Sequence[float]) -> tuple[tuple[float, float], ...]:
    ordered = sorted(moments_s)
    if len(ordered) < 2:
        return ()
    limit_s = max(GAP_S, 3 * median(after - before for before, after in pairwise(ordered)))
    return tuple((before, after) for before, after in pairwise(ordered) if after - before > limit_s)
