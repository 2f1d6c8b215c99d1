"""Was it there before: the camera's own clean reference, on pictures made here."""

from collections.abc import Callable

import numpy as np
import pytest

from detector.change import CleanReference
from detector.observation import Appearance, AppearanceFact, Box, Track
from tests.detector.pictures import Picture
from tests.detector.test_stillness import CAR as PLACE
from tests.detector.test_stillness import ONE_CAR as HEAP
from tests.detector.test_stillness import OTHER_CAR as OTHER
from tests.detector.test_stillness import ROAD, SIZE, put, seen

NEW, OLD, UNKNOWN = Appearance.NEW, Appearance.OLD, Appearance.UNKNOWN
BESIDE: Box = (300.0, 90.0, 330.0, 172.0)
FAR: Box = (20.0, 90.0, 50.0, 172.0)

Scene = Callable[[float], Picture]


def asked(
    scene: Scene, at_s: float, who: Callable[[float], list[tuple[str, Box]]] = lambda _: [], every_s: float = 0.5
) -> AppearanceFact:
    """What the reference says at `at_s` after it has seen the scene from 0 on."""
    reference = CleanReference(SIZE)
    for n in range(int(at_s / every_s) + 1):
        now_s = n * every_s
        tracks = [Track(i, name, 0.8, box, now_s, now_s, 1) for i, (name, box) in enumerate(who(now_s), start=1)]
        reference.note(seen(scene(now_s), now_s), tracks)
    return reference.appearance("q", seen(scene(at_s), at_s), PLACE)


def comes_at(moment_s: float) -> Scene:
    return lambda at: put(ROAD, HEAP, 200) if at >= moment_s else ROAD.copy()


@pytest.mark.parametrize("moment_s", [8.0, 20.0, 40.0])
def test_what_came_is_new_and_the_moment_is_known_to_two_seconds(moment_s: float) -> None:
    fact = asked(comes_at(moment_s), 45.0)
    assert fact.verdict is NEW
    assert fact.between_s is not None
    assert fact.between_s[0] <= moment_s <= fact.between_s[1]
    assert fact.between_s[1] - fact.between_s[0] <= (2.0 if moment_s > 20 else 10.0)


def test_what_was_always_there_is_old() -> None:
    assert asked(comes_at(0.0), 30.0).verdict is OLD


def test_a_picture_that_has_been_watched_for_a_moment_says_nothing() -> None:
    assert asked(comes_at(0.0), 5.0).verdict is UNKNOWN
    assert CleanReference(SIZE).appearance("q", seen(comes_at(0.0)(1.0), 1.0), PLACE).verdict is UNKNOWN


def test_a_fixture_that_something_stood_in_front_of_for_a_while_is_old() -> None:
    hidden: Scene = lambda at: put(ROAD, OTHER if 20 <= at < 34 else HEAP, 200)  # noqa: E731 - a scene in a line
    assert asked(hidden, 40.0).verdict is OLD


def test_light_that_changes_brings_nothing() -> None:
    def dusk(at: float) -> Picture:
        return np.asarray(put(ROAD, HEAP, 200) * (1.0 if at < 20 else 0.6), np.uint8)

    assert asked(dusk, 40.0).verdict is OLD


def test_who_stood_there_when_it_came_is_named_and_nobody_else() -> None:
    def people(at: float) -> list[tuple[str, Box]]:
        return [("person", BESIDE if 22 <= at <= 28 else FAR)]

    fact = asked(comes_at(25.0), 40.0, people)
    (who,) = fact.by
    assert (who.class_name, who.box_px) == ("person", BESIDE)
    assert (who.from_s, who.to_s) == (22.0, 28.0)
    assert asked(comes_at(25.0), 40.0, lambda at: [("person", BESIDE if at < 5 else FAR)]).by == ()


def test_a_camera_that_looks_elsewhere_begins_anew() -> None:
    reference = CleanReference(SIZE)
    for n in range(60):
        reference.note(seen(ROAD.copy(), n / 2), [])
    reference.forget()
    assert reference.appearance("q", seen(comes_at(0)(31.0), 31.0), PLACE).verdict is UNKNOWN


@pytest.mark.parametrize("every_s", [0.2, 1.0, 2.0, 10.0])
def test_the_reference_reaches_minutes_back_at_every_rate_and_stays_small(every_s: float) -> None:
    fact = asked(comes_at(60.0), 300.0, every_s=every_s)
    assert fact.verdict is NEW
    assert fact.between_s is not None
    assert fact.between_s[0] <= 60.0 <= fact.between_s[1]
