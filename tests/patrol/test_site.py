"""A sound site folder: what the program gets from it."""

import hashlib
import json
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import shapely
from click.testing import CliRunner

from patrol.commands.check import check
from patrol.site import Site, load_site
from patrol.site.days import SEEDS, seed, seed_text
from rules.incident import Phase
from rules.zone import ZoneSource
from streams.geo import GeoPoint, Homography

LEAST = {
    "site.toml": 'name = "Campus"\ntimezone = "Asia/Shanghai"\ncountry = "CN"\n',
    "cameras/cam-1.toml": 'source = "rtsp://patrol@192.0.2.10/stream1"\nsize_px = [768, 576]\n',
}
ZONE = """[[zones]]
id = "gate"
kind = "no_parking"
polygon_px = [[600, 40], [728, 40], [728, 130], [600, 130]]
"""
# The camera looks north over a square; pixels and places of its corners, and one more to measure the fit by.
PIXELS = [[100, 500], [660, 500], [500, 250], [260, 250], [380, 330]]
PLACES = [(24.4800, 118.0900), (24.4800, 118.0902), (24.4803, 118.0902), (24.4803, 118.0900)]


def calibration() -> str:
    four = Homography.fit(PIXELS[:4], [GeoPoint(*place) for place in PLACES])
    fifth = four.to_map((380.0, 330.0))
    places = [*PLACES, (fifth.lat, fifth.lon)]
    return "".join(
        f"[[calibration]]\npx = {px}\nlat = {lat}\nlon = {lon}\n" for px, (lat, lon) in zip(PIXELS, places, strict=True)
    )


def feature(polygon: list[tuple[float, float]], **properties: object) -> dict[str, object]:
    """A GeoJSON feature; the polygon as latitude and longitude."""
    ring = [[lon, lat] for lat, lon in [*polygon, polygon[0]]]
    return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": properties}


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def site(folder: Path, **changes: str) -> Site:
    """A site of the least files, with `site`, `camera`, ... put at their ends."""
    files = dict(LEAST)
    files["site.toml"] += changes.pop("site", "")
    files["cameras/cam-1.toml"] += changes.pop("camera", "")
    files |= {f"{name}.geojson": text for name, text in changes.items() if name in ("zones", "permits", "grid")}
    files |= {"calendar.toml": changes["calendar"]} if "calendar" in changes else {}
    return load_site(written(folder, files))


def collection(*features: dict[str, object]) -> str:
    """A GeoJSON file with one feature a line, the first on line 3."""
    rows = ",\n".join(json.dumps(one) for one in features)
    return f'{{"type": "FeatureCollection",\n"features": [\n{rows}\n]}}\n'


def test_the_least_site_has_defaults(tmp_path: Path) -> None:
    found = site(tmp_path)
    camera = found.cameras["cam-1"]
    assert (found.name, found.timezone.key, found.country) == ("Campus", "Asia/Shanghai", "CN")
    assert found.data == tmp_path.resolve() / "data"
    assert found.detectors == ("street-objects",)
    assert found.dispatch == ()
    assert found.retention.dismissed_days == 15
    assert (camera.source, camera.size_px) == ("rtsp://patrol@192.0.2.10/stream1", (768, 576))
    assert camera.password_variable == "PATROL_CAMERA_CAM_1_PASSWORD"
    assert camera.is_network
    assert camera.calibration is None


def test_a_zone_has_the_defaults_of_its_kind(tmp_path: Path) -> None:
    (zone,) = site(tmp_path, camera=ZONE).cameras["cam-1"].rules.zones
    assert zone.dwell_s == 180
    assert zone.classes == {"car", "truck", "bus"}
    assert zone.phase is Phase.LIVE
    assert zone.hours.expression == "24/7"
    assert zone.source is ZoneSource.PICTURE
    assert zone.shape.bounds == (600, 40, 728, 130)


def test_a_zone_may_say_everything_itself(tmp_path: Path) -> None:
    more = (
        'dwell_s = 60\nhours = "Mo-Fr 07:00-19:00; PH off"\nphase = "shadow"\nclasses = ["motorcycle"]\n'
        'valid_from = 2026-05-01\nvalid_to = "2026-12-31"\nlegal_basis = "notice 12"\n'
        "holes_px = [[[620, 60], [640, 60], [640, 80]]]\n"
    )
    (zone,) = site(tmp_path, camera=ZONE + more).cameras["cam-1"].rules.zones
    assert (zone.dwell_s, zone.phase, zone.classes) == (60, Phase.SHADOW, frozenset({"motorcycle"}))
    assert (zone.valid_from, zone.valid_to) == (date(2026, 5, 1), date(2026, 12, 31))
    assert not zone.contains((625, 40, 645, 65), "motorcycle")  # its ground point is in the hole


def test_a_relative_source_lies_in_the_site_folder(tmp_path: Path) -> None:
    files = LEAST | {"cameras/cam-1.toml": 'source = "clips/van.mp4"\nsize_px = [768, 576]\n'}
    camera = load_site(written(tmp_path, files)).cameras["cam-1"]
    assert camera.source == str(tmp_path.resolve() / "clips/van.mp4")
    assert not camera.is_network


def test_a_kind_of_the_sites_own_is_a_row_of_the_table(tmp_path: Path) -> None:
    kind = (
        '[kinds.blind_path]\nrule = "standing"\nincident = "blocked_blind_path"\nclasses = ["bicycle"]\ndwell_s = 20\n'
    )
    found = site(tmp_path, site=kind, camera=ZONE.replace("no_parking", "blind_path"))
    (zone,) = found.cameras["cam-1"].rules.zones
    assert (zone.kind.incident, zone.dwell_s, zone.classes) == ("blocked_blind_path", 20, frozenset({"bicycle"}))


def test_dispatch_targets_are_named_and_take_their_token_from_the_environment(tmp_path: Path) -> None:
    (bureau, own) = site(
        tmp_path,
        site='[[dispatch]]\nurl = "https://cases.example"\n[[dispatch]]\nname = "own"\nurl = "http://127.0.0.1:8000"\n'
        'token_variable = "OWN_TOKEN"\n',
    ).dispatch
    assert (bureau.name, bureau.token_variable, bureau.is_loopback) == ("cases.example", "PATROL_DISPATCH_TOKEN", False)
    assert (own.name, own.token_variable, own.is_loopback) == ("own", "OWN_TOKEN", True)


def test_a_zone_of_the_map_lies_on_each_calibrated_picture_that_sees_it(tmp_path: Path) -> None:
    square = collection(feature(PLACES, id="square", kind="no_parking", dwell_s=30))
    found = site(tmp_path, camera=calibration(), zones=square)
    (zone,) = found.cameras["cam-1"].rules.zones
    assert zone.source is ZoneSource.MAP
    assert shapely.Polygon(PIXELS[:4]).symmetric_difference(zone.shape).area < 50  # of 100,000 pixels
    assert zone.error_px < 0.5  # five points that agree
    assert zone.dwell_s == 30
    assert found.zone_count == 1
    assert found.notes == ()


def test_four_calibration_points_leave_the_line_of_a_map_zone_unsure_by_two_pixels(tmp_path: Path) -> None:
    four = "".join(calibration().partition("[[calibration]]")[1:]).rsplit("[[calibration]]", 1)[0]
    square = collection(feature(PLACES, id="square", kind="no_parking"))
    (zone,) = site(tmp_path, camera=four, zones=square).cameras["cam-1"].rules.zones
    assert zone.error_px == pytest.approx(2.0, abs=0.01)


def test_of_a_zone_around_the_camera_only_the_ground_in_view_is_drawn(tmp_path: Path) -> None:
    wide = [(24.475, 118.085), (24.475, 118.095), (24.485, 118.095), (24.485, 118.085)]
    found = site(tmp_path, camera=calibration(), zones=collection(feature(wide, id="wide", kind="no_parking")))
    (zone,) = found.cameras["cam-1"].rules.zones
    left, top, right, bottom = zone.shape.bounds
    assert left >= -1
    assert right <= 769
    assert bottom == pytest.approx(576, abs=1)
    assert 0 < top < 250  # the horizon is in the picture: nothing above it is ground


def test_a_zone_that_no_camera_sees_is_noted(tmp_path: Path) -> None:
    far = [(lat + 1, lon) for lat, lon in PLACES]
    found = site(tmp_path, camera=calibration(), zones=collection(feature(far, id="far", kind="no_parking")))
    assert found.cameras["cam-1"].rules.zones == ()
    assert [note.what for note in found.notes] == ["zone far lies in no calibrated camera's picture"]


def test_permits_and_grid_are_read(tmp_path: Path) -> None:
    bay = feature(PLACES, id="bay", kind="permitted_parking", valid_from="2026-01-01", valid_to="2026-12-31")
    cell = feature(PLACES, id="350203001001001", unit="Team 3")
    found = site(tmp_path, camera=calibration(), permits=collection(bay), grid=collection(cell))
    (zone,) = found.cameras["cam-1"].rules.zones
    assert zone.kind.permits
    assert [(c.id, c.unit, c.level) for c in found.grid] == [("350203001001001", "Team 3", 2)]


def test_the_sites_calendar_counts_and_else_the_shipped_one(tmp_path: Path) -> None:
    noon = datetime(2026, 10, 1, 4, tzinfo=UTC)
    hours = 'hours = "Mo-Fr 07:00-19:00; PH off"\n'
    (shipped,) = site(tmp_path / "a", camera=ZONE + hours).cameras["cam-1"].rules.zones
    own = "[2026]\nholidays = [2026-01-01, '2026-05-01/2026-05-05']\n"
    (ours,) = site(tmp_path / "b", camera=ZONE + hours, calendar=own).cameras["cam-1"].rules.zones
    assert shipped.holds_at(noon) is False
    assert ours.holds_at(noon) is True
    assert ours.holds_at(datetime(2026, 5, 4, 4, tzinfo=UTC)) is False
    assert ours.holds_at(datetime(2025, 10, 1, 4, tzinfo=UTC)) is None


def test_the_shipped_calendar_is_what_chinesecalendar_lists() -> None:
    assert SEEDS["CN"].read_text(encoding="utf-8") == seed_text()
    assert seed("CN").is_holiday(date(2026, 10, 1))
    assert seed("CN").is_made_up(date(2026, 10, 10))
    assert seed("FR").years == {}


def test_the_digest_is_what_sha256sum_prints(tmp_path: Path) -> None:
    found = site(tmp_path, camera=ZONE)
    listing = subprocess.run(
        ["sha256sum", *sorted(found.files_sha256)], cwd=tmp_path, capture_output=True, check=True
    ).stdout
    assert found.digest == hashlib.sha256(listing).hexdigest()
    assert site(tmp_path, camera=ZONE + "dwell_s = 61\n").digest != found.digest


def test_check_counts_what_is_sound(tmp_path: Path) -> None:
    site(tmp_path, camera=ZONE)
    ran = CliRunner().invoke(check, [str(tmp_path)])
    assert (ran.exit_code, ran.stdout) == (0, "ok: 1 camera, 1 zone\n")


def test_check_notes_years_without_days(tmp_path: Path) -> None:
    working_days = ZONE + 'hours = "Mo-Fr 07:00-19:00"\n'
    site(tmp_path, camera=working_days, calendar="[2019]\nholidays = [2019-01-01]\n")
    ran = CliRunner().invoke(check, [str(tmp_path)])
    assert ran.exit_code == 0
    assert f"calendar.toml has no days of {datetime.now(UTC).year}" in ran.stderr


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    site(tmp_path)
    (tmp_path / "calendar.toml").mkdir()
    ran = CliRunner().invoke(check, [str(tmp_path)])
    assert ran.exit_code == 2
    assert "calendar.toml:1: cannot be read: Is a directory" in ran.stdout
