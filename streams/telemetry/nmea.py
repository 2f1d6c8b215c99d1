"""NMEA 0183 logs of receivers in vehicles (sentences by `pynmea2`): one sample a moment, from RMC and GGA."""

from datetime import UTC, date, datetime
from datetime import time as clock_time
from pathlib import Path
from typing import Any

import pynmea2

from streams.geo import GeoPoint
from streams.telemetry.track import Sample, Telemetry, UnreadableTelemetry, checked, place

FORMAT = "nmea"


def read_nmea(path: Path, data: bytes) -> Telemetry:
    """The samples of a log; sentences with a wrong checksum are left out and counted.

    Raises:
        UnreadableTelemetry: no sentence with a place in it.
    """
    moments: dict[tuple[date | None, object], Sample] = {}
    day: date | None = None
    broken = 0
    last: clock_time | None = None
    undated = False
    for line in data.decode("ascii", errors="replace").splitlines():
        start = max(line.find("$"), line.find("!"))
        if start < 0:
            continue
        try:
            sentence = pynmea2.parse(line[start:].strip(), check=False)
        except (pynmea2.ParseError, ValueError, TypeError, AttributeError, IndexError):
            broken += 1
            continue
        try:
            if sentence.sentence_type == "RMC" and isinstance(sentence.datestamp, date):
                day = sentence.datestamp
            if sentence.sentence_type not in ("RMC", "GGA"):
                continue
            at = sentence.timestamp
            point, altitude = _place(sentence)
        except (ValueError, TypeError, AttributeError, IndexError):
            broken += 1
            continue
        if not isinstance(at, clock_time):
            continue
        if day is not None and sentence.sentence_type == "GGA" and last is not None and at < last:
            day = None  # past midnight: the next RMC names the new day
        last = at
        undated |= day is None
        time = None if day is None else datetime.combine(day, at.replace(tzinfo=None), UTC)
        had = moments.get((day, at), Sample(time=time))
        moments[day, at] = Sample(
            time=time,
            point=point or had.point,
            abs_alt_m=altitude if altitude is not None else had.abs_alt_m,
        )
    samples = _dated(moments)
    if not samples:
        why = f"holds {broken} broken sentences and no place" if broken else "holds no sentence with a place"
        raise UnreadableTelemetry(path, why, "name a log with RMC or GGA sentences")
    said = [f"{broken} sentences are broken or have a wrong checksum: left out"] if broken else []
    if any(sample.time is None for sample in samples):
        said.append("some sentences come without a date: those have no time")
    return checked(path, FORMAT, samples, said)


def _place(sentence: Any) -> tuple[GeoPoint | None, float | None]:
    valid = sentence.status == "A" if sentence.sentence_type == "RMC" else (sentence.gps_qual or 0) > 0
    altitude = getattr(sentence, "altitude", None)
    written = bool(sentence.lat and sentence.lon)
    point = place(sentence.latitude, sentence.longitude) if valid and written else None
    return point, float(altitude) if isinstance(altitude, int | float) else None


def _dated(moments: dict[tuple[date | None, object], Sample]) -> list[Sample]:
    """In order; a moment before the first date is the same one as with it."""
    dated = {at for day, at in moments if day is not None}
    samples = [sample for (day, at), sample in moments.items() if day is not None or at not in dated]
    if all(sample.time for sample in samples):
        samples.sort(key=lambda sample: sample.time or datetime.min.replace(tzinfo=UTC))
    return samples
