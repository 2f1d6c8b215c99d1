"""Flights from file to findings: one thing once, with its place, what zones say, and what became of it."""

import json
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import av
import numpy as np
import pytest
from click.testing import CliRunner

from patrol.commands.footage import footage
from patrol.flight.batch import read_batch
from patrol.flight.compare import Change, compare
from patrol.flight.looks import Camera
from patrol.flight.report import report
from patrol.flight.stills import survey_stills
from patrol.flight.survey import Flight, survey_video
from patrol.flight.verdicts import Verdict, judge
from patrol.site import load_site
from streams.footage import Footage
from streams.telemetry.track import distance_m
from tests.patrol.flying import BLUE, HOME, PLANE, TEN, Car, Painted, fly, place, shoot

ZONE = ZoneInfo("Asia/Shanghai")
CARS = [Car(-10, 8), Car(-4, 8), Car(2, -12), Car(14, 3), Car(8, -20)]
MOVER = Car(-20, -4, speed_m_s=9.0)


def flown(folder: Path) -> list[Flight]:
    batch = read_batch(folder, ZONE)
    assert batch.problems == []
    return [survey_video(v, Camera(v, None, None), [Painted()], lambda _: None) for v in batch.videos]


def box(west: float, south: float, east: float, north: float) -> list[list[float]]:
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return [[p.lon, p.lat] for p in (place(x, y) for x, y in corners)]


def site(folder: Path, *features: dict[str, object], permits: tuple[dict[str, object], ...] = ()) -> Path:
    (folder / "cameras").mkdir(parents=True)
    (folder / "site.toml").write_text('name = "Test"\ntimezone = "Asia/Shanghai"\ncountry = "CN"\n')
    (folder / "cameras" / "cam-1.toml").write_text('source = "none.mp4"\nsize_px = [768, 576]\n')
    for name, found in (("zones.geojson", features), ("permits.geojson", permits)):
        if found:
            (folder / name).write_text(json.dumps({"type": "FeatureCollection", "features": list(found)}))
    return folder


def feature(ring: list[list[float]], **properties: object) -> dict[str, object]:
    return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": properties}


@pytest.fixture(scope="module")
def first_flight(tmp_path_factory: pytest.TempPathFactory) -> Flight:
    """Five cars that stand and one that drives."""
    folder = tmp_path_factory.mktemp("flight")
    fly(folder, "DJI_0001", [*CARS, MOVER])
    (flight,) = flown(folder)
    return flight


def test_each_car_that_stands_is_one_finding_at_its_place_and_the_driving_one_is_none(first_flight: Flight) -> None:
    standing = [thing for thing in first_flight.things if thing.stands]
    assert len(standing) == len(CARS)
    # Where it was when the flight ended nobody looked twice: that one sighting is no proof of either.
    assert len(first_flight.things) <= len(CARS) + 1
    places = [thing.best.point for thing in standing]
    metres = PLANE.to_metres([(p.lat, p.lon) for p in places if p is not None])
    for car in CARS:
        off = np.hypot(*(metres - (car.east_m, car.north_m)).T).min()
        assert off < 0.7, f"{car} is {off:.1f} m off"
    assert first_flight.passed >= 1


def test_few_pictures_are_looked_at_and_the_ground_they_show_is_known(first_flight: Flight) -> None:
    assert 3 <= first_flight.looks <= 8
    assert all(len(view) == 4 for view in first_flight.footprints)


def test_a_place_stands_with_an_error_that_holds_it(first_flight: Flight) -> None:
    for thing in first_flight.things:
        assert thing.best.error is not None
        assert 3 < thing.best.error.major_m < 15


def test_two_flights_name_what_stays_what_left_and_what_arrived(tmp_path: Path) -> None:
    fly(tmp_path, "DJI_0001", CARS)
    # An hour later by a receiver that is 4 m off: one left, two arrived, one gave its place to a blue one.
    later = [CARS[0], CARS[1], CARS[4], Car(14, 3, colour=BLUE), Car(-12, -18), Car(6, 14)]
    fly(tmp_path, "DJI_0002", later, began=TEN + timedelta(hours=1), off_m=(3.0, -2.5))
    before, after = flown(tmp_path)
    compared = compare(before, after)
    assert compared.shift_m == pytest.approx((-3.0, 2.5), abs=0.5)
    counts = {change: sum(c is change for c, _, _ in compared.changes) for change in Change}
    assert counts == {Change.STAYS: 3, Change.LEFT: 2, Change.ARRIVED: 3, Change.NOT_COVERED: 0}
    stays = [thing for change, thing, _ in compared.changes if change is Change.STAYS]
    east = sorted(
        round(float(PLANE.to_metres([(t.best.point.lat, t.best.point.lon)])[0, 0])) for t in stays if t.best.point
    )
    assert east == [-10, -4, 8]


def test_a_second_flight_proves_the_stay_and_one_minute_does_not(tmp_path: Path) -> None:
    ring = box(-30, -2, 30, 25)
    zones = load_site(site(tmp_path / "site", feature(ring, id="z", kind="no_parking", dwell_s=600))).map_zones
    fly(tmp_path / "f", "DJI_0001", CARS)
    fly(tmp_path / "f", "DJI_0002", CARS, began=TEN + timedelta(minutes=3))
    fly(tmp_path / "f", "DJI_0003", CARS, began=TEN + timedelta(minutes=20))
    found = report(flown(tmp_path / "f"), zones).findings
    in_zone = {name: [f for f in found if f.flight == name and f.judged.zone] for name in {f.flight for f in found}}
    assert {name: {f.stay_proven for f in findings} for name, findings in in_zone.items()} == {
        "DJI_0001.mp4": {False},
        "DJI_0002.mp4": {False},
        "DJI_0003.mp4": {True},
    }


def test_zones_permits_hours_and_phases_hold_as_drawn(tmp_path: Path) -> None:
    zones = load_site(
        site(
            tmp_path,
            feature(box(-50, -50, 50, 50), id="street", kind="no_parking", phase="warning", hours="Mo-Su 07:00-19:00"),
            permits=(
                feature(
                    box(-50, 20, 50, 50),
                    id="bays",
                    kind="permitted_parking",
                    valid_from="2026-01-01",
                    valid_to="2026-12-31",
                ),
            ),
        )
    ).map_zones

    def verdict(east: float, north: float, error_m: float = 5.0, hours: float = 0) -> tuple[Verdict, str | None]:
        judged = judge(zones, "vehicle", place(east, north), error_m, TEN + timedelta(hours=hours))
        return judged.verdict, judged.zone.id if judged.zone else None

    assert verdict(0, 0) == (Verdict.IN_ZONE, "street")
    assert verdict(48, 0) == (Verdict.UNSURE, "street")
    assert verdict(52, 0) == (Verdict.UNSURE, "street")
    assert verdict(52, 0, error_m=1.0) == (Verdict.OUTSIDE, None)
    assert verdict(0, 35) == (Verdict.PERMITTED, "bays")
    assert verdict(0, 18) == (Verdict.UNSURE, "street")
    assert verdict(0, 0, hours=12) == (Verdict.OUTSIDE, None)
    assert judge(zones, "vehicle", None, 0.0, TEN).verdict is Verdict.NO_PLACE
    assert judge(zones, "person", HOME, 1.0, TEN).verdict is Verdict.OUTSIDE


def test_a_video_without_a_log_gives_each_thing_once_without_a_place(tmp_path: Path) -> None:
    fly(tmp_path, "DJI_0001", CARS, log=False)
    (flight,) = flown(tmp_path)
    assert len(flight.things) == len(CARS)
    assert all(thing.best.point is None for thing in flight.things)
    assert any("no telemetry" in note for note in flight.notes)


def test_a_wrong_pair_a_broken_file_and_a_lone_log_do_not_stop_the_rest(tmp_path: Path) -> None:
    fly(tmp_path, "DJI_0001", CARS[:2], seconds=2)
    long = fly(tmp_path / "other", "DJI_0009", CARS[:2], seconds=12)
    fly(tmp_path, "DJI_0002", CARS[:2], seconds=2, log=False)
    (tmp_path / "DJI_0002.SRT").write_bytes(long.with_suffix(".SRT").read_bytes())
    (tmp_path / "DJI_0003.mp4").write_bytes(b"no video at all")
    (tmp_path / "notes.docx").write_bytes(b"x")
    long.unlink()
    batch = read_batch(tmp_path, ZONE)
    assert [video.footage.path.name for video in batch.videos if video.telemetry] == ["DJI_0001.mp4"]
    assert [video.footage.path.name for video in batch.videos if not video.telemetry] == ["DJI_0002.mp4"]
    assert any("wrong pair" in problem for problem in batch.problems)
    assert any("DJI_0003" in problem for problem in batch.problems)
    assert any("a log without a video" in note for note in batch.notes)


def test_a_log_is_paired_by_its_time_where_its_name_says_nothing(tmp_path: Path) -> None:
    video = fly(tmp_path, "DJI_0001", CARS[:1], seconds=2)
    video.with_suffix(".SRT").rename(tmp_path / "flightlog.SRT")
    batch = read_batch(tmp_path, ZONE)
    # The file names no start of its own; its modification time, minutes ago, is not the log's time: no guess is made.
    assert batch.videos[0].telemetry is None
    assert any("a log without a video" in note for note in batch.notes)


def test_the_command_prints_a_line_a_finding_and_ends_with_1_for_a_broken_file(tmp_path: Path) -> None:
    fly(tmp_path / "f", "DJI_0001", CARS[:1], seconds=2)
    (tmp_path / "f" / "DJI_0002.mp4").write_bytes(b"no video at all")
    where = site(tmp_path / "site", feature(box(-50, -50, 50, 50), id="z", kind="no_parking"))
    result = CliRunner().invoke(footage, [str(where), str(tmp_path / "f"), "--json"])
    assert result.exit_code == 1, result.output
    for line in result.stdout.splitlines():
        assert {"flight", "class", "place", "error_m", "verdict", "zone"} <= set(json.loads(line))
    assert "DJI_0002.mp4" in result.stderr
    assert "looks" in result.stderr


def test_stills_are_a_flight_of_their_own(tmp_path: Path) -> None:
    for n, east in enumerate((-8.0, 0.0, 8.0)):
        shoot(tmp_path, f"DJI_000{n}", CARS, east, TEN + timedelta(seconds=4 * n))
    (tmp_path / "DJI_0009.JPG").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    batch = read_batch(tmp_path, ZONE)
    assert len(batch.stills) == 3
    assert any("DJI_0009" in problem for problem in batch.problems)
    flight = survey_stills(batch.stills, None, None, [Painted()], lambda _: None)
    assert flight.looks == 3
    assert flight.began == TEN
    assert sum(thing.stands is True for thing in flight.things) == len(CARS)
    metres = PLANE.to_metres([(t.best.point.lat, t.best.point.lon) for t in flight.things if t.best.point])
    for car in CARS:
        assert np.hypot(*(metres - (car.east_m, car.north_m)).T).min() < 0.7


def test_a_drive_with_a_gpx_track_says_from_where_each_thing_was_seen(tmp_path: Path) -> None:
    video = fly(tmp_path, "drive", CARS[:2], seconds=4, log=False)
    start = Footage(video, camera="drive").start.at
    points = "".join(
        f'<trkpt lat="{HOME.lat}" lon="{HOME.lon}"><time>{(start + timedelta(seconds=n)).isoformat()}</time></trkpt>'
        for n in range(-5, 20)
    )
    track = f'<gpx version="1.1" creator="x"><trk><trkseg>{points}</trkseg></trk></gpx>'
    (tmp_path / "track.gpx").write_text(track, encoding="utf-8")
    (flight,) = flown(tmp_path)
    assert len(flight.things) == 2
    assert all(thing.best.point is None for thing in flight.things)
    seen_from = [thing.best.seen_from for thing in flight.things]
    assert all(point is not None and distance_m(point, HOME) < 0.01 for point in seen_from)
    assert any("by its time" in note for note in flight.notes)
    assert any("no focal length" in note for note in flight.notes)


def test_a_flight_across_midnight_goes_on(tmp_path: Path) -> None:
    midnight = TEN.replace(hour=16) - timedelta(seconds=3)  # 23:59:57 at the site
    fly(tmp_path, "DJI_0001", CARS, began=midnight)
    (flight,) = flown(tmp_path)
    assert sum(thing.stands is True for thing in flight.things) == len(CARS)
    seen = sorted(s.at for thing in flight.things for s in thing.sightings)
    assert seen[0].astimezone(ZONE).date() < seen[-1].astimezone(ZONE).date()
    assert (seen[-1] - seen[0]).total_seconds() < 8


def test_hevc_with_ten_bits_is_looked_at_like_any_other(tmp_path: Path) -> None:
    if "libx265" not in av.codecs_available:
        pytest.skip("this build of PyAV has no libx265")
    fly(tmp_path, "DJI_0001", CARS, codec="libx265", pixels="yuv420p10le")
    (flight,) = flown(tmp_path)
    assert sum(thing.stands is True for thing in flight.things) == len(CARS)


def test_an_absolute_altitude_that_is_off_by_a_hundred_metres_moves_nothing(tmp_path: Path) -> None:
    video = fly(tmp_path, "DJI_0001", CARS[:1], seconds=4)
    log = video.with_suffix(".SRT")
    log.write_text(log.read_text().replace("abs_alt: 99.000", "abs_alt: -124.744"))
    (flight,) = flown(tmp_path)
    (thing,) = flight.things
    assert thing.best.point is not None
    assert distance_m(thing.best.point, place(CARS[0].east_m, CARS[0].north_m)) < 0.7
    assert any("absolute altitude is far below the sea" in note for note in flight.notes)
