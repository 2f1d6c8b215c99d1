"""A loading bay allows a stay of limited length: 29 minutes are fine, 31 are a case."""

import pytest

from rules.trace import sentence
from tests.rules.street import GATE, Street, Visit, street, zone

MINUTE_S = 60.0
ROAD = zone("road", dwell_s=120)


def bay(when: str = "24/7", max_stay_s: float | None = 30 * MINUTE_S) -> Street:
    made = zone("bay", "permitted_parking", GATE, when, max_stay_s=max_stay_s)
    return street(zones=(ROAD, made), fps=0.5)


@pytest.mark.parametrize(("stay_min", "verdicts"), [(3, 0), (29, 0), (31, 1), (90, 1)])
def test_the_limit_is_the_bays_and_not_the_roads(stay_min: float, verdicts: int) -> None:
    told = bay()
    told.visits.append(Visit(10, 10 + stay_min * MINUTE_S))
    assert len(told.run(95 * MINUTE_S).raised) == verdicts


def test_the_trace_names_the_bay_and_its_limit_in_both_languages() -> None:
    told = bay()
    told.visits.append(Visit(0, 40 * MINUTE_S))
    (incident,) = told.run(35 * MINUTE_S).raised
    assert "bay allows 30 min 0 s at most" in sentence(incident.trace)
    assert "30 min 0 s >= 30 min 0 s" in sentence(incident.trace)
    assert "bay最多允许30分0秒" in sentence(incident.trace, "zh")
    assert incident.raised
    assert incident.raised.media_s == pytest.approx(30 * MINUTE_S, abs=4)


def test_who_leaves_in_time_is_a_near_miss_that_says_how_long() -> None:
    told = bay()
    told.visits.append(Visit(0, 29 * MINUTE_S))
    told.run(32 * MINUTE_S)
    assert told.dropped == ["moved"]
    assert "< 30 min 0 s" in sentence(told.last.trace)


def test_two_vehicles_one_after_the_other_are_not_summed() -> None:
    told = bay()
    told.visits += [Visit(n * 20 * MINUTE_S, (n * 20 + 19) * MINUTE_S, vehicle=f"v{n}") for n in range(3)]
    assert told.run(62 * MINUTE_S).raised == []


def test_after_the_bays_hours_the_roads_limit_counts_from_their_end() -> None:
    told = bay("Mo-Su 06:00-08:05")
    told.visits.append(Visit(0, 20 * MINUTE_S))
    (incident,) = told.run(19 * MINUTE_S).raised
    assert incident.started.media_s == pytest.approx(5 * MINUTE_S, abs=4)
    assert incident.raised
    assert incident.raised.media_s == pytest.approx(7 * MINUTE_S, abs=6)


def test_a_bay_without_a_limit_allows_any_stay() -> None:
    told = bay(max_stay_s=None)
    told.visits.append(Visit(0, 90 * MINUTE_S))
    assert told.run(85 * MINUTE_S).raised == []


@pytest.mark.parametrize(("kind", "max_stay_s"), [("no_parking", 60.0), ("permitted_parking", 0.0)])
def test_only_a_permit_has_a_limit_and_it_is_above_nothing(kind: str, max_stay_s: float) -> None:
    with pytest.raises(ValueError, match="max_stay_s is for permitted zones"):
        zone("x", kind, max_stay_s=max_stay_s)
