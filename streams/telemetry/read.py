"""`read_telemetry`: a log of any format, known by what is in it and not by its name."""

import warnings
from pathlib import Path

from PIL import Image

from streams.telemetry.dji_srt import read_dji_srt
from streams.telemetry.flight_csv import read_csv
from streams.telemetry.gpx import read_gpx
from streams.telemetry.klv import KEY, read_klv, read_klv_in_video
from streams.telemetry.nmea import read_nmea
from streams.telemetry.still import read_still
from streams.telemetry.track import Telemetry, UnreadableTelemetry

LARGEST_BYTES = 256 * 2**20
"""A log is text of a few megabytes; what is larger is something else (videos are read piece by piece)."""

VIDEO = frozenset({".ts", ".m2ts", ".mts", ".mpg", ".mpeg", ".mp4", ".mov", ".mkv", ".avi", ".m4v"})
_SNIFFED = 65_536
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"RIFF")
_TIFF = (b"II*\0", b"MM\0*")
_GEO_KEYS = 34735


def read_telemetry(path: Path) -> Telemetry:
    """The log in a file.

    Raises:
        UnreadableTelemetry: with why, and what to do.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_SNIFFED)
    except OSError as error:
        raise UnreadableTelemetry(path, f"cannot be opened: {error.strerror}", "check the path") from error
    if not size:
        raise UnreadableTelemetry(path, "is empty", "copy it again from the aircraft")
    if _is_video(path, head):
        return read_klv_in_video(path)
    if head.startswith(_PICTURES):
        return read_still(path)
    if head.startswith(_TIFF):
        _refuse_terrain(path)
        return read_still(path)
    if size > LARGEST_BYTES:
        raise UnreadableTelemetry(path, f"is {size / 2**20:.0f} MiB large, no log is", "name the log itself")
    return _of_text(path, path.read_bytes())


def _of_text(path: Path, data: bytes) -> Telemetry:
    """Formats that are read whole."""
    if KEY in data:
        return read_klv(path, data)
    start = data[:_SNIFFED].lstrip(b"\xef\xbb\xbf \t\r\n")
    text = start.decode("utf-8", errors="replace")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return read_dji_srt(path, data)
    if text.startswith("<") and "<gpx" in text.lower():
        return read_gpx(path, data)
    if path.suffix.lower() == ".srt" or "-->" in text:
        return read_dji_srt(path, data)
    if any(mark in text for mark in ("$GP", "$GN", "$GL", "$GA", "$GB", "$BD")):
        return read_nmea(path, data)
    first = text.split("\n", 1)[0].lower()
    if path.suffix.lower() in (".csv", ".tsv") or ("lat" in first and "lon" in first):
        return read_csv(path, data)
    if path.suffix.lower() == ".gpx":
        return read_gpx(path, data)
    if "\0" in text:
        raise UnreadableTelemetry(path, "is no telemetry of a known format", _KNOWN)
    try:
        return read_dji_srt(path, data)
    except UnreadableTelemetry as error:
        raise UnreadableTelemetry(path, "is no telemetry of a known format", _KNOWN) from error


_KNOWN = "known are DJI .SRT, stills with EXIF or XMP, MISB ST 0601 KLV, GPX, NMEA 0183 and tables (.csv)"


def _is_video(path: Path, head: bytes) -> bool:
    transport = len(head) > 376 and head[0] == head[188] == head[376] == 0x47
    boxes = head[4:8] in (b"ftyp", b"moov", b"mdat")
    return transport or boxes or head[:4] == b"\x1aE\xdf\xa3" or path.suffix.lower() in VIDEO


def _refuse_terrain(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of broken tags, which `read_still` names
        try:
            with Image.open(path, formats=("TIFF",)) as picture:
                is_map = _GEO_KEYS in picture.getexif()
        except (OSError, ValueError, SyntaxError, TypeError):
            return
    if is_map:
        raise UnreadableTelemetry(path, "is a map (GeoTIFF), no telemetry", "name it as the site's terrain instead")
