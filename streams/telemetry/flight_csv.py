"""Flight logs as tables: what exiftool, AirData and flight apps export, with whatever column names."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from streams.telemetry.track import Angles, Sample, Telemetry, UnreadableTelemetry, checked, place

FORMAT = "csv"
_FOOT_M = 0.3048
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "lat": ("gpslatitude", "latitude", "lat", "osdlatitude"),
    "lon": ("gpslongitude", "longitude", "longtitude", "lon", "lng", "gpslongtitude", "osdlongitude"),
    "time": ("datetimeoriginal", "datetimeutc", "datetime", "createdate", "timestamp", "gpsdatetime", "time"),
    "rel_alt": ("relativealtitude", "heightabovetakeoff", "relalt", "relaltitude", "osdheight", "height"),
    "abs_alt": ("absolutealtitude", "altitudeabovesealevel", "gpsaltitude", "altitude", "osdaltitude"),
    "gimbal_yaw": ("gimbalyawdegree", "gimbalheading", "gimbalyaw"),
    "gimbal_pitch": ("gimbalpitchdegree", "gimbalpitch"),
    "gimbal_roll": ("gimbalrolldegree", "gimbalroll"),
    "yaw": ("flightyawdegree", "compassheading", "yaw", "heading", "osdyaw"),
    "pitch": ("flightpitchdegree", "pitch", "osdpitch"),
    "roll": ("flightrolldegree", "roll", "osdroll"),
    "focal": ("focallengthin35mmformat", "focallength35efl"),
}
_DMS = re.compile(
    r"^\s*(\d+(?:\.\d+)?)\s*(?:deg|°)\s*(?:(\d+(?:\.\d+)?)\s*['′]\s*)?(?:(\d+(?:\.\d+)?)\s*[\"″]\s*)?([NSEW]?)"
)
_TIMES = ("%Y:%m:%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M:%S")


def read_csv(path: Path, data: bytes) -> Telemetry:
    """The rows of a table that has columns for latitude and longitude.

    Raises:
        UnreadableTelemetry: no such columns, or no row.
    """
    text = data.decode("utf-8-sig", errors="replace").replace("\0", " ")
    first = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(",;\t", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as error:
        raise UnreadableTelemetry(path, f"is no sound table: {error}", "export it again") from error
    head = rows[0] if rows else []
    columns = _columns(head)
    if "lat" not in columns or "lon" not in columns:
        why = f"is a table without columns for latitude and longitude (it has {', '.join(head[:8]) or 'none'})"
        raise UnreadableTelemetry(path, why, "name the columns latitude and longitude")
    feet = {name for name, n in columns.items() if re.search(r"feet|\bft\b", head[n], re.IGNORECASE)}
    is_utc = "time" in columns and "utc" in head[columns["time"]].lower()
    body = [row for row in rows[1:] if any(cell.strip() for cell in row)]
    samples = [_sample(row, columns, feet, is_utc) for row in body]
    if not samples:
        raise UnreadableTelemetry(path, "is a table without rows", "export it again")
    return checked(path, FORMAT, samples, _about(samples, columns, feet))


def _columns(head: Sequence[str]) -> dict[str, int]:
    """Where each value stands, by the names that exporters use; units in brackets do not count."""
    plain = [re.sub(r"[^a-z0-9]", "", re.sub(r"\((?!utc)[^)]*\)|\[[^\]]*\]", "", name.lower())) for name in head]
    found: dict[str, int] = {}
    for value, names in _COLUMNS.items():
        at = next((plain.index(name) for name in names if name in plain), None)
        if at is not None:
            found[value] = at
    return found


def _about(samples: Sequence[Sample], columns: Mapping[str, int], feet: set[str]) -> list[str]:
    said = [f"columns in feet: {', '.join(sorted(feet))}: turned into metres"] if feet else []
    if not any(sample.rel_alt_m is not None for sample in samples):
        said.append("no relative altitude in it: pixels get no place on the ground")
    if "time" not in columns or not any(sample.time for sample in samples):
        said.append("it has no clock")
    elif any(sample.time is not None and sample.time.tzinfo is None for sample in samples):
        said.append("its times have no zone: shown as written, the site's zone counts where there is a site")
    if "gimbal_pitch" in columns and "gimbal_yaw" not in columns:
        said.append("the gimbal's heading is not in it: the aircraft's is taken")
    twice = sum((a.time, a.point) == (b.time, b.point) for a, b in pairwise(samples))
    if twice:
        said.append(f"{twice} rows repeat the row before")
    return said


def _sample(row: Sequence[str], columns: Mapping[str, int], feet: set[str], is_utc: bool) -> Sample:
    def cell(name: str) -> str:
        at = columns.get(name, len(row))
        return row[at].strip() if at < len(row) else ""

    def number(name: str) -> float | None:
        found = re.match(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?", cell(name))
        return None if found is None else float(found[0]) * (_FOOT_M if name in feet else 1.0)

    yaw, pitch, gimbal_pitch = number("yaw"), number("pitch"), number("gimbal_pitch")
    gimbal_yaw = number("gimbal_yaw") if "gimbal_yaw" in columns else yaw
    has_gimbal = gimbal_yaw is not None and gimbal_pitch is not None
    time = _time(cell("time"))
    return Sample(
        time=time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None and is_utc else time,
        point=place(_degrees(cell("lat")), _degrees(cell("lon"))),
        rel_alt_m=number("rel_alt"),
        abs_alt_m=number("abs_alt"),
        airframe=None if yaw is None else Angles(yaw, pitch or 0.0, number("roll") or 0.0),
        gimbal=Angles(gimbal_yaw or 0.0, gimbal_pitch or 0.0, number("gimbal_roll") or 0.0) if has_gimbal else None,
        focal_mm=number("focal") or None,
    )


def _degrees(text: str) -> float | None:
    """Degrees of `8 deg 17' 42.56" S`, `8.295156 S` or `-8.295156`."""
    if parts := _DMS.match(text):
        degrees = float(parts[1]) + float(parts[2] or 0) / 60 + float(parts[3] or 0) / 3600
        return -degrees if parts[4] in ("S", "W") else degrees
    if plain := re.fullmatch(r"([+-]?\d+(?:\.\d+)?)\s*°?\s*([NSEWnsew]?)", text):
        degrees = float(plain[1])
        return -abs(degrees) if plain[2].upper() in ("S", "W") else degrees
    return None


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in _TIMES:
        try:
            return datetime.strptime(text[:19], form)  # noqa: DTZ007 - the table states no zone
        except ValueError:
            continue
    return None
