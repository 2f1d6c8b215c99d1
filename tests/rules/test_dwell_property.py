"""Whatever a detector misses, a tracker mixes up or a passer-by hides: no more incidents than the definition allows."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.street import Street, Visit, street, zone

DWELL_S = 20.0


@dataclass(frozen=True)
class Noise:
    """Pseudo-random patterns, each a function of time alone so that a look can be repeated."""

    misses: int
    switches: int
    hides: int

    def missed(self, now_s: float) -> bool:
        return _scatter(self.misses, now_s, 0.5) < self.misses

    def track_id(self, now_s: float) -> int:
        return 1 + (round(now_s * 7) % 5 if _scatter(self.switches, now_s, 1.0) < self.switches else 0)

    def hidden(self, now_s: float) -> bool:
        return _scatter(self.hides + 17, now_s, 2.0) < self.hides


def _scatter(seed: int, now_s: float, step_s: float) -> int:
    """0 to 9, the same for each stretch of `step_s`."""
    return ((int(now_s / step_s) + 1) * 2654435761 + seed * 40503) % 2**32 // 2**20 % 10


@st.composite
def streets(draw: st.DrawFn) -> Street:
    """One place, visited several times; the looks are between 1 and 12 a second."""
    fps = draw(st.sampled_from([1.0, 2.0, 5.0, 12.0]))
    one_vehicle = draw(st.booleans())
    noise = Noise(draw(st.integers(0, 8)), draw(st.integers(0, 10)), 0 if one_vehicle else draw(st.integers(0, 6)))
    visits, now_s = [], 1.0
    for n in range(draw(st.integers(1, 5))):
        stay_s = draw(st.floats(1, 45))
        visits.append(Visit(round(now_s, 2), round(now_s + stay_s, 2), vehicle="a" if one_vehicle else f"v{n}"))
        now_s += stay_s + draw(st.floats(3.5, 30))
    made = street(*visits, zones=[zone(dwell_s=DWELL_S)], fps=fps)
    made.missed, made.track_id, made.hidden = noise.missed, noise.track_id, noise.hidden
    return made.run(now_s + 15).finish(now_s + 15)


@settings(max_examples=60, deadline=None)
@given(streets())
def test_an_incident_lies_within_one_visit_that_was_long_enough(told: Street) -> None:
    look_s = 1 / told.fps
    for incident in told.raised:
        assert incident.raised
        # A vehicle that is gone may be believed to be there until the pixels were believed, never longer.
        around = [v for v in told.visits if v.from_s <= incident.started.media_s <= v.to_s]
        assert len(around) == 1
        assert incident.raised.media_s <= around[0].to_s
        assert incident.raised.media_s - incident.started.media_s >= DWELL_S - 0.01
        assert around[0].to_s - around[0].from_s >= DWELL_S - look_s


@settings(max_examples=60, deadline=None)
@given(streets())
def test_a_visit_makes_one_incident_at_most(told: Street) -> None:
    starts = [incident.started.media_s for incident in told.raised]
    assert all(sum(v.from_s <= s <= v.to_s for s in starts) <= 1 for v in told.visits)
    assert len(told.raised) <= sum(v.to_s - v.from_s >= DWELL_S - 1 / told.fps for v in told.visits)
    assert [i.id for _, i in told.seals] == [i.id for i in told.raised]


@settings(max_examples=60, deadline=None)
@given(streets())
def test_a_long_visit_that_is_seen_is_not_lost(told: Street) -> None:
    for visit in told.visits:
        looks = [n / told.fps for n in range(int(visit.from_s * told.fps), int(visit.to_s * told.fps))]
        clear = not any(told.hidden(s) or told.missed(s) for s in looks)
        if clear and visit.to_s - visit.from_s >= DWELL_S + 5:
            # Raised in this visit, or the same vehicle that was raised before and is back: one story.
            earlier = [v for v in told.visits if v.vehicle == visit.vehicle and v.from_s <= visit.from_s]
            starts = [incident.started.media_s for incident in told.raised]
            assert any(v.from_s <= start <= v.to_s for v in earlier for start in starts)
