"""Where a camera was, moment by moment, as its log says it: one sample a row, and what is doubtful about them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

from streams.geo import GeoPoint, LocalPlane

FASTEST_M_S = 75.0
"""A drone or a street vehicle is never faster; what is, is a jump of the receiver."""

_SLACK_M = 30.0
"""A step this small is no jump whatever the time between: coarse logs move in steps of 0.0001 degrees (11 m)."""

_COARSE_M = 11.0
_GAP_STEPS, _LEAST_GAP_S = 5.0, 2.0


class UnreadableTelemetry(Exception):
    """A file that gives no telemetry at all.

    Attributes:
        path: of the file.
        why: what is wrong with it.
        what_to_do: for the person who named it.
    """

    def __init__(self, path: Path, why: str, what_to_do: str) -> None:
        super().__init__(f"{path}: {why}; {what_to_do}")
        self.path, self.why, self.what_to_do = path, why, what_to_do


class Flaw(StrEnum):
    """What is doubtful about a sample's place."""

    NO_FIX = "no_fix"  # the receiver had none: 0, 0 or nothing
    JUMP = "jump"  # farther from the fix before it than anything flies in that time
    GAP = "gap"  # the log says nothing for a while before it


@dataclass(frozen=True, slots=True)
class Angles:
    """Attitude, degrees: yaw clockwise from true north, pitch up from level, roll to the right."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of a log.

    Attributes:
        media_s: position in the video that the log belongs to, seconds; None for a log of its own.
        time: aware where the log says its zone, naive where it does not, None where it has no clock.
        point: None without a fix.
        rel_alt_m: height above the place of take-off.
        abs_alt_m: above the ellipsoid or the sea, whatever the log means: may be off by a hundred metres.
        airframe, gimbal: attitudes; the gimbal's counts from north and the horizon, not from the airframe.
        focal_mm: focal length in 35 mm terms, as the log has it.
        zoom: digital zoom, 1 for none.
        hfov_deg: horizontal field of view, where the log states it.
        flaw: what is doubtful about the place.
    """

    media_s: float | None = None
    time: datetime | None = None
    point: GeoPoint | None = None
    rel_alt_m: float | None = None
    abs_alt_m: float | None = None
    airframe: Angles | None = None
    gimbal: Angles | None = None
    focal_mm: float | None = None
    zoom: float | None = None
    hfov_deg: float | None = None
    flaw: Flaw | None = None


@dataclass(frozen=True, slots=True)
class Telemetry:
    """A log, read.

    Attributes:
        path: of the file.
        format: `dji_srt`, `still`, `klv`, `gpx`, `nmea` or `csv`.
        samples: in the order of the file.
        warnings: every trap that it holds and how it was taken, one line each.
        step_m: the log writes places in steps of this many metres: finer than that it knows nothing.
    """

    path: Path
    format: str
    samples: tuple[Sample, ...]
    warnings: tuple[str, ...]
    step_m: float = 0.1

    @property
    def fixes(self) -> tuple[Sample, ...]:
        """The samples with a place."""
        return tuple(sample for sample in self.samples if sample.point is not None)

    def in_zone(self, zone: tzinfo) -> "Telemetry":
        """The same with times that had no zone taken as of `zone`, all in UTC."""
        return replace(self, samples=tuple(replace(s, time=_utc(s.time, zone)) for s in self.samples))


def checked(path: Path, kind: str, samples: Sequence[Sample], warnings: Sequence[str]) -> Telemetry:
    """The log with its jumps and gaps marked and named, and a warning where it has no fix at all.

    A place of exactly 0, 0 is what receivers write without a fix: it is none.
    """
    marked = [_without_null_island(sample) for sample in samples]
    lost = sum(sample.flaw is Flaw.NO_FIX for sample in marked)
    said = list(warnings)
    if not any(sample.point for sample in marked):
        said.append("no position in it: findings get no place")
    elif lost:
        said.append(f"{lost} of {len(marked)} samples have no fix (0, 0, none, or impossible): they get no place")
    marked = list(_marked(marked))
    for flaw, text in ((Flaw.JUMP, "the position jumps"), (Flaw.GAP, "the log has gaps")):
        at = [n for n, sample in enumerate(marked) if sample.flaw is flaw]
        if at:
            said.append(f"{text} at {len(at)} places, first before sample {at[0] + 1}: marked, nothing is interpolated")
    coarse = _is_coarse([sample.point for sample in marked if sample.point])
    if coarse:
        said.append(f"places have four decimals: they move in steps of {_COARSE_M:.0f} m")
    return Telemetry(path, kind, tuple(marked), tuple(said), _COARSE_M if coarse else 0.1)


def _is_coarse(points: Sequence[GeoPoint]) -> bool:
    return bool(points) and all(abs(v * 1e4 - round(v * 1e4)) < 1e-6 for p in points for v in (p.lat, p.lon))


def seconds(sample: Sample) -> float | None:
    """When a sample was taken, on a scale of its log: by the video where it has one, else by its clock."""
    if sample.media_s is not None:
        return sample.media_s
    if sample.time is None:
        return None
    return (sample.time if sample.time.tzinfo else sample.time.replace(tzinfo=UTC)).timestamp()


def distance_m(a: GeoPoint, b: GeoPoint) -> float:
    """Metres between two places; beyond 100 km only good for telling that it is far."""
    east, north = LocalPlane(a).to_metres([(b.lat, b.lon)])[0]
    return math.hypot(float(east), float(north))


def place(lat: float | None, lon: float | None) -> GeoPoint | None:
    """A place, or None where the numbers are none."""
    if lat is None or lon is None or not (abs(lat) <= 90 and abs(lon) <= 180):
        return None
    return GeoPoint(lat, lon)


def _without_null_island(sample: Sample) -> Sample:
    point = sample.point
    if point is None or (abs(point.lat) < 1e-6 and abs(point.lon) < 1e-6):
        return replace(sample, point=None, flaw=Flaw.NO_FIX)
    return sample


def _marked(samples: Sequence[Sample]) -> Iterator[Sample]:
    """The samples, jumps and gaps marked.

    One that jumps away and back is marked alone. Where the next one stays at the new place, the receiver has found
    its true place or was moved: only the first there is marked, and the log goes on from it.
    """
    gap_s = _gap_s(samples)
    good: list[Sample] = []  # the last sound one, and the one before it at another place
    suspect: Sample | None = None
    for sample in samples:
        if sample.point is None:
            yield sample
            continue
        flaw = None
        if good and _too_far(good, sample):
            stays = suspect is not None and not _too_far([suspect], sample)
            flaw = None if stays else Flaw.JUMP
        elif good and _apart_s(good[-1], sample) > gap_s:
            flaw = Flaw.GAP
        marked = replace(sample, flaw=flaw)
        if flaw is Flaw.JUMP:
            suspect = marked
        else:
            suspect = None
            # Loggers repeat a fix for many frames: the time of a move counts from when the place was first said.
            good = [marked] if not good or good[-1].point != marked.point else [good[0], marked]
        yield marked


def _too_far(good: Sequence[Sample], sample: Sample) -> bool:
    """Whether a sample lies farther from the ones before it, all of one place, than anything goes in that time."""
    before = good[0]
    assert before.point is not None and sample.point is not None  # noqa: S101 - only fixes are compared
    return distance_m(before.point, sample.point) > _SLACK_M + FASTEST_M_S * _apart_s(before, sample)


def _apart_s(a: Sample, b: Sample) -> float:
    then, now = seconds(a), seconds(b)
    return 0.0 if then is None or now is None else abs(now - then)


def _gap_s(samples: Sequence[Sample]) -> float:
    times = [t for t in map(seconds, samples) if t is not None]
    steps = sorted(abs(b - a) for a, b in pairwise(times))
    return max(_LEAST_GAP_S, _GAP_STEPS * steps[len(steps) // 2]) if steps else math.inf


def _utc(time: datetime | None, zone: tzinfo) -> datetime | None:
    if time is None:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)
