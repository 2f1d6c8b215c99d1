"""When a recorded file began, and its timestamps put in order. Files lie about both; what was assumed is said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

GIVEN_ERROR_S = 1.0
"""Bound on a start time that somebody named: it is read off a display that shows whole seconds."""

ZONED_ERROR_S = 2.0
"""Bound, besides the length of the footage, on a start time written with its offset from UTC."""

UNZONED_ERROR_S = 14 * 3600.0
"""The same for `creation_time`: UTC by its format, but many recorders write local time there (UTC-12 to UTC+14)."""

MODIFIED_ERROR_S = 10 * 365.25 * 86400.0
"""Bound on a start taken from the file's own date: a copy has a new one, so nothing holds it but good faith."""

_CLOCK_NEVER_SET_BEFORE = datetime(2000, 1, 2, tzinfo=UTC)
"""1904, 1970, 1980 and 2000-01-01 are what a recorder writes whose clock was never set."""

_DISCONTINUOUS_GAP_S = 10.0
_ERROR_GAP_S = 30 * 3600.0


@dataclass(frozen=True, slots=True)
class StartTime:
    """The moment of the first picture.

    Attributes:
        at: UTC, aware.
        error_s: bound on its error, seconds.
        origin: in words, who said so.
    """

    at: datetime
    error_s: float
    origin: str


def start_time(
    given: datetime | None, metadata: Mapping[str, str], modified: datetime, duration_s: float, now: datetime
) -> StartTime:
    """The best that is known of when the footage began.

    Args:
        given: what the caller said; wins.
        metadata: of the container and its video stream.
        modified: date of the file, UTC.
        duration_s: length of the footage, 0 where unknown.
        now: a creation time after it is nonsense.

    Raises:
        ValueError: `given` has no offset from UTC.
    """
    if given is not None:
        if given.tzinfo is None:
            raise ValueError(f"start must carry an offset from UTC, got {given.isoformat()}")
        return StartTime(given.astimezone(UTC), GIVEN_ERROR_S, "the start that was given")
    # Apple and Android phones write local time with its offset here; creation_time may be the end of the recording.
    for key, error_s in (("com.apple.quicktime.creationdate", ZONED_ERROR_S), ("creation_time", UNZONED_ERROR_S)):
        at = _sane_time(metadata.get(key, ""), now)
        if at is not None:
            return StartTime(at, error_s + duration_s, f"{key} in the file, which may mean its end or local time")
    # A recorder touches the file last when it writes the last picture.
    at = modified - timedelta(seconds=duration_s)
    return StartTime(at, MODIFIED_ERROR_S, "the date of the file, as it names no time itself; a copy has a new date")


def _sane_time(text: str, now: datetime) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at if _CLOCK_NEVER_SET_BEFORE <= at <= now + timedelta(days=1) else None


class Timeline:
    """Makes timestamps that only go forward out of those in a file, packet by packet in decoding order.

    Decoding times must grow. Where they step back (recordings joined end to end, a counter that was reset), the rest
    is moved so that it goes on one picture after the last. A step forward is a gap in the recording and is kept,
    unless the container is one whose counters may start anew (MPEG-TS) and it is over 10 s, or it is over 30 h: then
    it is closed, and the unseen time counts as no stay. The two limits are those of FFmpeg's own tool
    (`-dts_delta_threshold` and `-dts_error_threshold`, fftools/ffmpeg_demux.c).

    Attributes:
        jumps: where timestamps stepped back or too far forward: pairs of (seconds on the repaired timeline, seconds of
            the step as the file had it).
        seen: number of packets placed.
        filled: number of packets for which a missing or impossible timestamp was replaced.
    """

    def __init__(self, time_base: Fraction, step_s: float, *, may_restart: bool) -> None:
        """Begin a timeline.

        Args:
            time_base: seconds a tick.
            step_s: nominal time between two pictures, for timestamps that are missing.
            may_restart: the container's counters may start anew in the middle.
        """
        self._time_base = time_base
        self._step = max(1, round(step_s / float(time_base)))
        self._limit = (_DISCONTINUOUS_GAP_S if may_restart else _ERROR_GAP_S) / float(time_base)
        self._shift = 0
        self._last_dts: int | None = None
        self.jumps: list[tuple[float, float]] = []
        self.filled = 0
        self.seen = 0

    def placed(self, pts: int | None, dts: int | None, duration: int) -> tuple[int, int]:
        """The timestamps of the next packet, (pts, dts) in ticks, complete and in order.

        Args:
            pts: presentation time in ticks, None where the file has none.
            dts: decoding time in ticks, None where the file has none.
            duration: in ticks, 0 where unknown.
        """
        last = self._last_dts
        near = dts if dts is not None else last - self._shift if last is not None else pts
        if pts is not None and near is not None and abs(pts - near) > self._limit:
            pts = None  # a damaged number: no decoder holds a picture back for so long
        self.seen += 1
        self.filled += pts is None
        if dts is None:
            # Nothing to tell a jump by: one picture after the last.
            placed_dts = last + self._step if last is not None else (pts or 0)
            placed_pts = placed_dts if pts is None else pts + self._shift
        else:
            placed_dts = dts + self._shift
            if last is not None and not 0 <= placed_dts - last <= self._limit:
                step = duration or self._step
                self.jumps.append((float(last * self._time_base), float((placed_dts - last) * self._time_base)))
                self._shift += last + step - placed_dts
                placed_dts = last + step
            elif placed_dts == last:
                placed_dts += 1  # the same time twice: muxers want them apart
            placed_pts = placed_dts if pts is None else pts + placed_dts - dts
        self._last_dts = placed_dts
        return placed_pts, placed_dts
