import random
from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from detector.detections import Detections
from detector.observation import Box, Track
from detector.runtimes import choose
from detector.tracker import Tracker
from detector.yolo import YoloDetector
from models.registry import ModelEntry
from tests.detector.pictures import read
from tests.detector.test_runtimes import SAMPLE, VAN

NAMES = ("person", "car", "truck")
Seen = tuple[Box, float, str]


def look(*seen: Seen) -> Detections:
    return Detections(
        np.array([box for box, _, _ in seen], np.float32).reshape(-1, 4),
        np.array([score for _, score, _ in seen], np.float32),
        np.array([NAMES.index(name) for _, _, name in seen], np.int64),
        NAMES,
    )


def box_at(x: float, y: float, width: float = 80.0, height: float = 60.0) -> Box:
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def follow(looks: Iterable[tuple[float, Sequence[Seen]]], tracker: Tracker | None = None) -> tuple[Track, ...]:
    tracker = tracker or Tracker()
    tracks: tuple[Track, ...] = ()
    for at, seen in looks:
        tracks = tracker.update(look(*seen), at)
    return tracks


def times(looks_s: float, until_s: float, seed: int = 0) -> list[float]:
    """Looks at about that rate, each up to a third of the gap early or late, with one gap of three times the length."""
    jitter = random.Random(seed)  # noqa: S311  # a test's own dice
    gap, at, out = 1 / looks_s, 0.0, list[float]()
    while at < until_s:
        out.append(at)
        at += gap * (3 if len(out) == 6 else jitter.uniform(0.67, 1.33))
    return out


@pytest.mark.parametrize("looks_s", [1, 2, 5, 12.5, 25])
def test_a_parked_car_keeps_its_id_at_any_rate(looks_s: float) -> None:
    dice = np.random.default_rng(3)
    tracks = follow(
        (at, [(box_at(300 + dice.normal(0, 1.5), 200 + dice.normal(0, 1.5)), 0.7, "car")]) for at in times(looks_s, 20)
    )
    assert [t.id for t in tracks] == [1]
    assert tracks[0].first_seen_s == 0.0
    assert tracks[0].hits == len(times(looks_s, 20))


@pytest.mark.parametrize("looks_s", [1, 2, 5, 12.5, 25])
def test_walkers_keep_their_ids_at_any_rate(looks_s: float) -> None:
    def people(at: float) -> list[Seen]:
        return [
            (box_at(100 + 40 * at, 200, 30, 80), 0.8, "person"),
            (box_at(900 - 45 * at, 300, 30, 80), 0.8, "person"),
        ]

    tracks = follow((at, people(at)) for at in times(looks_s, 15))
    assert [t.id for t in tracks] == [1, 2]


def test_a_car_passing_a_parked_one_takes_nothing_of_it() -> None:
    def street(at: float) -> list[Seen]:
        return [(box_at(400, 200), 0.7, "car"), (box_at(150 + 60 * at, 230), 0.9, "car")]

    tracks = follow((at, street(at)) for at in times(5, 9))
    assert [t.id for t in tracks] == [1, 2]
    assert tracks[0].box_px[0] == pytest.approx(360)


def test_an_id_survives_an_absence_of_less_than_lost_s_and_no_longer() -> None:
    there: list[Seen] = [(box_at(300, 200), 0.7, "car")]
    tracker = Tracker(lost_s=4.0)
    follow([(0.0, there), (1.0, there), (2.0, []), (4.9, [])], tracker)
    assert [t.id for t in tracker.update(look(*there), 5.0)] == [1]
    assert [t.last_seen_s for t in tracker.update(look(), 8.9)] == [5.0]
    assert tracker.update(look(), 9.1) == ()
    assert [t.id for t in tracker.update(look(*there), 9.2)] == [2]


def test_absence_is_counted_in_seconds_and_not_in_looks() -> None:
    there: list[Seen] = [(box_at(300, 200), 0.7, "car")]
    many = [(0.0, there), *((i / 25, []) for i in range(1, 100)), (4.0, there)]
    assert [t.id for t in follow(many)] == [1]
    assert [t.id for t in follow([(0.0, there), (60.0, there)], Tracker(lost_s=90))] == [1]


def test_a_van_that_is_called_car_and_truck_by_turns_is_one_track_called_by_the_most() -> None:
    names = ["truck", "car", "truck", "truck", "car", "truck"]
    tracks = follow((i * 0.2, [(box_at(300, 200), 0.6, name)]) for i, name in enumerate(names))
    assert [(t.id, t.class_name, t.hits) for t in tracks] == [(1, "truck", 6)]


def test_a_person_in_front_of_a_car_is_not_the_car() -> None:
    car, person = (box_at(300, 200), 0.7, "car"), (box_at(300, 200, 70, 60), 0.9, "person")
    tracks = follow([(0.0, [car]), (0.2, [person]), (0.4, [car, person])])
    assert [(t.id, t.class_name) for t in tracks] == [(1, "car"), (2, "person")]


def test_a_faint_box_continues_a_track_but_makes_no_second_one_on_it() -> None:
    sure, faint = (box_at(300, 200), 0.7, "car"), (box_at(304, 206), 0.3, "truck")
    assert [t.id for t in follow([(0.0, [sure]), (0.2, [faint]), (0.4, [sure, faint])])] == [1]


def test_a_walker_in_front_leaves_the_car_its_id_while_its_box_shrinks_and_grows() -> None:
    whole, left_half = (460.0, 180.0, 600.0, 300.0), (460.0, 180.0, 575.0, 250.0)

    def street(at: float) -> list[Seen]:
        if at % 6 < 3:
            return [(whole, 0.7, "car"), ((558, 238, 602, 302), 0.3, "car")]
        return [(left_half, 0.3, "car")] if at % 6 < 4 else []

    tracks = follow((at, street(at)) for at in times(2.5, 60))
    assert {t.id for t in tracks} == {1}


def test_a_thing_that_is_only_ever_faint_is_followed_too() -> None:
    tracks = follow((i * 0.5, [(box_at(300, 200), 0.28, "car")]) for i in range(10))
    assert [(t.id, t.hits) for t in tracks] == [(1, 10)]


def test_what_a_bus_hides_for_some_seconds_comes_back_as_itself() -> None:
    car = (box_at(400, 200), 0.7, "car")

    def street(at: float) -> list[Seen]:
        bus = (box_at(80 * at - 200, 210, 260, 140), 0.9, "truck")
        return [bus] if 5.5 < at < 9.5 else [bus, car]

    tracks = follow((at, street(at)) for at in times(5, 12))
    assert [t.id for t in tracks if t.box_px[2] - t.box_px[0] < 100] == [2]
    assert len({t.id for t in tracks}) == 2


def test_boxes_that_are_none_are_dropped_and_counted() -> None:
    tracker = Tracker()
    good: Seen = (box_at(300, 200), 0.7, "car")
    bad: list[Seen] = [
        ((float("nan"), 0, 10, 10), 0.9, "car"),
        ((10, 10, 10, 40), 0.9, "car"),
        ((50, 50, 40, 60), 0.9, "car"),
        ((0, 0, float("inf"), 9), 0.9, "car"),
        ((0, 0, 9, 9), float("nan"), "car"),
    ]
    assert [t.id for t in tracker.update(look(*bad, good), 0.0)] == [1]
    assert tracker.unusable_boxes == 5


def test_a_look_that_is_not_newer_changes_nothing_and_is_counted() -> None:
    tracker = Tracker()
    before = tracker.update(look((box_at(300, 200), 0.7, "car")), 5.0)
    assert tracker.update(look((box_at(900, 200), 0.7, "car")), 5.0) == before
    assert tracker.update(look(), 1.0) == before
    assert tracker.late_looks == 2


def test_time_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="media_s"):
        Tracker().update(look(), float("nan"))
    with pytest.raises(ValueError, match="lost_s"):
        Tracker(lost_s=0)


def test_an_empty_look_without_classes_is_a_look() -> None:
    tracker = Tracker(lost_s=1.0)
    tracker.update(look((box_at(300, 200), 0.7, "car")), 0.0)
    assert len(tracker.update(Detections.empty(), 0.5)) == 1
    assert tracker.update(Detections.empty(), 2.0) == ()


def test_the_demo_van_has_one_id_for_the_whole_clip(entry: ModelEntry) -> None:
    detector, tracker = YoloDetector.of(entry, choose()), Tracker()
    looks, at_van = 0, list[int]()
    for frame in read(SAMPLE, 0.5):
        looks += 1
        tracks = tracker.update(detector.detect(frame), frame.clock.media_s)
        at_van += [t.id for t in tracks if np.abs(np.array(t.box_px) - VAN).max() < 12]
    assert looks >= 39
    assert len(set(at_van)) == 1
    assert len(at_van) >= 0.9 * looks
