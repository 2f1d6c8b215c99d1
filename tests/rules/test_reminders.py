"""Remind first: a person is told after the zone's stay, and it is a case only if it goes on."""

import pytest

from rules.engine import Engine
from rules.incident import Incident
from rules.steps import Notice
from rules.trace import sentence
from tests.rules.street import Street, Visit, rules_of, street, zone

SHOP_FRONT = zone(dwell_s=30, remind_s=60.0)


def reminded_s(told: Street) -> list[float]:
    return [at_s for at_s, step in told.steps if isinstance(step, Notice) and step.code == "remind"]


@pytest.mark.parametrize(
    ("stay_s", "reminders", "verdicts"), [(20, 0, 0), (40, 1, 0), (85, 1, 0), (95, 1, 1), (400, 1, 1)]
)
def test_a_case_follows_only_where_the_reminder_did_not_help(stay_s: float, reminders: int, verdicts: int) -> None:
    told = street(Visit(10, 10 + stay_s), zones=[SHOP_FRONT]).run(420)
    assert (len(reminded_s(told)), len(told.raised)) == (reminders, verdicts)


def test_the_reminder_comes_when_the_stay_is_over_and_the_case_a_minute_later() -> None:
    told = street(Visit(10, 200), zones=[SHOP_FRONT]).run(200)
    assert reminded_s(told) == [pytest.approx(40, abs=0.5)]
    assert [i.raised and i.raised.media_s for i in told.raised] == [pytest.approx(100, abs=0.5)]


def test_the_trace_says_that_somebody_was_reminded_in_both_languages() -> None:
    (incident,) = street(Visit(0, 200), zones=[SHOP_FRONT]).run(150).raised
    assert "reminded at 08:00:30, a case if still there 1 min 0 s later" in sentence(incident.trace)
    assert "08:00:30已提醒，1分0秒后仍在则立案" in sentence(incident.trace, "zh")
    near_miss = street(Visit(0, 70), zones=[SHOP_FRONT]).run(80)
    assert near_miss.dropped == ["moved"]
    assert "reminded" in [reason.code for reason in near_miss.last.trace]


def test_nobody_is_reminded_twice_after_a_restart() -> None:
    before = street(Visit(0, 300), zones=[SHOP_FRONT]).run(50)
    stored: dict[str, Incident] = {incident.id: incident for incident in before.kept()}
    after = Street(Engine(rules_of(SHOP_FRONT), list(stored.values())), before.visits).run(120, from_s=52)
    assert (len(reminded_s(before)), reminded_s(after)) == (1, [])
    assert len(after.raised) == 1


@pytest.mark.parametrize("remind_s", [-1.0, float("inf"), float("nan")])
def test_a_reminder_waits_for_a_time(remind_s: float) -> None:
    with pytest.raises(ValueError, match="remind_s must be 0 or more"):
        zone(remind_s=remind_s)
