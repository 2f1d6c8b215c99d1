"""DJI's subtitle logs: each trap in a file of its own, small enough to read."""

from datetime import datetime
from pathlib import Path

import pytest

from streams.telemetry.dji_srt import read_dji_srt
from streams.telemetry.route import Route
from streams.telemetry.track import Flaw, Telemetry, UnreadableTelemetry


def read(text: str | bytes) -> Telemetry:
    return read_dji_srt(Path("flight.SRT"), text.encode() if isinstance(text, str) else text)


def cue(number: int, body: str) -> str:
    return f"{number}\n00:00:{number:02d},000 --> 00:00:{number + 1:02d},000\n{body}\n\n"


def bracketed(lat: float, lon: float, more: str = "") -> str:
    return f"[latitude: {lat:.6f}] [longitude: {lon:.6f}] [rel_alt: 50.000 abs_alt: 60.000] {more}</font>"


def test_latitude_comes_first_where_the_other_order_is_impossible() -> None:
    read_ = read(cue(1, "GPS(24.4798,118.0894,19) BAROMETER:20.1"))
    assert read_.fixes[0].point is not None
    assert (read_.fixes[0].point.lat, read_.fixes[0].point.lon) == (24.4798, 118.0894)
    assert any("latitude, longitude: the other way round" in warning for warning in read_.warnings)


def test_distance_from_home_overrules_the_family() -> None:
    rows = [
        f"F/2.8, SS 60, ISO 100, GPS (36.0{n}00, -6.0000, 12), HOME (36.0000, -6.0000, 2m), D {d}m, H 30.0m"
        for n, d in ((1, 1109.7), (2, 2219.4), (3, 3329.1), (4, 4438.8))
    ]
    read_ = read("".join(cue(n, row) for n, row in enumerate(rows, 1)))
    assert read_.fixes[0].point is not None and read_.fixes[0].point.lat == pytest.approx(36.01)
    assert any("distance from home" in warning for warning in read_.warnings)


def test_letters_say_the_order_and_the_hemisphere() -> None:
    read_ = read(cue(1, "HOME(W: 77.1000, N: 38.8000) 2020.01.02 10:00:00\nGPS(W: 77.1000, N: 38.8000, 12)"))
    assert read_.fixes[0].point is not None
    assert (read_.fixes[0].point.lat, read_.fixes[0].point.lon) == (38.8, -77.1)


def test_cues_without_a_timing_line_are_kept_and_placed_by_their_clock() -> None:
    body = "FrameCnt: {n}, DiffTime: 33ms\n2024-05-01 10:00:0{n}.000\n" + bracketed(24.5, 118.1)
    read_ = read("".join(f"{n}\n{body.format(n=n)}\n\n" for n in range(1, 5)))
    assert [sample.media_s for sample in read_.samples] == [0.0, 1.0, 2.0, 3.0]
    assert any("no line with -->" in warning for warning in read_.warnings)


def test_a_number_that_the_end_of_the_file_cuts_off_is_no_number() -> None:
    read_ = read(cue(1, bracketed(24.5, 118.1)) + "2\n00:00:02,000 --> 00:00:03,000\n[latitude: 24.5] [longitude: 118")
    assert len(read_.fixes) == 1
    assert any("cut off" in warning for warning in read_.warnings)


def test_null_island_is_no_fix() -> None:
    read_ = read(cue(1, bracketed(0, 0)) + cue(2, bracketed(24.5, 118.1)))
    assert [sample.flaw for sample in read_.samples] == [Flaw.NO_FIX, None]


def test_a_jump_out_and_back_marks_one_sample_and_a_move_that_stays_marks_its_first() -> None:
    places = [(24.5, 118.1)] * 3 + [(48.85, 2.35)] + [(24.5, 118.1)] * 2
    out = read("".join(cue(n, bracketed(*place)) for n, place in enumerate(places, 1)))
    assert [n for n, s in enumerate(out.samples) if s.flaw is Flaw.JUMP] == [3]
    places = [(48.85, 2.35)] + [(24.5, 118.1)] * 4
    stays = read("".join(cue(n, bracketed(*place)) for n, place in enumerate(places, 1)))
    assert [n for n, s in enumerate(stays.samples) if s.flaw is Flaw.JUMP] == [1]


def test_a_gap_in_the_log_is_marked() -> None:
    read_ = read("".join(cue(n, bracketed(24.5, 118.1)) for n in (1, 2, 3, 4, 30)))
    assert [sample.flaw for sample in read_.samples] == [None] * 4 + [Flaw.GAP]


@pytest.mark.parametrize(
    ("written", "millimetres"), [("24.00", 24.0), ("240", 24.0), ("280", 28.0), ("643.30", 643.3), ("24", 24.0)]
)
def test_focal_length_is_read_in_millimetres_however_it_is_written(written: str, millimetres: float) -> None:
    assert read(cue(1, bracketed(24.5, 118.1, f"[focal_len: {written}] "))).samples[0].focal_mm == millimetres


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("2024-05-01 10:00:01.373", datetime(2024, 5, 1, 10, 0, 1, 373000)),  # noqa: DTZ001
        ("2024-05-01 10:00:01,774,808", datetime(2024, 5, 1, 10, 0, 1, 774808)),  # noqa: DTZ001
        ("2024.05.01 10:00:01", datetime(2024, 5, 1, 10, 0, 1)),  # noqa: DTZ001
        ("2024-02-30 10:00:01", None),
    ],
)
def test_times_of_every_family_are_read_and_stay_without_a_zone(written: str, time: datetime | None) -> None:
    assert read(cue(1, f"{written}\n{bracketed(24.5, 118.1)}")).samples[0].time == time


def test_bom_crlf_utf16_and_degree_signs_change_nothing() -> None:
    text = cue(1, "GPS (118.1000, 24.5000, 12), H 30.0m, G.PRY (-90.0°, 0.0°, 12.0°)")
    plain = read(text).samples
    for data in (b"\xef\xbb\xbf" + text.encode(), text.replace("\n", "\r\n").encode(), text.encode("utf-16")):
        assert read(data).samples == plain
    assert read(text.encode("latin-1")).samples == plain
    assert plain[0].gimbal is not None and plain[0].gimbal.pitch_deg == -90


def test_subtitles_of_a_film_are_refused() -> None:
    with pytest.raises(UnreadableTelemetry, match="none that a drone writes"):
        read(cue(1, "Hello.\nWhere were you at 10:20?"))


def test_goggles_log_the_link_and_no_place() -> None:
    body = "signal:4 ch:8 flightTime:0 uavBat:16.1V glsBat:8.0V uavBatCells:4 delay:27ms bitrate:24.8Mbps rcSignal:4"
    log = read(cue(1, body))
    assert log.fixes == ()
    assert any("no position in it" in warning for warning in log.warnings)


def test_a_receiver_slower_than_its_log_is_put_on_the_line_and_a_hover_is_not() -> None:
    def row(n: int, lat: float) -> str:
        at_s = n / 10
        stamp = f"00:00:{int(at_s):02d},{round(at_s % 1 * 1000):03d}"
        return f"{n}\n{stamp} --> {stamp}\n{bracketed(lat, 118.1)}\n\n"

    steps = [row(n, 24.5 + 0.0001 * (n // 10)) for n in range(31)]  # a new place each second, ten rows a second
    route = Route(read("".join(steps)))
    for at_s in (0.5, 1.25, 2.7):
        sample = route.at(at_s)
        assert sample is not None
        assert sample.point is not None
        assert sample.point.lat == pytest.approx(24.5 + 0.0001 * at_s, abs=1e-6)
    hovering = Route(read("".join(row(n, 24.5 if n < 30 else 24.5001) for n in range(40))))
    still = hovering.at(2.5)
    assert still is not None
    assert still.point is not None
    assert still.point.lat == 24.5
