"""Proofs of stillness on pictures made here, so that they always run."""

import time
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from detector.observation import Box, Stillness, StillnessFact
from detector.stillness import RegionProof
from streams.frame import Frame
from tests.detector.pictures import Picture, frame_of, texture

STILL, MOVED, COVERED = Stillness.STILL, Stillness.MOVED, Stillness.COVERED
SIZE = (480, 270)
CAR: Box = (200.0, 100.0, 300.0, 170.0)
ROAD = texture(270, 480, seed=1, grain_px=1.2, contrast=7.0)
ONE_CAR, OTHER_CAR = texture(70, 100, seed=2), texture(70, 100, seed=3)
WALKER = texture(110, 34, seed=4)
GRAIN = np.random.default_rng(5).normal(0, 2.0, (270 + 64, 480)).astype(np.float32)


def put(picture: Picture, sprite: Picture, left: float, top: float = 100.0) -> Picture:
    """The sprite over the picture, to a fraction of a pixel."""
    rows, columns = sprite.shape[:2]
    move = np.array([[1.0, 0.0, left], [0.0, 1.0, top]])
    drawn = cv2.warpAffine(sprite, move, SIZE)
    inside = cv2.warpAffine(np.ones((rows, columns), np.float32), move, SIZE)[..., None]
    return (picture * (1 - inside) + drawn * inside).astype(np.uint8)


def seen(picture: Picture, at: float) -> Frame:
    """As a sensor sees it, with a grain that differs from look to look."""
    first = int(at * 40) * 13 % 64
    return frame_of(np.clip(picture + GRAIN[first : first + 270, :, None], 0, 255).astype(np.uint8), at)


def street(car: Picture | None = ONE_CAR, left: float = 200.0) -> Picture:
    return ROAD.copy() if car is None else put(ROAD, car, left)


def watch(
    scene: Callable[[float], Picture],
    until_s: float,
    others: Callable[[float], list[Box]] = lambda _: [],
    looks_s: float = 5.0,
) -> dict[float, StillnessFact]:
    """The answers to a proof that begins with the scene at 0."""
    proof = RegionProof("q", seen(scene(0.0), 0.0), CAR, SIZE)
    times = [i / looks_s for i in range(1, int(until_s * looks_s) + 1)]
    return {at: proof.look(seen(scene(at), at), others(at)) for at in times}


def verdicts(facts: dict[float, StillnessFact], from_s: float = 0.0, to_s: float = 1e9) -> set[Stillness]:
    return {fact.verdict for at, fact in facts.items() if from_s <= at <= to_s}


def walker_at(at: float) -> float:
    """Left edge of one who walks to and fro in front of the car."""
    return 310.0 - abs((at * 30.0) % 300.0 - 150.0)


def test_a_car_that_stays_is_still_and_the_answer_names_its_question() -> None:
    facts = watch(lambda _: street(), 10.0)
    assert verdicts(facts) == {STILL}
    assert max(fact.shift_px for fact in facts.values()) < 0.5
    assert min(fact.similarity for fact in facts.values()) > 0.9
    assert {fact.question for fact in facts.values()} == {"q"}


@pytest.mark.parametrize("looks_s", [1, 5, 12.5])
def test_a_car_that_leaves_has_moved_within_five_seconds(looks_s: float) -> None:
    facts = watch(lambda at: street() if at < 5 else street(None), 15.0, looks_s=looks_s)
    assert verdicts(facts, to_s=4.9) == {STILL}
    assert STILL not in verdicts(facts, 5.1)
    assert verdicts(facts, 10.1) == {MOVED}


def test_another_car_at_the_same_place_is_not_the_one_that_stood_there() -> None:
    own: list[Box] = [CAR]  # the box of whatever stands there is seen all the time
    facts = watch(lambda at: street() if at < 5 else street(OTHER_CAR), 30.0, lambda _: own)
    assert STILL not in verdicts(facts, 5.1)
    assert verdicts(facts, 9.1) == {MOVED}


def test_a_car_that_returns_to_its_very_place_is_the_one_that_stood_there() -> None:
    facts = watch(lambda at: street(None) if 5 < at < 15 else street(), 20.0)
    assert verdicts(facts, 10.1, 14.9) == {MOVED}
    assert verdicts(facts, 15.1) == {STILL}


@pytest.mark.parametrize("length_px", [12, 25, 50])
def test_a_queue_that_creeps_on_has_moved(length_px: float) -> None:
    facts = watch(lambda at: street(left=200 + length_px * float(np.clip((at - 5) / 3, 0, 1))), 20.0)
    assert verdicts(facts, to_s=5.0) == {STILL}
    assert verdicts(facts, 13.1) == {MOVED}


def test_creeping_by_a_hair_at_a_time_is_seen_too() -> None:
    facts = watch(lambda at: street(left=200 + 0.15 * at), 90.0, looks_s=2.0)
    assert verdicts(facts, to_s=20.0) == {STILL}
    assert verdicts(facts, 60.0) == {MOVED}
    assert facts[40.0].shift_px == pytest.approx(6.0, abs=1.5)


def test_wind_that_shakes_the_camera_moves_nothing() -> None:
    def shaken(at: float) -> Picture:
        move = np.array([[1, 0, 3 * np.sin(at * 5)], [0, 1, 2 * np.cos(at * 7)]])
        drawn = cv2.warpAffine(street(), move, SIZE, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(drawn, np.uint8)

    assert verdicts(watch(shaken, 20.0)) == {STILL}


def test_light_that_jumps_fades_and_casts_shadows_moves_nothing() -> None:
    def lit(at: float) -> Picture:
        gain = 0.55 if 5 < at < 10 else 1.4 if 10 < at < 15 else 1.0 - 0.01 * max(0.0, at - 15)
        light = np.full((270, 480, 1), gain)
        light[:, : int(180 + 3 * at)] *= 0.6  # a shadow's edge wanders over the car
        return np.asarray(np.clip(street() * light, 0, 255), np.uint8)

    assert verdicts(watch(lit, 40.0, looks_s=2.5)) == {STILL}


def test_a_passer_by_whom_a_detector_sees_changes_nothing() -> None:
    def box(at: float) -> list[Box]:
        return [CAR, (walker_at(at), 80.0, walker_at(at) + 34, 190.0)]

    assert verdicts(watch(lambda at: put(street(), WALKER, walker_at(at), 80.0), 20.0, box)) == {STILL}


def test_a_passer_by_whom_no_detector_sees_makes_unsure_at_most() -> None:
    facts = watch(lambda at: put(street(), WALKER, walker_at(at), 80.0), 20.0)
    assert MOVED not in verdicts(facts)
    assert sum(f.verdict is STILL for f in facts.values()) > 0.7 * len(facts)


def test_who_stood_in_front_when_the_proof_began_is_not_taken_for_the_car() -> None:
    crowd: list[Box] = [(200.0, 80.0, 234.0, 190.0), (236.0, 80.0, 270.0, 190.0)]

    def scene(at: float) -> Picture:
        if at < 5:
            return put(put(street(), WALKER, 200, 80.0), WALKER, 236, 80.0)
        return street() if at < 20 else street(OTHER_CAR)

    facts = watch(scene, 30.0, lambda at: crowd if at < 5 else [])
    assert verdicts(facts, to_s=19.9) == {STILL}
    assert verdicts(facts, 25.0) == {MOVED}


def test_a_bus_in_front_is_no_proof_either_way() -> None:
    bus: Box = (120.0, 60.0, 400.0, 220.0)
    picture = texture(160, 280, seed=7)
    facts = watch(
        lambda at: put(street(), picture, 120, 60.0) if 5 < at < 40 else street(),
        45.0,
        lambda at: [bus] if 5 < at < 40 else [],
    )
    assert verdicts(facts, 5.1, 39.9) == {COVERED}
    assert verdicts(facts, 40.1) == {STILL}


def test_a_crowd_that_no_detector_sees_is_no_departure_for_some_seconds() -> None:
    def scene(at: float) -> Picture:
        hidden = texture(110, 110, seed=int(at * 5))
        return put(street(), hidden, 195, 80.0) if 5 < at < 11 else street()

    facts = watch(scene, 15.0)
    assert verdicts(facts, 5.1, 10.9) == {COVERED}
    assert verdicts(facts, 11.1) == {STILL}


def test_a_black_picture_says_nothing() -> None:
    facts = watch(lambda at: street() if at < 5 else np.zeros_like(ROAD), 30.0)
    assert verdicts(facts, 5.1) == {COVERED}


def test_a_plain_wall_proves_nothing() -> None:
    plain = np.full_like(ROAD, 128)
    assert verdicts(watch(lambda _: plain, 5.0)) == {COVERED}


def test_boxes_refer_to_the_cameras_picture_and_frames_may_be_smaller() -> None:
    double: Box = (400.0, 200.0, 600.0, 340.0)
    proof = RegionProof("q", seen(street(), 0.0), double, (960, 540))
    fact = StillnessFact("q", COVERED, 0.0, 0.0)
    for i in range(1, 30):
        fact = proof.look(seen(street(left=204.0), i / 5), [])
    assert fact.shift_px == pytest.approx(8.0, abs=1.0)


def test_a_tiny_box_at_the_picture_s_edge_is_watched_too() -> None:
    proof = RegionProof("q", seen(street(), 0.0), (294.0, 262.0, 302.0, 275.0), SIZE)
    assert proof.look(seen(street(), 0.2), []).verdict is not MOVED


def test_a_region_that_is_none_is_refused() -> None:
    for box in [(10.0, 10.0, 5.0, 20.0), (float("nan"), 0.0, 9.0, 9.0), (500.0, 10.0, 600.0, 50.0)]:
        with pytest.raises(ValueError, match="box_px"):
            RegionProof("q", seen(street(), 0.0), box, SIZE)
    proof = RegionProof("q", seen(street(), 0.0), CAR, SIZE)
    with pytest.raises(ValueError, match="480, 270"):
        proof.look(frame_of(np.zeros((90, 160, 3), np.uint8), 1.0), [])


def test_a_look_costs_well_under_a_millisecond() -> None:
    proof = RegionProof("q", seen(street(), 0.0), CAR, SIZE)
    frames = [seen(put(street(), WALKER, walker_at(i / 5), 80.0), i / 5) for i in range(1, 60)]
    spent = []
    for frame in frames:
        began = time.thread_time()
        proof.look(frame, [CAR])
        spent.append(time.thread_time() - began)
    # 0.5 ms on the slowest box measured; the bound leaves room for busy test machines.
    assert float(np.median(spent)) < 0.003
