"""Every kind of bad input to a site folder, with the file and line where the operator finds it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from patrol.commands.check import check
from patrol.site import SiteErrors, load_site
from patrol.site.lines import json_lines, toml_lines
from tests.patrol.test_site import LEAST, PLACES, ZONE, collection, feature, written

SITE, CAMERA = LEAST["site.toml"], LEAST["cameras/cam-1.toml"]
CALIBRATED = CAMERA + "".join(
    f"[[calibration]]\npx = [{x}, {y}]\nlat = {24.48 + a}\nlon = {118.09 + b}\n"
    for x, y, a, b in [(100, 500, 0, 0), (660, 500, 0, 2e-4), (500, 250, 3e-4, 2e-4), (260, 250, 3e-4, 0)]
)
CAM, MAP, PERMITS, GRID, DAYS = (
    "cameras/cam-1.toml",
    "zones.geojson",
    "permits.geojson",
    "grid.geojson",
    "calendar.toml",
)


def zone(**changes: str) -> str:
    """The camera file with a zone whose lines are 4 `id`, 5 `kind`, 6 `polygon_px`, then what is added."""
    text = CAMERA + ZONE
    for key, value in changes.items():
        lines = [line for line in text.split("\n") if not line.startswith(f"{key} =")]
        at = next((n for n, line in enumerate(text.split("\n")) if line.startswith(f"{key} =")), len(lines) - 1)
        text = "\n".join([*lines[:at], f"{key} = {value}", *lines[at:]])
    return text


CASES = {
    "no site.toml": ({"site.toml": None}, "site.toml", 1, "site.toml is missing"),
    "not toml": ({"site.toml": 'name = "x"\ntimezone =\n'}, "site.toml", 2, "not TOML"),
    "not utf-8": ({"site.toml": b'name = "x"\n# \xff\n'}, "site.toml", 2, "not UTF-8"),
    "unknown key": ({"site.toml": SITE + "colour = 1\n"}, "site.toml", 4, "unknown key colour"),
    "missing key": ({"site.toml": 'name = "x"\n'}, "site.toml", 1, "timezone is missing"),
    "wrong type": ({"site.toml": 'name = 3\ntimezone = "Asia/Shanghai"\n'}, "site.toml", 1, "name: input should be"),
    "bad timezone": ({"site.toml": 'name = "x"\n\ntimezone = "Asia/Xiamen"\n'}, "site.toml", 3, "unknown timezone"),
    "timezone that is a folder": ({"site.toml": 'name = "x"\ntimezone = "Asia"\n'}, "site.toml", 2, "unknown timezone"),
    "timezone that is a path": ({"site.toml": 'name = "x"\ntimezone = "../x"\n'}, "site.toml", 2, "unknown timezone"),
    "unknown detector": ({"site.toml": SITE + 'detectors = ["eye"]\n'}, "site.toml", 4, "unknown detector eye"),
    "dispatch without address": (
        {"site.toml": SITE + '[[dispatch]]\nkind = "patrol"\n'},
        "site.toml",
        4,
        "dispatch.0.url",
    ),
    "two dispatch targets": (
        {"site.toml": SITE + '[[dispatch]]\nurl = "http://a"\n[[dispatch]]\nurl = "http://a"\n'},
        "site.toml",
        7,
        "two dispatch targets are called a",
    ),
    "login in dispatch": (
        {"site.toml": SITE + '[[dispatch]]\nurl = "http://u:hunter2@a"\n'},
        "site.toml",
        5,
        "url holds a password",
    ),
    "kind of an unknown rule": (
        {"site.toml": SITE + '[kinds.x]\nrule = "guess"\nincident = "y"\nclasses = ["car"]\n'},
        "site.toml",
        4,
        "rule must be one of",
    ),
    "kind that exists": (
        {"site.toml": SITE + '[kinds.no_parking]\nrule = "standing"\nincident = "y"\nclasses = ["car"]\n'},
        "site.toml",
        4,
        "kind no_parking exists already",
    ),
    "no camera": ({CAM: None}, "cameras", 1, "the site has no camera"),
    "camera without source": ({CAM: "size_px = [768, 576]\n"}, CAM, 1, "source is missing"),
    "camera without a size": ({CAM: 'source = "x.mp4"\nsize_px = [768]\n'}, CAM, 2, "size_px"),
    "unknown camera key": ({CAM: CAMERA + 'sauce = "x"\n'}, CAM, 3, "unknown key sauce"),
    "bad camera name": ({"cameras/my cam.toml": CAMERA}, "cameras/my cam.toml", 1, "is no camera id"),
    "password": (
        {CAM: CAMERA.replace("patrol@", "patrol:hunter2@")},
        CAM,
        1,
        "source holds a password; take it out and set the environment variable PATROL_CAMERA_CAM_1_PASSWORD",
    ),
    "password with a port": (
        {CAM: CAMERA.replace("patrol@192.0.2.10", "p:hunter2@192.0.2.10:554")},
        CAM,
        1,
        "password",
    ),
    "password as parameter": ({CAM: CAMERA.replace("stream1", "user=a&password=hunter2")}, CAM, 1, "password"),
    "unknown kind": ({CAM: zone(kind='"no_parkin"')}, CAM, 5, "zone gate: unknown kind 'no_parkin'"),
    "unknown zone key": ({CAM: zone(dwell="3")}, CAM, 7, "unknown key dwell"),
    "unknown class": ({CAM: zone(classes='["car", "tank"]')}, CAM, 7, "unknown class 'tank'"),
    "unknown phase": ({CAM: zone(phase='"hot"')}, CAM, 7, "phase"),
    "negative stay": ({CAM: zone(dwell_s="-1")}, CAM, 7, "dwell_s"),
    "endless stay": ({CAM: zone(dwell_s="inf")}, CAM, 7, "dwell_s"),
    "stay as text": ({CAM: zone(dwell_s='"60"')}, CAM, 7, "dwell_s"),
    "bad hours": ({CAM: zone(hours='"Mo-Fr 25:99"')}, CAM, 7, "cannot be read at column 7"),
    "dates the wrong way round": (
        {CAM: zone(valid_from="2026-05-01") + "valid_to = 2026-04-01\n"},
        CAM,
        8,
        "valid_to 2026-04-01 is before valid_from",
    ),
    "a date that is none": ({CAM: zone(valid_from='"2026-02-30"')}, CAM, 7, "valid_from"),
    "two corners": ({CAM: zone(polygon_px="[[0, 0], [9, 9]]")}, CAM, 6, "polygon_px"),
    "outside the picture": ({CAM: zone(polygon_px="[[0, 0], [900, 0], [0, 90]]")}, CAM, 6, "[900, 0] lies outside"),
    "self-crossing": ({CAM: zone(polygon_px="[[0, 0], [90, 90], [90, 0], [0, 90]]")}, CAM, 6, "Self-intersection"),
    "no area": ({CAM: zone(polygon_px="[[0, 0], [90, 0], [45, 0]]")}, CAM, 6, "not a polygon that encloses"),
    "a corner that is no number": ({CAM: zone(polygon_px="[[0, 0], [nan, 0], [9, 9]]")}, CAM, 6, "polygon_px"),
    "one id twice": ({CAM: CAMERA + ZONE + ZONE}, CAM, 8, f"zone id 'gate' is used twice, first in {CAM}:4"),
    "one id in two files": (
        {CAM: CAMERA + ZONE, MAP: collection(feature(PLACES, id="gate", kind="no_parking"))},
        MAP,
        3,
        "zone id 'gate' is used twice",
    ),
    "three calibration points": ({CAM: CALIBRATED.rsplit("[[calibration]]", 1)[0]}, CAM, 3, "four or more points"),
    "calibration on one line": (
        {
            CAM: CALIBRATED.replace("[660, 500]", "[200, 500]")
            .replace("[500, 250]", "[300, 500]")
            .replace("[260, 250]", "[400, 500]")
        },
        CAM,
        3,
        "on one line",
    ),
    "calibration that does not fit": (
        {CAM: CALIBRATED + "[[calibration]]\npx = [380, 330]\nlat = 24.4809\nlon = 118.0909\n"},
        CAM,
        3,
        "calibration:",
    ),
    "calibration off the world": ({CAM: CALIBRATED.replace("24.48\n", "94.48\n", 1)}, CAM, 5, "lat"),
    "not json": ({MAP: '{"type": "FeatureCollection",\n "features": [,]}'}, MAP, 2, "not JSON"),
    "nan in json": ({MAP: '{"type": "FeatureCollection", "features": [NaN]}'}, MAP, 1, "NaN is no number"),
    "no collection": ({MAP: '{"type": "Feature"}'}, MAP, 1, "type"),
    "a point as zone": (
        {MAP: collection({"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": {}})},
        MAP,
        3,
        "geometry.type",
    ),
    "unknown property": ({MAP: collection(feature(PLACES, id="a", kind="no_parking", x=1))}, MAP, 3, "unknown key x"),
    "property of a wrong kind": ({MAP: collection(feature(PLACES, id="a", kind="x"))}, MAP, 3, "unknown kind 'x'"),
    "latitude first": (
        {MAP: collection(feature([(lon, lat) for lat, lon in PLACES], id="a", kind="no_parking"))},
        MAP,
        3,
        "coordinates lie outside of the world",
    ),
    "broken ring": (
        {
            MAP: collection(
                {
                    "type": "Feature",
                    "geometry": {"type": "Polygon", "coordinates": [[1, 2]]},
                    "properties": {"id": "a", "kind": "no_parking"},
                }
            )
        },
        MAP,
        3,
        "no polygon",
    ),
    "permit without dates": (
        {PERMITS: collection(feature(PLACES, id="bay", kind="permitted_parking"))},
        PERMITS,
        3,
        "permit bay has no dates",
    ),
    "permit that permits nothing": (
        {
            PERMITS: collection(
                feature(PLACES, id="bay", kind="no_parking", valid_from="2026-01-01", valid_to="2026-02-01")
            )
        },
        PERMITS,
        3,
        "kind no_parking permits nothing",
    ),
    "cell without a unit": ({GRID: collection(feature(PLACES, id="1"))}, GRID, 3, "unit is missing"),
    "cell twice": (
        {GRID: collection(feature(PLACES, id="1", unit="a"), feature(PLACES, id="1", unit="b"))},
        GRID,
        4,
        "grid cell '1' is listed twice",
    ),
    "calendar with odd keys": ({DAYS: "[days]\n"}, DAYS, 1, "unknown key days"),
    "calendar with a wrong day": (
        {DAYS: '\n[2026]\nholidays = ["2026-13-01"]\n'},
        DAYS,
        2,
        "a day is written 2026-10-01",
    ),
    "calendar with a wrong key": ({DAYS: "[2026]\nholidays = []\nholydays = []\n"}, DAYS, 3, "unknown key holydays"),
    "day of another year": ({DAYS: "[2026]\nholidays = [2025-01-01]\n"}, DAYS, 1, "must lie in it, got 2025-01-01"),
    "day off and worked": (
        {DAYS: "[2026]\nholidays = [2026-01-01]\nworking_days = [2026-01-01]\n"},
        DAYS,
        1,
        "not both",
    ),
    "range backwards": ({DAYS: '[2026]\nholidays = ["2026-02-02/2026-02-01"]\n'}, DAYS, 1, "a range runs from"),
}


def folder(path: Path, changes: dict[str, str | bytes | None]) -> Path:
    files: dict[str, str | bytes | None] = {**LEAST, **changes}
    texts = {name: text for name, text in files.items() if isinstance(text, str)}
    written(path, texts)
    for name, data in files.items():
        if isinstance(data, bytes):
            (path / name).write_bytes(data)
    return path


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_bad_input_is_named_with_file_line_and_what_to_do(
    case: tuple[dict[str, str | bytes | None], str, int, str], tmp_path: Path
) -> None:
    changes, file, line, text = case
    with pytest.raises(SiteErrors) as caught:
        load_site(folder(tmp_path, changes))
    told = [str(error) for error in caught.value.errors]
    assert any(one.startswith(f"{file}:{line}: ") and text in one for one in told), told
    assert "hunter2" not in str(caught.value)
    assert all(error.do for error in caught.value.errors)


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    broken = folder(
        tmp_path,
        {
            "site.toml": 'name = "x"\ntimezone = "Mars/Base"\ncolour = 1\n',
            CAM: zone(hours='"never"', kind='"x"') + "colour = 1\n",
            MAP: "[]",
            DAYS: "[x]\n",
        },
    )
    ran = CliRunner().invoke(check, [str(broken)])
    assert ran.exit_code == 2
    found = [":".join(line.split(":")[:2]) for line in ran.stdout.splitlines()]
    assert found == [
        "calendar.toml:1",
        f"{CAM}:5",
        f"{CAM}:7",
        f"{CAM}:8",
        "site.toml:2",
        "site.toml:3",
        "zones.geojson:1",
    ]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    ran = CliRunner().invoke(check, [str(tmp_path / "nowhere")])
    assert ran.exit_code == 2
    assert "site.toml:1: nowhere is no folder" in ran.stdout


def test_lines_of_toml_survive_strings_comments_and_long_arrays() -> None:
    text = 'a = "[b]" # c = 1\nlong = [\n  [1, 2], # ]\n]\n[t.u]\n"k" = """\nx = 1\n"""\n[[z]]\n[[z]]\ny.w = 2\n'
    lines = toml_lines(text)
    assert [lines.of(p) for p in [("a",), ("long", 0, 1), ("t", "u", "k"), ("z", 0), ("z", 1, "y", "w")]] == [
        1,
        2,
        6,
        9,
        11,
    ]
    assert lines.of(("nothing",)) == 1


def test_lines_of_json_survive_strings() -> None:
    lines = json_lines('{"a": "}],:",\n "b": [1,\n  {"c": null}\n ]}')
    assert [lines.of(p) for p in [("a",), ("b",), ("b", 0), ("b", 1, "c"), ("b", 2)]] == [1, 2, 2, 3, 2]
