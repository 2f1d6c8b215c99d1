"""From what a live camera sends to a `FrameClock`: pure arithmetic, no socket and no clock of its own.

Three clocks meet here. The *stream's* timestamps are exact between pictures but begin anywhere, and begin anew at each
reconnect. The *box's* monotonic clock ties connections together. The *camera's* wall clock, told by its RTCP sender
reports (RFC 3550, section 6.4.1), names the moment, and may be wrong, jump or be missing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from streams.clock import ClockSource, FrameClock

# A report ties an RTP timestamp to the camera's clock without the network in between. What remains is how far from the
# shutter a camera takes that timestamp: before or behind its encoder, some pictures at 25 a second.
RTCP_ERROR_S = 0.1
# Quartz in cameras and boxes is within 100 parts in a million; so much may timestamps run away since the last report.
DRIFT_S_PER_S = 1e-4
# Encoding, network and reassembly together stay below this on any line on which watching makes sense.
ARRIVAL_ERROR_S = 1.0
# Reports from before were made by a camera that counts from its own start (RFC 3550 allows it): not a wall clock.
FIRST_PLAUSIBLE_UNIX_S = datetime(2000, 1, 1, tzinfo=UTC).timestamp()

_CLOCK_JUMP_S = 2.0  # more than drift and jitter can do between two pictures
_LEAP_S = 5.0  # timestamps against the monotonic clock; more than the read timeout, so no pause of the line reaches it
_BACK_S = 1.0  # a step back that is more than swapped packets
_LEAST_STEP_S = 1e-4  # what time grows by when timestamps stand or step back
_CATCH_UP_S = 1.0  # at most so much of the drift is mended at a reconnect: a stay across it is wrong by no more
_WINDOW_S = 60.0
_WRAPS_S = (2**32 / 90_000, 2**33 / 90_000)  # RTP timestamps have 32 bits, MPEG's 33


@dataclass(frozen=True, slots=True)
class Arrival:
    """One picture as it came in.

    Attributes:
        pts_s: presentation timestamp, seconds on this connection's timeline.
        mono_s: the box's monotonic clock, seconds.
        unix_s: the box's wall clock at the same instant, Unix seconds.
        camera_unix_s: what the camera says it is, Unix seconds; None when it said nothing yet.
        reported: a sender report came in with this picture.
    """

    pts_s: float
    mono_s: float
    unix_s: float
    camera_unix_s: float | None = None
    reported: bool = False


class _LowestLately:
    """The lowest value of the last one to two minutes: the fastest trip, whatever the line does now and then."""

    def __init__(self) -> None:
        self._since_s = 0.0
        self._before: float | None = None
        self._now: float | None = None

    def add(self, value: float, at_s: float) -> float:
        if self._now is None or at_s - self._since_s > _WINDOW_S:
            self._before, self._now, self._since_s = self._now, value, at_s
        self._now = min(self._now, value)
        return self._now if self._before is None else min(self._before, self._now)


class _MediaTime:
    """Seconds on one timeline through all connections: exactly the timestamps within one, monotonic time between."""

    def __init__(self) -> None:
        self._anchor_s = 0.0  # media time of timestamp 0
        self._ahead_s = 0.0  # Unix time less monotonic time when the program began
        self._last: tuple[float, float, float] | None = None  # timestamp, monotonic, media time
        self._new_session = True

    def begin_session(self) -> None:
        self._new_session = True

    def advance(self, arrival: Arrival) -> float:
        if self._last is None:
            self._ahead_s = arrival.unix_s - arrival.mono_s
            self._anchor_s = arrival.unix_s - arrival.pts_s
            media_s = arrival.unix_s
        else:
            pts_s, mono_s, last_s = self._last
            step_s, elapsed_s = arrival.pts_s - pts_s, arrival.mono_s - mono_s
            wrap_s = next((w for w in _WRAPS_S if abs(step_s + w - elapsed_s) < _LEAP_S), None)
            if self._new_session or (wrap_s is None and _is_leap(step_s, elapsed_s)):
                carried_s = self._carried(arrival.mono_s, last_s + elapsed_s)
                self._anchor_s = max(carried_s, last_s + _LEAST_STEP_S) - arrival.pts_s
            elif wrap_s is not None:
                self._anchor_s += wrap_s
            media_s = max(self._anchor_s + arrival.pts_s, last_s + _LEAST_STEP_S)
        self._new_session = False
        self._last = arrival.pts_s, arrival.mono_s, media_s
        return media_s

    def _carried(self, mono_s: float, media_s: float) -> float:
        """Media time after a gap: the gap by the monotonic clock, drift from Unix time mended a little each time."""
        behind_s = mono_s + self._ahead_s - media_s
        return media_s + max(-_CATCH_UP_S, min(_CATCH_UP_S, behind_s))


def _is_leap(step_s: float, elapsed_s: float) -> bool:
    """Whether timestamps went where time did not."""
    return step_s < -_BACK_S or abs(step_s - elapsed_s) > _LEAP_S


class CameraClock:
    """The clock of one live camera through all its connections."""

    def __init__(self) -> None:
        self._media = _MediaTime()
        self._epoch = 0
        self._ahead: float | None = None  # of the last picture: its named time less its media time
        self._trip = _LowestLately()
        self._behind_mono = _LowestLately()  # monotonic less named time: how late pictures come by the named clock
        self._behind_lowest: float | None = None
        self._reported_mono_s: float | None = None
        self._first_of_session = True
        self.camera_ahead_s: float | None = None

    def begin_session(self) -> None:
        """A new connection: its timestamps do not continue those before."""
        self._media.begin_session()
        self._trip = _LowestLately()
        self._reported_mono_s = None
        self._first_of_session = True
        self.camera_ahead_s = None

    def stamp(self, arrival: Arrival) -> FrameClock:
        """The clock of one picture; pictures must be given as they came.

        `captured_at` is what the camera says where it says so, else the arrival by way of the fastest trip lately.
        `error_s` takes the camera at its word only while the box agrees: when the two clocks differ by more than a trip
        can explain, nobody knows which is right, and the bound is their difference.
        """
        media_s = self._media.advance(arrival)
        trip_s = self._trip.add(arrival.mono_s - media_s, arrival.mono_s)
        by_arrival_s = media_s + trip_s + arrival.unix_s - arrival.mono_s
        named_s, source, error_s = by_arrival_s, ClockSource.ARRIVAL, ARRIVAL_ERROR_S
        if arrival.camera_unix_s is not None and arrival.camera_unix_s >= FIRST_PLAUSIBLE_UNIX_S:
            named_s, source = arrival.camera_unix_s, ClockSource.RTCP
            self.camera_ahead_s = ahead_s = named_s - by_arrival_s
            # The trip explains a camera that seems late by it, but nothing explains a picture from the future.
            apart_s = ahead_s if ahead_s > 0 or -ahead_s <= ARRIVAL_ERROR_S else -ahead_s
            error_s = max(self._report_error(arrival), apart_s)
        self._note_jump(named_s, media_s, arrival.mono_s)
        return FrameClock(datetime.fromtimestamp(named_s, UTC), source, error_s, media_s, self._epoch)

    def _report_error(self, arrival: Arrival) -> float:
        if arrival.reported or self._reported_mono_s is None:
            self._reported_mono_s = arrival.mono_s
        return RTCP_ERROR_S + DRIFT_S_PER_S * (arrival.mono_s - self._reported_mono_s)

    def _note_jump(self, named_s: float, media_s: float, mono_s: float) -> None:
        """A new epoch when the named time jumped.

        Within a connection it is held against media time, which is exact. Across connections media time is itself an
        estimate, so it is held against the monotonic clock.
        """
        ahead_s = named_s - media_s
        if self._ahead is not None and self._behind_lowest is not None:
            if self._first_of_session:
                jumped = abs(mono_s - named_s - self._behind_lowest) > _CLOCK_JUMP_S
            else:
                jumped = abs(ahead_s - self._ahead) > _CLOCK_JUMP_S
            if jumped:
                self._epoch += 1
                self._behind_mono = _LowestLately()
        self._ahead = ahead_s
        self._behind_lowest = self._behind_mono.add(mono_s - named_s, mono_s)
        self._first_of_session = False
