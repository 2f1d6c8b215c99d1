"""A table of cases for each sentence of `rules/vending.py`."""

import pytest

from detector.observation import Box
from rules.incident import Incident
from rules.trace import sentence
from rules.zone import Zone
from tests.rules.street import GATE, Street, Visit, street, zone

STALL: Box = (150.0, 150.0, 250.0, 250.0)
NEAR: Box = (225.0, 160.0, 262.0, 252.0)
FAR: Box = (30.0, 160.0, 60.0, 252.0)
SEES = frozenset({"vendor_stall", "person"})
PAVEMENT = zone("pavement", "no_vending")
POINT = ((90, 90), (310, 90), (310, 310), (90, 310))


def stall(from_s: float, to_s: float, box: Box = STALL, name: str = "stall") -> Visit:
    return Visit(from_s, to_s, box, name, "vendor_stall")


def person(from_s: float, to_s: float, box: Box = NEAR) -> Visit:
    return Visit(from_s, to_s, box, f"person {from_s}", "person")


def told(*visits: Visit, zones: tuple[Zone, ...] = (PAVEMENT,), sees: frozenset[str] = SEES) -> Street:
    return street(*visits, zones=zones, looked_for=sees)


def raised_s(told: Street) -> list[float]:
    return [round(incident.raised.media_s) for incident in told.raised if incident.raised]


def test_a_stall_with_somebody_at_it_is_raised_after_its_stay() -> None:
    done = told(stall(10, 110), person(10, 110)).run(120)
    assert raised_s(done) == [70]
    (incident,) = done.raised
    assert (incident.kind, incident.class_name) == ("street_vending", "vendor_stall")


def test_the_trace_says_in_both_languages_that_somebody_was_with_it() -> None:
    (incident,) = told(stall(0, 100), person(0, 100)).run(90).raised
    assert "somebody with it in 100% of the looks" in sentence(incident.trace)
    assert "有人在旁经营" in sentence(incident.trace, "zh")


def test_customers_come_and_go_and_the_seller_may_change() -> None:
    turns = [person(t, t + 9, NEAR if t % 20 else (140.0, 160.0, 170.0, 255.0)) for t in range(0, 100, 10)]
    assert raised_s(told(stall(0, 100), *turns).run(100)) == [60]


def test_goods_that_nobody_is_with_are_no_sale() -> None:
    assert told(stall(0, 200)).run(200).raised == []
    assert told(stall(0, 200), person(0, 200, FAR)).run(200).raised == []


def test_passers_by_are_nobody_who_stays() -> None:
    passing = [person(t, t + 3) for t in range(0, 200, 15)]
    assert told(stall(0, 200), *passing).run(200).raised == []


def test_somebody_who_comes_later_makes_it_a_sale_once_he_was_there_for_half_of_the_time() -> None:
    (moment,) = raised_s(told(stall(0, 200), person(40, 200)).run(200))
    assert 77 <= moment <= 80  # nobody looks for a seller before it has come to a stand


def test_people_without_a_stall_are_no_sale() -> None:
    assert told(person(0, 200), person(0, 200, SPOT_OF_TALK)).run(200).kept() == []


SPOT_OF_TALK: Box = (180.0, 160.0, 210.0, 250.0)


def test_a_cart_that_moves_on_begins_anew_at_each_stop() -> None:
    stops = [stall(t, t + 24, (100.0 + t, 150.0, 190.0 + t, 250.0), f"stop {t}") for t in (0, 30, 60)]
    assert told(*stops, person(0, 100, (90.0, 150.0, 260.0, 250.0))).run(110).raised == []


@pytest.mark.parametrize(
    ("when", "moments"),
    [("24/7", []), ("Mo-Su 06:00-08:00", [60]), ("Mo-Su 06:00-08:01", [120]), ("We 00:00-24:00", [60])],
)
def test_a_permitted_point_allows_it_while_its_hours_hold(when: str, moments: list[int]) -> None:
    point = zone("point", "permitted_vending", POINT, when)
    done = told(stall(0, 200), person(0, 200), zones=(PAVEMENT, point)).run(200)
    assert raised_s(done) == moments


def test_time_under_a_permit_does_not_count() -> None:
    point = zone("point", "permitted_vending", POINT, "Mo-Su 06:00-08:01")
    (incident,) = told(stall(0, 200), person(0, 200), zones=(PAVEMENT, point)).run(200).raised
    assert incident.started.media_s == pytest.approx(60, abs=0.5)


def test_a_point_that_the_stall_mostly_stands_beside_allows_nothing() -> None:
    beside = zone("point", "permitted_vending", ((90, 90), (180, 90), (180, 310), (90, 310)))
    assert raised_s(told(stall(0, 100), person(0, 100), zones=(PAVEMENT, beside)).run(100)) == [60]


def test_a_parking_permit_allows_no_stall() -> None:
    bay = zone("bay", "permitted_parking", GATE)
    assert raised_s(told(stall(0, 100), person(0, 100), zones=(PAVEMENT, bay)).run(100)) == [60]


def test_where_no_detector_sees_people_nothing_is_raised_and_somebody_is_told() -> None:
    done = told(stall(0, 200), sees=frozenset({"vendor_stall"})).run(200)
    assert done.raised == []
    assert done.notices == ["no_people"]


def test_a_seller_at_a_standing_car_is_no_stall() -> None:
    car = Visit(0, 200, STALL, "van", "truck")
    kept: list[Incident] = told(car, person(0, 200), sees=SEES | {"truck"}).run(200).kept()
    assert kept == []
