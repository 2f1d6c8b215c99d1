"""One picture's own place and attitude: EXIF, and DJI's XMP where there is some."""

import math
import re
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from PIL import ExifTags, Image, UnidentifiedImageError

from streams.telemetry.track import Angles, Sample, Telemetry, UnreadableTelemetry, checked, distance_m, place

FORMAT = "still"
_APART_M = 30.0
_FORMATS = ("JPEG", "TIFF", "PNG", "WEBP")  # Pillow reads MPO by way of JPEG
_GO_BACK = "take the picture as the aircraft wrote it: editors and messengers strip its metadata"


def read_still(path: Path) -> Telemetry:
    """Place, attitude and time of a picture.

    Raises:
        UnreadableTelemetry: no picture, or one without any of it.
    """
    exif, gps, xmp, said = _blocks(path)
    dji = _dji(xmp, said) if xmp else {}
    if not (gps or dji or exif.get("DateTimeOriginal")):
        raise UnreadableTelemetry(path, "is a picture without EXIF and XMP of an aircraft", _GO_BACK)
    by_exif = place(_degrees(gps, "GPSLatitude", "S"), _degrees(gps, "GPSLongitude", "W"))
    lon = _number(dji, "GpsLongitude", "GpsLongtitude", "GPSLongitude", "GPSLongtitude")
    by_xmp = place(_number(dji, "GpsLatitude", "GPSLatitude"), lon)
    if any("longtitude" in key.lower() for key in dji):
        said.append("spells the key `GpsLongtitude`: read as longitude")
    if by_exif and by_xmp and (apart := distance_m(by_exif, by_xmp)) > _APART_M:
        said.append(f"EXIF and XMP disagree by {apart:.0f} m: XMP counts")
    relative = _number(dji, "RelativeAltitude")
    if relative is None:
        said.append("no relative altitude in it: pixels get no place on the ground")
    absolute = _number(dji, "AbsoluteAltitude")
    time = _time(exif, gps, said)
    sample = Sample(
        time=time,
        point=by_xmp or by_exif,
        rel_alt_m=relative,
        abs_alt_m=absolute if absolute is not None else _altitude(gps),
        airframe=_angles(dji, "Flight"),
        gimbal=_angles(dji, "Gimbal"),
        focal_mm=_float(exif.get("FocalLengthIn35mmFilm")) or None,
        zoom=_float(exif.get("DigitalZoomRatio")) or None,
    )
    return checked(path, FORMAT, [sample], said)


def _blocks(path: Path) -> tuple[dict[str, Any], dict[str, Any], bytes, list[str]]:
    """EXIF and GPS values by name, and the XMP packet."""
    with warnings.catch_warnings():
        # Pillow warns of every broken tag; what is missing in the end is said by ourselves.
        warnings.simplefilter("ignore")
        try:
            with Image.open(path, formats=_FORMATS) as picture:
                tags = picture.getexif()
                exif = _named(tags.get_ifd(ExifTags.IFD.Exif), ExifTags.TAGS) | _named(dict(tags), ExifTags.TAGS)
                gps = _named(tags.get_ifd(ExifTags.IFD.GPSInfo), ExifTags.GPSTAGS)
                xmp = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp") or b""
        except UnidentifiedImageError as error:
            raise UnreadableTelemetry(path, "is no picture that can be read", _GO_BACK) from error
        except (OSError, SyntaxError, ValueError, TypeError, EOFError, Image.DecompressionBombError) as error:
            raise UnreadableTelemetry(path, f"is a broken picture: {error}", _GO_BACK) from error
    return exif, gps, xmp.encode() if isinstance(xmp, str) else bytes(xmp), []


def _named(values: Mapping[int, Any], names: Mapping[int, str]) -> dict[str, Any]:
    return {names[key]: value for key, value in values.items() if key in names}


def _dji(xmp: bytes, said: list[str]) -> dict[str, str]:
    """DJI's own values by name, as attributes or as elements: both are seen."""
    try:
        root = fromstring(xmp.strip(b"\0 \r\n\t"))
    except (ParseError, DefusedXmlException, ValueError) as error:
        said.append(f"its XMP cannot be read ({type(error).__name__}): left out")
        return {}
    found: dict[str, str] = {}
    for element in root.iter():
        pairs = [*element.attrib.items(), (str(element.tag), element.text or "")]
        found |= {key.rpartition("}")[2]: value.strip() for key, value in pairs if "drone-dji" in key}
    return found


def _number(values: Mapping[str, str], *names: str) -> float | None:
    for name in names:
        text = values.get(name, "")
        if re.fullmatch(r"[+-]?\d+(\.\d*)?", text.strip()):
            return float(text)
    return None


def _angles(dji: Mapping[str, str], of: str) -> Angles | None:
    yaw, pitch, roll = (_number(dji, f"{of}{part}Degree") for part in ("Yaw", "Pitch", "Roll"))
    return None if yaw is None or pitch is None else Angles(yaw, pitch, roll or 0.0)


def _float(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None


def _degrees(gps: Mapping[str, Any], name: str, negative: str) -> float | None:
    parts = gps.get(name)
    if not isinstance(parts, tuple) or len(parts) != 3:
        return None
    values = [_float(part) for part in parts]
    if any(value is None for value in values):
        return None
    degrees = math.fsum((value or 0.0) / 60.0**n for n, value in enumerate(values))
    return -degrees if str(gps.get(f"{name}Ref", "")).strip("\0 ").upper() == negative else degrees


def _altitude(gps: Mapping[str, Any]) -> float | None:
    metres = _float(gps.get("GPSAltitude"))
    below = gps.get("GPSAltitudeRef") in (1, b"\x01", "1")
    return -metres if metres is not None and below else metres


def _time(exif: Mapping[str, Any], gps: Mapping[str, Any], said: list[str]) -> datetime | None:
    date, clock = gps.get("GPSDateStamp"), gps.get("GPSTimeStamp")
    if isinstance(date, str) and isinstance(clock, tuple) and len(clock) == 3:
        values = [_float(part) for part in clock]
        day = _parsed(date.strip("\0 "), "%Y:%m:%d")
        if day is not None and all(value is not None for value in values):
            seconds = sum((value or 0.0) * 60 ** (2 - n) for n, value in enumerate(values))
            return day.replace(tzinfo=UTC) + timedelta(seconds=seconds)
    for key in ("DateTimeOriginal", "DateTime"):
        taken = _parsed(str(exif.get(key, "")).strip("\0 "), "%Y:%m:%d %H:%M:%S")
        if taken is None:
            continue
        offset = re.fullmatch(r"([+-])(\d\d):(\d\d)", str(exif.get("OffsetTimeOriginal", "")).strip("\0 "))
        if offset:
            minutes = int(offset[1] + "1") * (int(offset[2]) * 60 + int(offset[3]))
            return taken.replace(tzinfo=timezone(timedelta(minutes=minutes)))
        said.append("its time has no zone: shown as written, the site's zone counts where there is a site")
        return taken
    said.append("it has no time")
    return None


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - naive on purpose: the picture states no zone
    except ValueError:
        return None
