"""A table of cases for each sentence of `rules/parking.py`."""

from collections.abc import Callable

import pytest

from detector.observation import Box, Observation, SceneState, Stillness, StillnessFact
from rules.incident import IncidentState
from rules.limits import Limits
from rules.trace import sentence
from tests.rules.street import OUTSIDE, SPOT, START, Street, Visit, clock, street, track, zone

BESIDE: Box = (245.0, 180.0, 295.0, 240.0)


@pytest.mark.parametrize("fps", [25, 10, 5, 2, 1, 0.5, 0.2])
def test_the_verdict_falls_at_the_same_second_at_every_rate(fps: float) -> None:
    (incident,) = street(Visit(10, 100), fps=fps).run(120).raised
    assert incident.raised
    assert incident.started.media_s == pytest.approx(10, abs=1 / fps)
    assert 70 <= incident.raised.media_s <= 70 + 2 / fps
    assert incident.dwell_s >= 60


@pytest.mark.parametrize(("stay_s", "verdicts"), [(20, 0), (58, 0), (61, 1), (300, 1)])
def test_only_a_stay_of_dwell_s_is_raised(stay_s: float, verdicts: int) -> None:
    assert len(street(Visit(5, 5 + stay_s)).run(320).raised) == verdicts


@pytest.mark.parametrize(
    ("box", "class_name", "verdicts"),
    [(SPOT, "car", 1), (SPOT, "truck", 1), (SPOT, "person", 0), (SPOT, "bicycle", 0), (OUTSIDE, "car", 0)],
)
def test_only_vehicles_whose_ground_point_is_in_the_zone_count(box: Box, class_name: str, verdicts: int) -> None:
    assert len(street(Visit(0, 90, box, class_name=class_name)).run(90).raised) == verdicts


def test_separate_visits_are_not_summed() -> None:
    told = street(*(Visit(t, t + 25, vehicle=f"v{t}") for t in (0, 30, 60, 90, 120))).run(160)
    assert told.raised == []
    assert told.dropped == ["moved"] * 5


def test_the_same_vehicle_that_comes_again_before_its_time_was_up_begins_anew() -> None:
    told = street(Visit(0, 40), Visit(50, 90)).run(100)
    assert told.raised == []
    assert told.dropped == ["moved", "moved"]


def test_a_creeping_queue_raises_nothing() -> None:
    cars = [
        Visit(t, t + 17, (160.0 + d, 180.0, 240.0 + d, 240.0), f"{t}")
        for t, d in zip(range(0, 170, 17), [0, 20] * 5, strict=True)
    ]
    assert street(*cars).run(175).raised == []


@pytest.mark.parametrize("every_s", [0.2, 1.0, 7.0])
def test_a_switched_id_changes_nothing(every_s: float) -> None:
    told = street(Visit(0, 100), track_id=lambda now_s: int(now_s / every_s) + 1).run(100)
    assert [i.raised and i.raised.media_s for i in told.raised] == [pytest.approx(60, abs=0.5)]


def test_a_detector_that_misses_it_after_it_stood_changes_nothing() -> None:
    told = street(Visit(0, 100), missed=lambda now_s: now_s > 3).run(100)
    assert [i.raised and i.raised.media_s for i in told.raised] == [pytest.approx(60, abs=0.5)]


def test_passers_by_delay_no_verdict() -> None:
    told = street(Visit(0, 100), hidden=lambda now_s: now_s % 10 > 4 and now_s > 3).run(100)
    (incident,) = told.raised
    assert incident.raised
    assert 60 <= incident.raised.media_s <= 66.5


def test_a_place_covered_for_longer_than_the_gap_does_not_count_and_the_trace_says_so() -> None:
    (incident,) = street(Visit(0, 120), hidden=lambda now_s: 20 < now_s < 40).run(120).raised
    assert incident.raised
    assert incident.raised.media_s == pytest.approx(80, abs=1)
    assert "not counted" in sentence(incident.trace)


def test_a_candidate_covered_for_a_minute_is_dropped() -> None:
    assert street(Visit(0, 200), hidden=lambda now_s: now_s > 20).run(100).dropped == ["covered"]


def test_without_any_proof_nothing_is_raised_and_somebody_is_told() -> None:
    told = street(Visit(0, 200))
    told.asked = _Unanswered()
    told.run(100)
    assert told.raised == []
    assert "no_proof" in told.notices
    assert set(told.dropped) == {"no_proof"}


class _Unanswered(dict[str, tuple[Box, str | None]]):
    """A prover that listens and never answers."""

    def __setitem__(self, key: str, value: object) -> None:
        pass

    def __delitem__(self, key: str) -> None:
        pass


def test_the_packet_is_asked_for_once_ten_seconds_after_the_verdict() -> None:
    ((sealed_s, incident),) = street(Visit(0, 200)).run(200).seals
    assert incident.raised
    assert sealed_s == pytest.approx(incident.raised.media_s + 10, abs=0.3)


def test_the_packet_is_asked_for_at_the_end_of_footage_that_is_too_short() -> None:
    told = street(Visit(0, 200)).run(65).finish(65)
    assert [t for t, _ in told.seals] == [65]
    assert told.last.state is IncidentState.SEALED
    assert told.last.ended is None
    assert told.asked == {}


def test_a_candidate_at_the_end_of_the_footage_is_dropped() -> None:
    assert street(Visit(0, 200)).run(30).finish(30).dropped == ["footage_ended"]


def test_what_left_before_its_packet_was_made_is_closed_once_it_is() -> None:
    told = street(Visit(0, 64)).run(90)
    states = [i.state for i in told.kept() if i.state is not IncidentState.CANDIDATE]
    assert states == [IncidentState.RAISED, IncidentState.RAISED, IncidentState.SEALED, IncidentState.CLOSED]
    assert told.last.ended
    assert told.last.ended.media_s == pytest.approx(64, abs=0.3)


def test_what_leaves_later_is_closed_then() -> None:
    told = street(Visit(0, 150)).run(160)
    assert told.last.state is IncidentState.CLOSED
    assert told.last.ended
    assert told.last.ended.media_s == pytest.approx(150, abs=0.3)


def test_sealed_said_twice_changes_nothing() -> None:
    told = street(Visit(0, 100)).run(90)
    assert told.engine.sealed(told.last.id) == ()
    assert told.engine.sealed("unknown") == ()


def test_a_raised_vehicle_is_one_story_through_everything() -> None:
    told = street(
        Visit(0, 900),
        missed=lambda now_s: 100 < now_s < 300,
        hidden=lambda now_s: 400 < now_s < 600,
        track_id=lambda now_s: int(now_s / 3) + 1,
    ).run(800)
    assert len(told.raised) == 1
    assert told.last.ended is None


def test_the_same_vehicle_back_at_its_place_within_two_minutes_is_one_story() -> None:
    told = street(Visit(0, 100), Visit(150, 300)).run(290)
    assert len(told.raised) == 1
    assert told.last.ended is None
    assert told.last.trace[-1].code == "returned"


def test_the_same_vehicle_back_after_longer_is_a_new_story() -> None:
    told = street(Visit(0, 100), Visit(230, 400)).run(390)
    assert len(told.raised) == 2


def test_another_vehicle_at_the_same_place_is_a_new_story() -> None:
    told = street(Visit(0, 100, vehicle="a"), Visit(105, 200, vehicle="b")).run(200)
    assert [i.raised and i.raised.media_s for i in told.raised] == [pytest.approx(60, abs=1), pytest.approx(165, abs=1)]
    assert len({i.id for i in told.raised}) == 2


def test_two_vehicles_side_by_side_are_two_stories() -> None:
    told = street(Visit(0, 100, SPOT, "a"), Visit(0, 100, BESIDE, "b")).run(90)
    assert len(told.raised) == 2


def test_two_boxes_over_one_vehicle_are_one_story() -> None:
    told = street(Visit(0, 100, SPOT, "a"), Visit(0, 100, (162.0, 178.0, 240.0, 241.0), "a", "truck")).run(90)
    assert len(told.raised) == 1


def test_one_bad_answer_of_the_pixels_ends_nothing() -> None:
    told = street(Visit(0, 30), Visit(30.4, 200)).run(190)  # two looks see another thing, the detector sees none
    assert len(told.raised) == 1
    assert told.dropped == []


def test_overlapping_zones_of_one_kind_make_one_story_of_the_first() -> None:
    told = street(Visit(0, 100), zones=[zone("first"), zone("second"), zone("clear", "keep_clear")]).run(100)
    assert [i.zone_id for i in told.raised] == ["first"]


@pytest.mark.parametrize(
    ("when", "permit", "raised_s"),
    [
        ("24/7", None, 60),  # always
        ("Mo-Fr 07:00-19:00", None, 60),
        ("Mo-Fr 08:01-19:00", None, 120),  # 08:00 is second 0: what stood before the hours began does not count
        ("Mo-Fr 07:00-08:00", None, None),  # over
        ("Mo-Fr 07:00-08:01; Mo-Fr 08:02-19:00", None, 180),  # what stood before the pause does not count
        ("Sa,Su", None, None),
        ("24/7", "24/7", None),  # allowed
        ("24/7", "Mo-Su 06:00-08:02", 180),  # allowed for two minutes: counts from the permit's end
        ("24/7", "Mo-Su 09:00-10:00", 60),  # allowed at another time
    ],
)
def test_only_time_in_the_hours_and_without_a_permit_counts(
    when: str, permit: str | None, raised_s: float | None
) -> None:
    zones = [zone(when=when)]
    if permit:
        zones.append(zone("bay", "permitted_parking", when=permit))
    told = street(Visit(0, 400), zones=zones).run(300)
    assert [i.raised and i.raised.media_s for i in told.raised] == (
        [pytest.approx(raised_s, abs=2.5)] if raised_s else []
    )


def test_a_permit_is_named_in_the_trace_once() -> None:
    told = street(Visit(0, 400), zones=[zone(), zone("bay", "permitted_parking")]).run(300)
    (dropped,) = told.kept(IncidentState.DROPPED)
    assert dropped.trace[-1].data["permit"] == "bay"
    assert "allowed by bay" in sentence(dropped.trace)
    assert "许可区域bay允许" in sentence(dropped.trace, "zh")
    assert not told.asked


def test_a_year_without_data_is_unsure_where_the_days_type_matters() -> None:
    new_year = START.replace(year=2027)
    told = street(Visit(0, 100), zones=[zone(when="Mo-Fr 07:00-19:00")], start=new_year).run(100)
    assert told.raised == []
    assert told.notices == ["unsure_hours"]
    assert len(street(Visit(0, 100), zones=[zone(when="Mo-Su 07:00-19:00")], start=new_year).run(100).raised) == 1


def test_near_the_line_of_a_map_zone_is_unsure() -> None:
    told = street(Visit(0, 100), zones=[zone(error_px=70.0)]).run(100)  # the line is 60 px away
    assert told.raised == []
    assert told.notices == ["unsure_place"]
    assert len(street(Visit(0, 100), zones=[zone(error_px=50.0)]).run(100).raised) == 1


def test_a_bumped_camera_judges_nothing() -> None:
    told = street(Visit(0, 400), scene=lambda s: SceneState.BUMPED if s > 30 else SceneState.SOUND).run(200)
    assert told.raised == []
    assert told.notices == ["scene_bumped"]
    assert told.dropped == ["scene"]


@pytest.mark.parametrize("scene", [SceneState.FROZEN, SceneState.COVERED, SceneState.DAZZLED])
def test_a_picture_that_cannot_be_trusted_counts_for_nothing(scene: SceneState) -> None:
    told = street(Visit(0, 400), scene=lambda s: scene if 30 < s < 100 else SceneState.SOUND).run(200)
    assert [i.raised and i.raised.media_s for i in told.raised] == [pytest.approx(161, abs=2)]
    assert told.notices == [f"scene_{scene.value}", "scene_sound", "gap"]


def test_the_same_footage_gives_the_same_incidents() -> None:
    first, second = (street(Visit(0, 100), Visit(20, 90, BESIDE, "b")).run(100).finish(100) for _ in range(2))
    assert first.steps == second.steps


def test_the_sentence_of_a_verdict_reads_as_the_law_needs_it() -> None:
    (incident,) = street(Visit(0, 100), zones=[zone(when="Mo-Fr 07:00-19:00")]).run(100).raised
    assert sentence(incident.trace) == (
        "car (0.80), in zone gate from 08:00:00 to 08:01:00 (file clock, error up to 0.1 s), hours Mo-Fr 07:00-19:00, "
        "did not move (0.3 px), 1 min 0 s >= 1 min 0 s, phase live, no permit"
    )
    assert "08:00:00至08:01:00在区域gate内" in sentence(incident.trace, "zh")


def test_how_long_a_move_must_be_seen_is_a_matter_of_limits() -> None:
    assert street(Visit(0, 100), limits=Limits(moved_s=30.0)).run(120).last.ended is None
    assert street(Visit(0, 100)).run(120).last.ended is not None


def told_by(
    box_at: Callable[[float], Box | None], answer_at: Callable[[float, int], Stillness], until_s: float
) -> Street:
    """A street where the detector's box and the pixels' answer, by the number of the question, are told apart."""
    told = street()
    for n in range(round(until_s * 5)):
        now_s = n / 5
        box = box_at(now_s)
        facts = tuple(
            StillnessFact(question, answer_at(now_s, number), 0.3, 0.9) for number, question in enumerate(told.asked)
        )
        tracks = (track(1, box, now_s, score=0.5 + (now_s > 20) * 0.3),) if box else ()
        told.take(now_s, told.engine.judge(Observation("cam-1", clock(now_s), tracks, facts)))
    return told


def test_a_half_hidden_arrival_does_not_put_into_the_zone_what_stands_outside_it() -> None:
    upper, whole = (160.0, 250.0, 240.0, 295.0), (160.0, 250.0, 240.0, 320.0)  # the whole one stands below the gate
    told = told_by(lambda now_s: upper if now_s < 4 else whole, lambda *_: Stillness.STILL, 70)
    assert told.raised == []
    assert told.dropped == ["outside"]


def test_the_surest_sighting_gives_box_and_class() -> None:
    upper, whole = (160.0, 180.0, 240.0, 220.0), SPOT
    (incident,) = told_by(lambda now_s: upper if now_s < 10 else whole, lambda *_: Stillness.STILL, 70).raised
    assert incident.box_px == whole
    assert incident.score == pytest.approx(0.8)


def test_what_was_suspected_at_its_place_is_dropped_when_the_pixels_show_that_it_is_the_same_vehicle() -> None:
    def answer(now_s: float, question: int) -> Stillness:
        if question:
            return Stillness.STILL
        return Stillness.STILL if now_s < 80 or now_s > 110 else Stillness.MOVED if now_s < 90 else Stillness.COVERED

    told = told_by(lambda now_s: None if 80 <= now_s < 90 else SPOT, answer, 200)
    assert len(told.raised) == 1
    assert told.dropped == ["same_story"]
    assert told.kept(IncidentState.CLOSED, IncidentState.RAISED, IncidentState.SEALED)[-1].ended is None


def test_what_is_seen_while_the_place_is_covered_is_not_taken_for_it() -> None:
    told = told_by(lambda _: SPOT, lambda now_s, _: Stillness.STILL if now_s < 30 else Stillness.COVERED, 100)
    assert told.dropped == ["covered"]
    assert told.kept(IncidentState.DROPPED)[0].last_seen.media_s == pytest.approx(30, abs=0.3)
