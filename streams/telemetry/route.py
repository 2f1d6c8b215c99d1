"""Where the camera was at the moment of a picture: between two samples, never across what is doubtful."""

import bisect
from dataclasses import replace
from datetime import datetime
from statistics import median

from streams.geo import GeoPoint
from streams.telemetry.track import Angles, Flaw, Sample, Telemetry, seconds

_SLOWEST_S = 1.5
_HOLD_S = 0.6
"""The first and last sample also stand for pictures this much before and after."""


class Route:
    """A log as a function of the position in its video.

    Attributes:
        offset_s: seconds on the log's scale at which the video begins; 0 for a log that counts with the video.
        flawed: how many of the log's samples are doubtful.
    """

    def __init__(self, telemetry: Telemetry, *, start: datetime | None = None) -> None:
        """Take a log for one video.

        Args:
            telemetry: with times in UTC where it has a clock of its own (`Telemetry.in_zone`).
            start: when the video began, aware; needed where the log does not count with the video.

        Raises:
            ValueError: the log has its own clock and `start` is not given.
        """
        counts_with_video = any(sample.media_s is not None for sample in telemetry.samples)
        if not counts_with_video and start is None:
            raise ValueError("a log with a clock of its own needs the moment at which the video began")
        self.offset_s = 0.0 if counts_with_video or start is None else start.timestamp()
        timed = [(at, n, s) for n, s in enumerate(telemetry.samples) if (at := seconds(s)) is not None]
        timed.sort(key=lambda row: row[:2])
        self._samples = _unstepped([sample for _, _, sample in timed], [at for at, _, _ in timed])
        self._times = [at - self.offset_s for at, _, _ in timed]
        self.flawed = sum(sample.flaw is not None for sample in self._samples)

    def at(self, media_s: float) -> Sample | None:
        """The camera at a position of the video; None where the log does not say, or what it says is doubtful."""
        after = bisect.bisect_right(self._times, media_s)
        if after in (0, len(self._times)):
            nearest = 0 if after == 0 else after - 1
            if not self._times or abs(self._times[nearest] - media_s) > _HOLD_S:
                return None
            return _sound(self._samples[nearest], media_s)
        before, following = self._samples[after - 1], self._samples[after]
        if before.point is None or following.point is None or Flaw.JUMP in (before.flaw, following.flaw):
            near = abs(self._times[after - 1] - media_s) <= min(_HOLD_S, self._times[after] - media_s)
            return _sound(before, media_s) if near else None
        if following.flaw is Flaw.GAP:
            return None
        span = self._times[after] - self._times[after - 1]
        share = (media_s - self._times[after - 1]) / span if span > 0 else 0.0
        return _between(before, following, share, media_s)


def clock_offset_s(telemetry: Telemetry, start: datetime) -> float | None:
    """By how much the log's clock is ahead of the moment that the video's file names, seconds; None without clocks.

    A log that counts with its video knows the truth about the clock; whole hours apart mean a time zone.
    """
    apart = [
        sample.time.timestamp() - start.timestamp() - sample.media_s
        for sample in telemetry.samples
        if sample.time is not None and sample.time.tzinfo is not None and sample.media_s is not None
    ]
    return median(apart) if apart else None


def _unstepped(samples: list[Sample], times: list[float]) -> list[Sample]:
    """The samples without the steps of a receiver that is slower than its log.

    Logs of 30 rows a second repeat a place until the receiver has the next one. What moves between two of its fixes is
    put on the line between them; a place that is held for longer than `_SLOWEST_S` is a camera that hovers.
    """
    even = list(samples)
    first = 0
    for n in range(1, len(samples)):
        if samples[n].point == samples[first].point:
            continue
        start, end = samples[first], samples[n]
        known = start.point is not None and end.point is not None and end.flaw is None and start.flaw is not Flaw.JUMP
        if known and n - first > 1 and times[n] - times[first] <= _SLOWEST_S:
            for k in range(first + 1, n):
                share = (times[k] - times[first]) / (times[n] - times[first])
                even[k] = replace(samples[k], point=_between(start, end, share, times[k]).point)
        first = n
    return even


def _sound(sample: Sample, media_s: float) -> Sample | None:
    if sample.point is None or sample.flaw is Flaw.JUMP:
        return None
    return replace(sample, media_s=media_s)


def _between(a: Sample, b: Sample, share: float, media_s: float) -> Sample:
    assert a.point is not None and b.point is not None  # noqa: S101 - only fixes come here
    turn = (b.point.lon - a.point.lon + 180) % 360 - 180
    lon = (a.point.lon + share * turn + 180) % 360 - 180
    point = GeoPoint(a.point.lat + share * (b.point.lat - a.point.lat), lon)
    time = a.time if a.time is None or b.time is None else a.time + share * (b.time - a.time)
    return replace(
        a,
        media_s=media_s,
        time=time,
        point=point,
        rel_alt_m=_mean(a.rel_alt_m, b.rel_alt_m, share),
        abs_alt_m=_mean(a.abs_alt_m, b.abs_alt_m, share),
        airframe=_turned(a.airframe, b.airframe, share),
        gimbal=_turned(a.gimbal, b.gimbal, share),
        flaw=None,
    )


def _mean(a: float | None, b: float | None, share: float) -> float | None:
    return None if a is None or b is None else a + share * (b - a)


def _turned(a: Angles | None, b: Angles | None, share: float) -> Angles | None:
    if a is None or b is None:
        return None

    def turn(one: float, other: float) -> float:
        return one + share * ((other - one + 180) % 360 - 180)

    yaw = (turn(a.yaw_deg, b.yaw_deg) + 180) % 360 - 180
    return Angles(yaw, turn(a.pitch_deg, b.pitch_deg), turn(a.roll_deg, b.roll_deg))
