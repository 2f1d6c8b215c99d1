"""DJI's `.SRT` logs of every family, by one reader that handles each trap on purpose and names it.

The traps were seen in real files of a dozen aircraft; `tests/streams/test_telemetry_files.py` holds what each gives.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from streams.geo import GeoPoint
from streams.telemetry.dji_cues import Cue, cues_of
from streams.telemetry.dji_fields import Fields, fields_of
from streams.telemetry.dji_order import LAT_LON, order_of, read_as
from streams.telemetry.track import Sample, Telemetry, UnreadableTelemetry, checked, place

FORMAT = "dji_srt"
_ABSOLUTE_OFF_M = 60.0
_OWN_KEYS = frozenset(
    {"GPS", "HOME", "iso", "shutter", "fnum", "framecnt", "srtcnt", "difftime", "latitude", "longitude", "longtitude"}
    | {"barometer", "rel_alt", "focal_len", "H", "D", "F", "G"}
    | {"uavbat", "glsbat", "flighttime", "rcsignal"}  # goggles log the link and no place
)


def read_dji_srt(path: Path, data: bytes) -> Telemetry:
    """The log in the bytes of a subtitle file.

    Raises:
        UnreadableTelemetry: it is text, but no DJI log.
    """
    text, warnings = _text_of(data)
    cues = list(cues_of(text))
    rows = [fields_of(cue.text + "\n" if n < len(cues) - 1 else cue.text) for n, cue in enumerate(cues)]
    if not any(row.keys & _OWN_KEYS for row in rows):
        why = "holds subtitles, but none that a drone writes" if cues else "holds no cue"
        raise UnreadableTelemetry(path, why, "name the .SRT file that the aircraft wrote beside its video")
    warnings += _about_cues(cues) + _about_end(cues, rows) + _about_fields(rows)
    order = ""
    if any(row.gps for row in rows):
        order, why = order_of(rows)
        names = "latitude, longitude" if order == LAT_LON else "longitude, latitude"
        warnings.append(f"GPS(a, b, n) is read as {names}: {why}; n is {_third(rows)}")
    starts = _starts_s(cues, rows)
    samples = [_sample(row, start_s, order) for row, start_s in zip(rows, starts, strict=True)]
    return checked(path, FORMAT, samples, warnings)


def _text_of(data: bytes) -> tuple[str, list[str]]:
    warnings = []
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
        warnings.append("it is UTF-16 text")
    else:
        if data.startswith(b"\xef\xbb\xbf"):
            warnings.append("begins with a byte order mark: left out")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("utf-8-sig", errors="replace").replace("\ufffd", " ")
            warnings.append("holds bytes that are no UTF-8 text: left out")
    if "\0" in text:
        text = text.replace("\0", " ")
        warnings.append("holds zero bytes: left out")
    if "\r" in text:
        warnings.append("its lines end with CR LF, as Windows writes them")
    if "°" in text:
        warnings.append("angles carry degree signs: left out")
    return text, warnings


def _about_cues(cues: Sequence[Cue]) -> list[str]:
    untimed = sum(cue.start_s is None for cue in cues)
    blanks = sum(cue.blank_inside for cue in cues)
    starts = [cue.start_s for cue in cues if cue.start_s is not None]
    back = sum(b < a for a, b in pairwise(starts))
    warnings = []
    if untimed:
        warnings.append(f"{untimed} of {len(cues)} cues have no line with -->: their place in the video is estimated")
    if blanks:
        warnings.append(f"{blanks} cues have a blank line or a stray number inside: kept in one piece")
    if back:
        warnings.append(f"its cues go back in time at {back} places")
    return warnings


def _about_end(cues: Sequence[Cue], rows: Sequence[Fields]) -> list[str]:
    """Whether the file was cut off: the last cue says less than the one before it."""
    if len(rows) < 2:
        return []
    lost = rows[-2].keys - fields_of(cues[-1].text + "\n").keys
    closed = all("</font>" in cue.text for cue in cues[:-1]) and "</font>" not in cues[-1].text
    if lost or closed:
        return ["cut off: its last cue is not whole, what it does say is kept"]
    return []


def _about_fields(rows: Sequence[Fields]) -> list[str]:
    warnings = []
    if any(row.misspelled for row in rows):
        warnings.append("spells the key `longtitude`: read as longitude")
    counts = [row.count for row in rows if row.count is not None]
    if counts and counts[0] != 1:
        warnings.append(f"counts its frames from {counts[0]}: the cue's place in the video counts, not the number")
    if any(row.tenths for row in rows):
        warnings.append("focal length is written times ten: divided")
    if any(row.time for row in rows):
        warnings.append("its times have no zone: shown as written, the site's zone counts where there is a site")
    else:
        warnings.append("it has no clock: only the position in the video is known")
    if any(row.fraction == "," for row in rows):
        warnings.append("seconds are written as 08,438,904: milliseconds, then microseconds")
    if bad := sum(row.bad_time for row in rows):
        warnings.append(f"{bad} cues have a date that does not exist: their time is left out")
    return warnings + _about_altitude(rows) + _about_clock(rows)


def _about_altitude(rows: Sequence[Fields]) -> list[str]:
    if any(row.rel_alt_m is not None for row in rows):
        if any(row.abs_alt_m is not None and row.abs_alt_m < -_ABSOLUTE_OFF_M for row in rows):
            return ["absolute altitude is far below the sea, so off by a hundred metres or more: not used"]
        if any(row.abs_alt_m is not None for row in rows):
            return ["absolute altitude may be off by a hundred metres: relative altitude counts"]
        return []
    if any(row.altitude_m is not None for row in rows):
        return ["altitude is given without saying above what: it is not taken for relative altitude"]
    return ["no altitude in it: pixels get no place on the ground"]


def _about_clock(rows: Sequence[Fields]) -> list[str]:
    times = [row.time for row in rows if row.time is not None]
    back = sum(b < a for a, b in pairwise(times))
    return [f"its clock goes back at {back} places"] if back else []


def _third(rows: Iterable[Fields]) -> str:
    pairs = [row.gps for row in rows if row.gps is not None]
    if all(pair.third is None for pair in pairs):
        return "not there"
    return "a height in metres, not used" if any(pair.metres for pair in pairs) else "satellites, not a height"


def _starts_s(cues: Sequence[Cue], rows: Sequence[Fields]) -> list[float]:
    """Position of each cue in the video; where no line says it, after the one before by whatever the cue knows."""
    found: list[float] = []
    for n, (cue, row) in enumerate(zip(cues, rows, strict=True)):
        if cue.start_s is not None:
            found.append(cue.start_s)
        elif not n:
            found.append(0.0)
        elif row.time is not None and (before := rows[n - 1].time) is not None:
            found.append(found[-1] + max(0.0, (row.time - before).total_seconds()))
        else:
            end_s = cues[n - 1].end_s
            found.append(end_s if end_s is not None else found[-1] + (row.step_s or 0.0))
    return found


def _sample(row: Fields, start_s: float, order: str) -> Sample:
    point: GeoPoint | None = place(row.lat, row.lon)
    if point is None and row.gps is not None:
        point = read_as(row.gps, order)
    sample = Sample(media_s=start_s, time=row.time, point=point, rel_alt_m=row.rel_alt_m)
    return replace(
        sample,
        abs_alt_m=row.abs_alt_m if row.abs_alt_m is not None else row.altitude_m,
        airframe=row.airframe,
        gimbal=row.gimbal,
        focal_mm=row.focal_mm,
        zoom=row.zoom,
    )
