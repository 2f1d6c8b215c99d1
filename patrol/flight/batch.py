"""What lies in a folder: videos, stills and logs, put together by name, or by time where names do not say."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from streams.footage import Footage, UnreadableFootage
from streams.telemetry.read import read_telemetry
from streams.telemetry.route import clock_offset_s
from streams.telemetry.track import Telemetry, UnreadableTelemetry

VIDEOS = frozenset({".mp4", ".mov", ".mkv", ".avi", ".ts", ".m2ts", ".mts", ".mpg", ".m4v"})
STILLS = frozenset({".jpg", ".jpeg", ".dng", ".tif", ".tiff"})
LOGS = frozenset({".srt", ".klv", ".bin", ".gpx", ".nmea", ".csv", ".txt", ".log"})

_LENGTH_OFF_S, _LENGTH_OFF_SHARE = 3.0, 0.1
_NEAR = timedelta(minutes=2)
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class VideoFile:
    """A video and the log that belongs to it.

    Attributes:
        footage: opened.
        telemetry: None: its findings get no place.
        start: when it began, in UTC.
        notes: how they were put together and what is odd about it.
    """

    footage: Footage
    telemetry: Telemetry | None
    start: datetime
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Batch:
    """A folder, read.

    Attributes:
        videos: in the order of their start.
        stills: pictures with a place of their own, each with it.
        notes: what should be known.
        problems: files that could not be used, and why; the rest goes on.
    """

    videos: list[VideoFile] = field(default_factory=list)
    stills: list[tuple[Path, Telemetry]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_batch(folder: Path, zone: ZoneInfo) -> Batch:
    """Everything in a folder and below it that belongs to flights; times without a zone are of `zone`."""
    batch = Batch()
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    logs = list(_logs([path for path in files if path.suffix.lower() in LOGS], zone, batch))
    taken: set[Path] = set()
    for path in files:
        suffix = path.suffix.lower()
        if suffix in VIDEOS:
            video = _video(path, logs, zone, batch)
            if video is not None:
                batch.videos.append(video)
                taken |= {video.telemetry.path} if video.telemetry else set()
        elif suffix in STILLS:
            try:
                batch.stills.append((path, read_telemetry(path).in_zone(zone)))
            except UnreadableTelemetry as problem:
                batch.problems.append(str(problem))
        elif suffix not in LOGS:
            batch.notes.append(f"{path}: is neither video nor picture nor log: left alone")
    for log in logs:
        if log.path not in taken and any(log.fixes):
            batch.notes.append(f"{log.path}: a log without a video: nothing to look at")
    batch.videos.sort(key=lambda video: (video.start, video.footage.path))
    return batch


def _logs(paths: Iterable[Path], zone: ZoneInfo, batch: Batch) -> Iterable[Telemetry]:
    for path in paths:
        try:
            yield read_telemetry(path).in_zone(zone)
        except UnreadableTelemetry as problem:
            batch.problems.append(str(problem))


def _video(path: Path, logs: Sequence[Telemetry], zone: ZoneInfo, batch: Batch) -> VideoFile | None:
    try:
        footage = Footage(path, camera=path.stem)
    except UnreadableFootage as problem:
        batch.problems.append(str(problem))
        return None
    own = _inside(path, zone)
    telemetry, how = (own, "in the video itself") if own else _log_of(footage, logs)
    if telemetry is None:
        return VideoFile(footage, None, footage.start.at, (f"{path}: no telemetry: its findings get no place",))
    notes = [f"{path}: {telemetry.path.name} is its log, {how}"]
    notes += [f"{telemetry.path}: {warning}" for warning in telemetry.warnings]
    start = _start(footage, telemetry, notes)
    wrong = _wrong_pair(footage, telemetry)
    if wrong:
        batch.problems.append(f"{path}: {wrong}; check which log belongs to it: its findings get no place")
        return VideoFile(footage, None, start, tuple(notes))
    return VideoFile(footage, telemetry, start, tuple(notes))


def _inside(path: Path, zone: ZoneInfo) -> Telemetry | None:
    try:
        return read_telemetry(path).in_zone(zone)
    except UnreadableTelemetry:
        return None


def _log_of(footage: Footage, logs: Sequence[Telemetry]) -> tuple[Telemetry | None, str]:
    """The log of the same name, else the one whose clock covers the video's time."""
    stem = footage.path.stem.lower()
    named = [log for log in logs if log.path.stem.lower() == stem]
    beside = [log for log in named if log.path.parent == footage.path.parent]
    if beside or named:
        return (beside or named)[0], "by its name"
    middle = footage.start.at + timedelta(seconds=footage.duration_s / 2)
    covering = []
    for log in logs:
        times = [sample.time for sample in log.samples if sample.time is not None]
        if not times:
            continue
        counts_with_video = any(sample.media_s is not None for sample in log.samples)
        begins_with_it = counts_with_video and abs(min(times) - footage.start.at) < _NEAR
        covers_it = not counts_with_video and min(times) <= middle <= max(times)
        covering += [log] if begins_with_it or covers_it else []
    if len(covering) == 1:
        return covering[0], "by its time"
    return None, ""


def _start(footage: Footage, telemetry: Telemetry, notes: list[str]) -> datetime:
    """When the video began: by the log's clock where it counts with the video, else by the file."""
    offset_s = clock_offset_s(telemetry, footage.start.at)
    if offset_s is None:
        if not any(sample.media_s is not None for sample in telemetry.samples):
            begun = f"{footage.start.at.isoformat()} by {footage.start.origin}, ± {footage.start.error_s:.0f} s"
            notes.append(f"{footage.path}: laid on the log's clock by the video's start: {begun}")
        return footage.start.at
    hours = round(offset_s / _HOUR_S)
    zone = (
        f" ({hours} whole hours: a time zone)" if 0 < abs(hours) <= 14 and abs(offset_s - hours * _HOUR_S) < 60 else ""
    )
    notes.append(f"{footage.path}: the log's clock is {offset_s:+.1f} s off the time that the file names{zone}")
    return footage.start.at + timedelta(seconds=offset_s)


def _wrong_pair(footage: Footage, telemetry: Telemetry) -> str:
    """Why a log cannot be of this video; empty: it can."""
    positions = [sample.media_s for sample in telemetry.samples if sample.media_s is not None]
    if not positions or not footage.duration_s:
        return ""
    length_s = max(positions)
    off = length_s - footage.duration_s
    cut = any("cut off" in warning for warning in telemetry.warnings)
    if off > max(_LENGTH_OFF_S, _LENGTH_OFF_SHARE * footage.duration_s):
        return f"the video is {footage.duration_s:.0f} s long, its log {length_s:.0f} s: wrong pair, or a cut video"
    if -off > max(_LENGTH_OFF_S, 0.5 * footage.duration_s) and not cut:
        return f"the video is {footage.duration_s:.0f} s long, its log only {length_s:.0f} s"
    return ""
