"""A table of cases for each sentence of `rules/dumping.py`."""

from dataclasses import dataclass, field

import pytest

from detector.observation import Appearance, AppearanceFact, Box, Bystander
from rules.engine import Engine
from rules.incident import Incident, IncidentState
from rules.steps import LookBack, Step
from rules.trace import sentence
from rules.zone import Zone
from tests.rules.street import Street, Visit, clock, rules_of, zone

HEAP: Box = (150.0, 200.0, 250.0, 260.0)
GRASS = zone("grass", "no_dumping", dwell_s=30)
WALKER = Bystander("person", (240.0, 150.0, 270.0, 262.0), 6.0, 14.0)


@dataclass
class Ground(Street):
    """A street whose clean reference says of everything that it came when it came, or what `says` says."""

    says: Appearance = Appearance.NEW
    by: tuple[Bystander, ...] = ()
    asked_back: list[float] = field(default_factory=list)
    pending: list[AppearanceFact] = field(default_factory=list)

    def take(self, now_s: float, steps: "list[Step] | tuple[Step, ...]") -> None:  # type: ignore[override]
        for step in steps:
            if isinstance(step, LookBack):
                self.asked_back.append(now_s)
                between_s = (now_s - 2, now_s) if self.says is Appearance.NEW else None
                self.pending.append(AppearanceFact(step.question, self.says, between_s, 0.1, self.by))
        super().take(now_s, steps)

    def appearances(self) -> tuple[AppearanceFact, ...]:
        told, self.pending = tuple(self.pending), []
        return told


def waste(from_s: float, to_s: float, box: Box = HEAP, name: str = "heap", class_name: str = "garbage") -> Visit:
    return Visit(from_s, to_s, box, name, class_name)


def ground(*visits: Visit, zones: tuple[Zone, ...] = (GRASS,), **more: object) -> Ground:
    made = Ground(Engine(rules_of(*zones)), list(visits), looked_for=frozenset({"garbage", "overflow", "person"}))
    for name, value in more.items():
        setattr(made, name, value)
    return made


def raised_s(told: Street) -> list[float]:
    return [round(incident.raised.media_s) for incident in told.raised if incident.raised]


@pytest.mark.parametrize("class_name", ["garbage", "overflow"])
def test_waste_that_came_and_stays_is_raised(class_name: str) -> None:
    done = ground(waste(10, 100, class_name=class_name)).run(100)
    assert raised_s(done) == [40]
    (incident,) = done.raised
    assert (incident.kind, incident.class_name) == ("dumped_waste", class_name)


@pytest.mark.parametrize("class_name", ["garbage_bin", "person"])
def test_a_closed_bin_is_no_waste_and_nobody_is(class_name: str) -> None:
    assert ground(waste(10, 100, class_name=class_name)).run(100).kept() == []


def test_what_was_always_there_raises_nothing_says_so_and_is_asked_about_once_while_it_is_seen() -> None:
    done = ground(waste(0, 600), says=Appearance.OLD).run(600)
    assert done.raised == []
    assert done.dropped == ["fixture"]
    assert len(done.asked_back) == 1
    assert "always looked so" in sentence(done.last.trace)
    assert "该处一直如此" in sentence(done.last.trace, "zh")


def test_a_new_heap_at_another_place_is_asked_about_although_a_fixture_lies_beside() -> None:
    done = ground(waste(0, 200), says=Appearance.OLD).run(50)
    done.says = Appearance.NEW
    done.visits.append(waste(60, 200, (120.0, 130.0, 180.0, 180.0), "second"))
    assert raised_s(done.run(150, from_s=50)) == [90]


def test_where_the_camera_has_not_watched_long_enough_a_person_is_told_once_and_nothing_is_raised() -> None:
    done = ground(waste(0, 200), says=Appearance.UNKNOWN).run(200)
    assert done.raised == []
    assert done.notices == ["unsure_appearance"]


@pytest.mark.parametrize(("by", "category"), [((), "0102"), ((WALKER,), "0123")])
def test_who_stood_there_makes_it_an_act_of_dumping(by: tuple[Bystander, ...], category: str) -> None:
    (incident,) = ground(waste(10, 100), by=by).run(60).raised
    came = next(reason for reason in incident.trace if reason.code == "came")
    assert came.data["category"] == category
    assert ("person stood there" in came.en) == bool(by)
    assert ("person在场" in came.zh) == bool(by)


def test_cleared_waste_ends_the_incident() -> None:
    done = ground(waste(10, 100)).run(130)
    assert done.last.state is IncidentState.CLOSED
    assert done.last.ended
    assert done.last.ended.media_s == pytest.approx(100, abs=2)


def test_waste_that_is_taken_away_in_time_raises_nothing() -> None:
    assert ground(waste(10, 35)).run(100).raised == []


def test_what_may_lie_there_is_marked_by_a_permitted_zone() -> None:
    marked = zone("depot", "permitted_dumping")
    assert ground(waste(10, 100), zones=(GRASS, marked)).run(100).raised == []


def test_no_answer_means_no_verdict() -> None:
    done = ground(waste(10, 100))
    done.take = lambda now_s, steps: Street.take(done, now_s, steps)  # type: ignore[method-assign]
    assert done.run(100).raised == []


def test_a_restart_remembers_when_it_came() -> None:
    before = ground(waste(0, 200), by=(WALKER,)).run(20)
    stored: dict[str, Incident] = {incident.id: incident for incident in before.kept()}
    after = ground(waste(0, 200), says=Appearance.UNKNOWN)
    after.engine = Engine(rules_of(GRASS), list(stored.values()))
    after.run(60, from_s=22)
    (incident,) = after.raised
    assert after.asked_back == []
    assert any(reason.code == "came" for reason in incident.trace)
    assert clock(0).media_s <= incident.started.media_s <= 1
