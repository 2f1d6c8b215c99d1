"""When a picture was taken, who says so, and how sure we are. Pure values: no video library is needed here."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class ClockSource(StrEnum):
    """Who named the time of a frame."""

    RTCP = "rtcp"  # the camera's own clock, from its RTCP sender reports (RFC 3550, section 6.4.1)
    ARRIVAL = "arrival"  # the box's clock when the packet came in: the camera said nothing
    FILE = "file"  # the start time of the footage plus the position in it
    TELEMETRY = "telemetry"  # a drone's or vehicle's log


@dataclass(frozen=True, slots=True)
class FrameClock:
    """The time of one frame.

    `media_s` is what stays are measured with: seconds on the stream's own timeline, from its own timestamps, which
    no jump of the camera's wall clock can move. For a file it starts at 0. For a live camera it is anchored to the
    box's Unix time at the first packet and carried on over reconnects by the box's monotonic clock, so it compares
    across restarts of the program. `captured_at` only names the moment.

    Attributes:
        captured_at: UTC, aware.
        source: who named `captured_at`.
        error_s: bound on the error of `captured_at`, seconds, not negative.
        media_s: seconds on the stream's timeline; grows within a stream.
        epoch: rises by one each time the camera's clock jumps against the box's monotonic clock. Differences of
            `captured_at` mean something within one epoch only; differences of `media_s` always do.

    Raises:
        ValueError: `captured_at` is naive or not UTC, or `error_s` is negative.
    """

    captured_at: datetime
    source: ClockSource
    error_s: float
    media_s: float
    epoch: int = 0

    def __post_init__(self) -> None:
        if self.captured_at.tzinfo is not UTC:
            raise ValueError(f"captured_at must be aware and in UTC, got {self.captured_at!r}")
        if not self.error_s >= 0:
            raise ValueError(f"error_s must be 0 or more, got {self.error_s}")
