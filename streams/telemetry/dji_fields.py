"""What one cue of a DJI subtitle file says, in the dialect of any aircraft.

Two tongues: `[key: value]` (Mavic 2 and later) and `GPS(a, b, n) BAROMETER:h` or `F/2.8, SS 400, ..., GPS (a, b, n)`
(Phantom, Mavic Pro, Mini, Matrice). The order of a and b is not decided here.
"""

import math
import re
from dataclasses import dataclass, replace
from datetime import datetime

from streams.telemetry.track import Angles

_NUMBER = r"[+-]?\d{1,12}(?:\.\d{0,12})?"
# A number must be followed by something: what the end of the file cut off is no number.
_KEY = re.compile(rf"(?<![A-Za-z_])([A-Za-z][A-Za-z_.]{{0,30}}?)\s*:\s*({_NUMBER})(?=[\s\],)/°A-Za-z])", re.ASCII)
_PAIR = re.compile(
    rf"\b(GPS|HOME)\s*\(\s*([NSEW]?)\s*:?\s*({_NUMBER})\s*°?\s*,\s*([NSEW]?)\s*:?\s*({_NUMBER})\s*°?\s*"
    rf"(?:,\s*(?:H\s*:\s*)?({_NUMBER})\s*(m?)\s*)?\)",
    re.ASCII | re.IGNORECASE,
)
_PRY = re.compile(
    rf"\b([FG])\.PRY\s*\(\s*({_NUMBER})\s*[^\d,+-]{{0,3}},\s*({_NUMBER})\s*[^\d,+-]{{0,3}},\s*({_NUMBER})[^\d,)]{{0,3}}\)"
)
_LETTERED = re.compile(rf"(?:^|[\s,])(D|H|H\.S|V\.S)\s+({_NUMBER})\s?m", re.ASCII)
_TIME = re.compile(
    r"\b(\d{4})[-./](\d{1,2})[-./](\d{1,2})[ T](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d{1,6})(?:,(\d{1,3}))?)?", re.ASCII
)
_TENTHS_FROM = 100.0


@dataclass(frozen=True, slots=True)
class Pair:
    """`GPS(a, b, n)` as written.

    Attributes:
        a, b: degrees, in either order.
        order: `lat,lon` or `lon,lat` where letters say it, else empty.
        third: number of satellites, or a height; None where there is none.
        metres: whether the third number carries the unit m, so it is a height.
    """

    a: float
    b: float
    order: str = ""
    third: float | None = None
    metres: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """What one cue says.

    Attributes:
        time: as written, without a zone.
        bad_time: a date that does not exist stood there.
        lat, lon: where they have names.
        gps, home: where they have none.
        distance_m, speed_m_s: from home, and over ground.
        rel_alt_m, abs_alt_m, altitude_m: above take-off, above the sea, and where it is not said above what.
        airframe, gimbal: attitudes.
        focal_mm: focal length, whatever tenths it was written in.
        tenths: whether it was written times ten.
        zoom: digital zoom.
        step_s: time since the cue before, seconds.
        misspelled: whether the longitude's key is.
        fraction: `.` one part, `,` two parts (ms, µs), empty none.
        count: of the frame or the cue, as the aircraft numbers them.
        keys: everything that it names.
    """

    time: datetime | None = None
    bad_time: bool = False
    lat: float | None = None
    lon: float | None = None
    gps: Pair | None = None
    home: Pair | None = None
    distance_m: float | None = None
    speed_m_s: float | None = None
    rel_alt_m: float | None = None
    abs_alt_m: float | None = None
    altitude_m: float | None = None
    airframe: Angles | None = None
    gimbal: Angles | None = None
    focal_mm: float | None = None
    tenths: bool = False
    zoom: float | None = None
    step_s: float | None = None
    misspelled: bool = False
    fraction: str = ""
    count: int | None = None
    keys: frozenset[str] = frozenset()


def fields_of(text: str) -> Fields:
    """What a cue's text says; what it does not say, or says brokenly, stays None."""
    said = {key.lower(): value for key, value in _KEY.findall(text)}
    pairs = {found[1].upper(): _pair(found) for found in _PAIR.finditer(text)}
    angles = {found[1]: _angles(found[4], found[2], found[3]) for found in _PRY.finditer(text)}
    letters = {key: float(value) for key, value in _LETTERED.findall(text)}

    def number(*names: str) -> float | None:
        return next((float(said[name]) for name in names if name in said), None)

    def attitude(prefix: str) -> Angles | None:
        parts = [said.get(f"{prefix}{part}") for part in ("yaw", "pitch", "roll")]
        return _angles(parts[0], parts[1], parts[2] or "0") if parts[0] and parts[1] else None

    focal, tenths = _focal(said.get("focal_len"))
    zoom = number("dzoom_ratio", "dzoom")
    barometer = number("barometer")
    fields = Fields(
        lat=number("latitude", "lat"),
        lon=number("longitude", "longtitude", "lon"),
        misspelled="longtitude" in said,
        gps=pairs.get("GPS"),
        home=pairs.get("HOME"),
        distance_m=letters.get("D"),
        speed_m_s=letters.get("H.S"),
        rel_alt_m=next((v for v in (number("rel_alt"), barometer, letters.get("H")) if v is not None), None),
        abs_alt_m=number("abs_alt"),
        altitude_m=number("altitude"),
        airframe=attitude("drone_") or (attitude("") if "drone:" in text.lower() else None) or angles.get("F"),
        gimbal=attitude("gb_") or attitude("gimbal_") or angles.get("G"),
        focal_mm=focal,
        tenths=tenths,
        zoom=zoom / 10_000 if zoom is not None and zoom >= 1000 else zoom,
        step_s=(number("difftime") or 0.0) / 1000 or None,
        count=None if (count := number("framecnt", "srtcnt")) is None else int(count),
        keys=frozenset({*said, *pairs, *angles, *letters}),
    )
    return _with_time(fields, text)


def _pair(found: re.Match[str]) -> Pair:
    first, a, second, b = found[2].upper(), float(found[3]), found[4].upper(), float(found[5])
    a, b = (-a if first in ("S", "W") and a > 0 else a), (-b if second in ("S", "W") and b > 0 else b)
    order = "lon,lat" if first in ("E", "W") and first else "lat,lon" if first else ""
    return Pair(a, b, order, None if found[6] is None else float(found[6]), bool(found[7]))


def _angles(yaw: str, pitch: str, roll: str) -> Angles | None:
    values = float(yaw), float(pitch), float(roll)
    return Angles(*values) if all(abs(value) <= 360 for value in values) else None


def _focal(written: str | None) -> tuple[float | None, bool]:
    """Focal length in millimetres: `24.00` as it is, `240` and `280` times ten."""
    if written is None or not float(written) > 0:
        return None, False
    if "." not in written and float(written) >= _TENTHS_FROM:
        return float(written) / 10, True
    return float(written), False


def _with_time(fields: Fields, text: str) -> Fields:
    found = _TIME.search(text)
    if found is None:
        return fields
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    milli, micro = found[7] or "", found[8] or ""
    micros = math.floor(float(f"0.{milli or '0'}") * 1e6 + 0.5) + (int(micro) if micro else 0)
    try:
        # The log states no zone: a naive time says so, the site's zone is put to it where there is a site.
        time = datetime(year, month, day, hour, minute, second, min(micros, 999_999))  # noqa: DTZ001
    except ValueError:
        return replace(fields, bad_time=True)
    return replace(fields, time=time, fraction="," if micro else "." if milli else "")
