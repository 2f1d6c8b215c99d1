"""What each real telemetry file gives: one row a file. The files lie in ../shared and may not be published."""

from pathlib import Path

import pytest

from streams.telemetry.read import read_telemetry
from streams.telemetry.track import UnreadableTelemetry
from tests.conftest import SHARED

FOLDER = SHARED / "data" / "telemetry"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="needs the telemetry files in ../shared")

Place = tuple[float, float]

# file: format, fixes, first place, last place, first relative altitude, words that its warnings must hold
GIVES: dict[str, tuple[str, int, Place | None, Place | None, float | None, tuple[str, ...]]] = {
    "Avata360_clip.SRT": (
        "dji_srt",
        5,
        (53.365080, 6.460739),
        (53.365080, 6.460739),
        5.4,
        ("below the sea", "no zone"),
    ),
    "air3S_clip.SRT": ("dji_srt", 5, (34.270373, -84.176160), (34.270373, -84.176160), 0.0, ("hundred metres",)),
    "broken_incomplete.SRT": ("dji_srt", 19, (-34.7383, -58.4563), (-34.7383, -58.4563), 20.1, ("cut off", "11 m")),
    "matrice_300.srt": ("dji_srt", 381, (36.6146, -6.1120), (36.6146, -6.1120), 0.3, ("latitude, longitude", "CR LF")),
    "mavic_2pro_new_head.SRT": (
        "dji_srt",
        218,
        (-35.080155, -60.286702),
        (-35.081059, -60.286284),
        None,
        ("byte order mark", "longtitude", "from 218", "times ten", "08,438,904", "cut off", "no altitude"),
    ),
    "mavic_air.SRT": ("dji_srt", 0, None, None, None, ("no position in it",)),
    "mavic_air2.srt": ("dji_srt", 25, (41.420684, 2.162162), (41.420686, 2.162162), None, ("above what", "times ten")),
    "mavic_mini.SRT": ("dji_srt", 117, (48.0771, -121.7458), (48.0775, -121.7476), 200.7, ("no clock", "satellites")),
    "mavic_pro.SRT": ("dji_srt", 468, (-20.2533, 149.0251), (-20.2532, 149.0251), 1.9, ("longitude, latitude",)),
    "neo2_clip_nogps.SRT": ("dji_srt", 3, (32.848932, -84.861966), (32.848932, -84.861966), 0.4, ("3 of 6",)),
    "p4_rtk.SRT": ("dji_srt", 55, (-34.237922, -58.851745), (-34.232349, -58.849196), 85.8, ("degree signs", "home")),
    "ruz76_DJI.SRT": ("dji_srt", 7, (49.379442, 15.032166), (49.379443, 15.032166), 43.225, ("blank line",)),
    "ruz76_DJI_MAVIC.SRT": ("dji_srt", 16, (49.1, 15.1), (49.100015, 15.1), 0.0, ("longtitude", "times ten")),
    "ruz76_DJI_MAVIC_3T.SRT": ("dji_srt", 12, (50.106373, 14.495168), (50.106374, 14.495168), 80.504, ("no zone",)),
    "agung1_image_metadata.csv": (
        "csv",
        47,
        (-8.295156, 115.487408),
        (-8.241717, 115.494697),
        None,
        ("jumps at 3", "2 of 49", "repeat the row before", "heading is not in it", "no relative altitude"),
    ),
    "klvdata_DynamicConstantMISMMSPacketData.bin": (
        "klv",
        1,
        (60.176823, 128.426759),
        (60.176823, 128.426759),
        None,
        ("wrong checksum", "above the sea"),
    ),
}

REFUSED = {"agung1_example.jpg": "without EXIF and XMP", "dem_cobb.tif": "map \\(GeoTIFF\\)"}


@pytest.mark.parametrize("name", sorted(GIVES))
def test_each_file_gives_what_stands_in_it_and_names_its_traps(name: str) -> None:
    kind, count, first, last, height, words = GIVES[name]
    read = read_telemetry(FOLDER / name)
    assert (read.format, len(read.fixes)) == (kind, count)
    if read.fixes:
        assert _place(read.fixes[0].point) == pytest.approx(first, abs=1e-6)
        assert _place(read.fixes[-1].point) == pytest.approx(last, abs=1e-6)
        assert read.fixes[0].rel_alt_m == height
    for word in words:
        assert any(word in warning for warning in read.warnings), (word, read.warnings)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_holds_no_telemetry_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(UnreadableTelemetry, match=REFUSED[name]):
        read_telemetry(FOLDER / name)


def test_the_table_names_every_file_there_is() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(GIVES) | set(REFUSED)


def _place(point: object) -> tuple[float, float]:
    return point.lat, point.lon  # type: ignore[attr-defined]


def test_only_a_file_that_is_cut_is_called_so() -> None:
    cut = {p.name for p in map(Path, GIVES) if any("cut off" in w for w in read_telemetry(FOLDER / p.name).warnings)}
    assert cut == {"broken_incomplete.SRT", "mavic_2pro_new_head.SRT"}
