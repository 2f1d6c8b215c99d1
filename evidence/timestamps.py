"""Moments as text and as data, one way everywhere in a packet."""

from datetime import datetime

from streams.clock import FrameClock


def utc_text(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds: `2026-03-02T08:00:00.000000Z`.

    Raises:
        ValueError: the moment is naive or not in UTC.
    """
    offset = moment.utcoffset()
    if offset is None or offset.total_seconds() != 0:
        raise ValueError(f"a moment in a packet must be aware and in UTC, got {moment!r}")
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def clock_data(clock: FrameClock) -> dict[str, object]:
    """A frame's clock as a packet states it: the moment, who says so, and how sure we are."""
    return {
        "captured_at": utc_text(clock.captured_at),
        "source": str(clock.source),
        "error_s": float(clock.error_s),
        "epoch": clock.epoch,
        "media_s": float(clock.media_s),
    }
