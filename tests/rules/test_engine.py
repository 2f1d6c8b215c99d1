"""Time that misbehaves, restarts, odd boxes: never a false verdict, and nothing raised twice."""

import math
from dataclasses import replace

import pytest

from detector.observation import Observation, Track
from rules.engine import Engine, UnknownCamera
from rules.incident import Incident, IncidentState
from rules.limits import Limits
from rules.steps import Keep, Notice, ProveStill, Seal
from tests.rules.street import SPOT, Street, Visit, clock, rules_of, street, track, zone


def test_a_camera_that_the_site_does_not_have_is_named() -> None:
    with pytest.raises(UnknownCamera, match="no camera 'cam-2'; the site has cam-1"):
        Engine(rules_of(zone())).judge(Observation("cam-2", clock(0)))


@pytest.mark.parametrize("gap_s", [16, 60, 3600])
def test_a_gap_does_not_count_and_begins_anew(gap_s: float) -> None:
    told = street(Visit(0, 9000)).run(50).run(gap_s + 140, from_s=50 + gap_s)
    assert [i.raised and i.raised.media_s for i in told.raised] == [pytest.approx(50 + gap_s + 60, abs=1)]
    assert told.notices == ["gap"]
    assert told.dropped == ["gap"]


def test_a_gap_within_the_limit_counts() -> None:
    told = street(Visit(0, 9000)).run(30).run(80, from_s=44)
    assert [i.raised and i.raised.media_s for i in told.raised] == [pytest.approx(60, abs=1)]


@pytest.mark.parametrize("gap_s", [16, 3600])
def test_a_raised_incident_goes_on_over_any_gap_while_it_stands_there(gap_s: float) -> None:
    told = street(Visit(0, 9000)).run(80).run(gap_s + 300, from_s=80 + gap_s)
    assert len(told.raised) == 1
    assert told.last.ended is None
    assert len(told.seals) == 1


def test_time_that_runs_backwards_begins_anew() -> None:
    told = street(Visit(0, 9000)).run(50).run(50, from_s=20).run(50, from_s=10)
    assert told.raised == []
    assert told.notices == ["time_backwards", "time_backwards"]
    told.run(80, from_s=50)
    assert [i.raised and i.raised.media_s for i in told.raised] == [pytest.approx(70, abs=1)]


def test_the_packet_still_comes_ten_seconds_after_the_verdict_when_time_runs_backwards() -> None:
    told = street(Visit(0, 9000)).run(65).run(20, from_s=0)
    ((sealed_s, _),) = told.seals
    assert 3 < sealed_s < 8  # 4.8 s of the ten were over when time went back to 0


def test_a_look_that_comes_late_or_twice_is_not_judged() -> None:
    told = street(Visit(0, 100)).run(50)
    before = len(told.steps)
    told.look(49.8)
    told.look(49.5)
    assert told.notices == ["time_backwards"]
    assert len(told.steps) == before + 1
    assert [i.raised and i.raised.media_s for i in told.run(80, from_s=50).raised] == [pytest.approx(60, abs=1)]


def test_a_look_without_a_time_is_not_judged() -> None:
    told = street(Visit(0, 100)).run(50)
    odd = Observation("cam-1", replace(clock(50), media_s=math.nan))
    assert [step.code for step in told.engine.judge(odd) if isinstance(step, Notice)] == ["time_invalid"]


@pytest.mark.parametrize(
    "box", [(math.nan, 0, 10, 10), (0, 0, math.inf, 10), (10, 10, 10, 20), (30, 10, 10, 20), (0, 20, 10, 5)]
)
def test_a_box_that_is_none_is_told_once_and_left_out(box: tuple[float, float, float, float]) -> None:
    engine = Engine(rules_of(zone()))
    steps = [
        step
        for n in range(500)
        for step in engine.judge(Observation("cam-1", clock(n / 5), (track(7, box, n / 5), track(8, SPOT, n / 5))))
    ]
    assert [step.code for step in steps if isinstance(step, Notice) and step.code == "bad_box"] == ["bad_box"]
    assert any(isinstance(step, ProveStill) for step in steps)  # the sound one beside it is judged


def test_a_rate_of_looks_that_changes_within_the_minute_changes_nothing() -> None:
    told = street(Visit(0, 100))
    for fps, first, last in ((25, 0, 10), (1, 10, 20), (0.1, 20, 40), (12, 40, 55), (2, 55, 80)):
        told.fps = fps
        told.run(last, from_s=first)
    assert [i.raised and i.raised.media_s for i in told.raised] == [pytest.approx(60, abs=1)]


@pytest.mark.parametrize("killed_s", [1, 2, 5, 30, 58, 60, 61, 65, 69, 71, 80])
@pytest.mark.parametrize("down_s", [2, 30])
def test_a_restart_neither_loses_nor_repeats_an_incident(killed_s: float, down_s: float) -> None:
    before = street(Visit(0, 900)).run(killed_s)
    after = _restarted(before).run(killed_s + down_s + 100, from_s=killed_s + down_s)
    raised = {incident.id for incident in before.raised + after.raised}
    assert len(raised) == 1
    assert [*before.kept(), *after.kept()][-1].state is IncidentState.SEALED
    assert len(before.seals) + len(after.seals) == 1


def test_a_candidate_goes_on_after_a_short_restart_without_the_time_of_it() -> None:
    before = street(Visit(0, 900)).run(40)
    after = _restarted(before).run(140, from_s=45)
    ((raised_s, _),) = [(t, s) for t, s in after.steps if isinstance(s, Keep) and s.incident.raised][:1]
    # 40 s were seen, of which the last stored stay may lack 5; the 5 s of the restart do not count.
    assert 64.5 <= raised_s <= 71


def test_the_pixels_are_asked_again_after_a_restart() -> None:
    before = street(Visit(0, 900)).run(80)
    after = _restarted(before).run(90, from_s=85)
    assert [s.question for _, s in after.steps if isinstance(s, ProveStill)] == [before.raised[0].id]


def test_what_left_during_a_restart_has_ended() -> None:
    before = street(Visit(0, 82)).run(80)
    after = _restarted(before).run(140, from_s=90)
    assert after.last.state is IncidentState.CLOSED
    assert after.last.ended
    assert after.last.ended.media_s == 90


def test_a_candidate_whose_zone_was_taken_away_is_dropped_and_a_verdict_is_still_sealed() -> None:
    suspected, judged = street(Visit(0, 900)).run(30), street(Visit(0, 900)).run(65)
    for before, reasons, seals in ((suspected, ["zone_gone"], 0), (judged, [], 1)):
        after = _restarted(before, zones=()).run(before_s := 100, from_s=66)
        assert before_s
        assert after.dropped == reasons
        assert len(after.seals) == seals


def test_incidents_that_are_over_are_not_taken_up_again() -> None:
    over = street(Visit(0, 70)).run(300).last
    assert not over.is_open
    engine = Engine(rules_of(zone()), [over])
    assert engine.judge(Observation("cam-1", clock(400))) == ()


def test_two_cameras_do_not_meet() -> None:
    cameras = rules_of(zone()) | rules_of(zone(), camera="cam-2")
    engine = Engine(cameras)
    steps = [
        step for n in range(400) for c in cameras for step in engine.judge(Observation(c, clock(n / 5), _car(n / 5)))
    ]
    assert sorted({s.camera for s in steps if isinstance(s, ProveStill)}) == ["cam-1", "cam-2"]
    assert not any(isinstance(s, Seal) for s in steps)


def test_limits_are_positive() -> None:
    with pytest.raises(ValueError, match="settle_s must be above 0, got 0"):
        Limits(settle_s=0)


def _car(media_s: float) -> tuple[Track, ...]:
    return (track(1, SPOT, media_s),)


def _restarted(before: Street, zones: tuple[object, ...] | None = None) -> Street:
    """A new engine that knows only what was stored."""
    stored: dict[str, Incident] = {incident.id: incident for incident in before.kept()}
    open_ones = [incident for incident in stored.values() if incident.is_open]
    engine = Engine(rules_of(*((zone(),) if zones is None else ())), open_ones)
    return Street(engine, before.visits)
