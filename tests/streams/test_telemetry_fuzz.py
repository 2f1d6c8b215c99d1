"""Mutated subtitle logs: whatever happens to a file, it is read or refused, soon, and never invents a place."""

import random
import time
from pathlib import Path

import pytest

from streams.telemetry.dji_srt import read_dji_srt
from streams.telemetry.read import read_telemetry
from streams.telemetry.track import UnreadableTelemetry
from tests.conftest import SHARED
from tests.streams.test_telemetry_formats import XMP, klv_packet, nmea, still

FOLDER = SHARED / "data" / "telemetry"
_INSERTED = (
    b"\0",
    b"\xff\xfe",
    b"-->",
    b"GPS(",
    b"[latitude:",
    b"\r\n\r\n",
    b"9" * 400,
    b"(" * 400,
    "°".encode(),
    b"F.PRY (",
)
_HANGS_S = 30.0


def _seeds() -> list[bytes]:
    real = (
        [p.read_bytes()[:6000] for p in sorted(FOLDER.iterdir()) if p.suffix.lower() == ".srt"]
        if FOLDER.is_dir()
        else []
    )
    rows = (
        '1\n00:00:00,000 --> 00:00:01,000\n<font size="28">FrameCnt: 1, DiffTime: 33ms\n2024-05-01 10:00:01.373\n'
        "[focal_len: 24.00] [latitude: 24.5] [longitude: 118.1] [rel_alt: 5.400 abs_alt: -124.744] </font>\n\n",
        "1\n00:00:00,000 --> 00:00:01,000\nHOME(118.1,24.5) 2017.08.05 14:11:51\nGPS(118.1,24.5,16) BAROMETER:1.9\n\n",
        "1\n00:00:00,000 --> 00:00:01,000\nF/5.6, GPS (118.1, 24.5, 15), D 6.70m, H 85.8m, G.PRY (-9°, 0°, 1°)\n\n",
    )
    return real + [row.encode() * 8 for row in rows]


def _mutated(data: bytes, dice: random.Random) -> bytes:
    for _ in range(dice.randint(1, 8)):
        at, end = sorted((dice.randrange(len(data) + 1), dice.randrange(len(data) + 1)))
        end = min(end, at + dice.choice((1, 2, 8, 64, 1000)))
        kind = dice.randrange(5)
        if kind == 0:
            data = data[:at] + data[end:]
        elif kind == 1:
            data = data[:at] + dice.choice(_INSERTED) + data[at:]
        elif kind == 2:
            data = data[:at] + bytes(dice.randrange(256) for _ in range(end - at)) + data[end:]
        elif kind == 3:
            data = data[:at] + data[at:end] * 3 + data[end:]
        else:
            data = data[: max(1, at)]
    return data


def _fuzz(count: int, seed: int) -> None:
    dice, seeds = random.Random(seed), _seeds()  # noqa: S311 - dice of a test
    for n in range(count):
        data = _mutated(dice.choice(seeds), dice)
        began = time.process_time()
        try:
            read = read_dji_srt(Path("mutated.SRT"), data)
        except UnreadableTelemetry:
            continue
        finally:
            assert time.process_time() - began < _HANGS_S, f"file {n} of seed {seed} hangs"
        for sample in read.fixes:
            assert sample.point is not None
            assert (sample.point.lat, sample.point.lon) != (0, 0)


def test_300_mutated_files_neither_crash_nor_hang() -> None:
    _fuzz(300, seed=9)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_10_000_mutated_files_neither_crash_nor_hang() -> None:
    _fuzz(10_000, seed=2026)


def test_mutated_logs_of_other_formats_are_read_or_refused(tmp_path: Path) -> None:
    seeds = {
        "a.bin": klv_packet(24.5, 118.1) * 3,
        "a.jpg": still(tmp_path / "seed.jpg", XMP).read_bytes(),
        "a.tif": still(tmp_path / "seed.tif", XMP).read_bytes(),
        "a.nmea": nmea("GPRMC,235959.00,A,2430.0000,N,11806.0000,E,10.0,90.0,120526,,,A").encode() * 5,
        "a.gpx": b'<gpx version="1.1" creator="x"><trk><trkseg><trkpt lat="24.5" lon="118.1"/></trkseg></trk></gpx>',
        "a.csv": b'GPSLatitude,GPSLongitude,DateTimeOriginal\n"8 deg 17\' 42.56"" S",115.4,2025:10:01 13:27:03\n' * 3,
    }
    dice = random.Random(11)  # noqa: S311 - dice of a test
    for n in range(300):
        name = sorted(seeds)[n % len(seeds)]
        file = tmp_path / name
        file.write_bytes(_mutated(seeds[name], dice))
        try:
            read = read_telemetry(file)
        except UnreadableTelemetry:
            continue
        assert all(fix.point is not None for fix in read.fixes)
