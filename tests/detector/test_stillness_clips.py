"""Proofs of stillness on the sample clip, and on real and composed clips where the box has them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from detector.observation import Box, Stillness
from detector.stillness import RegionProof
from tests.detector.pictures import read
from tests.detector.test_runtimes import SAMPLE

STILL, MOVED = Stillness.STILL, Stillness.MOVED


def proven(
    path: Path, box: Box, from_s: float, until_s: float, looks_s: float = 2.5
) -> Iterator[tuple[float, Stillness]]:
    """Time and verdict of each look at a clip."""
    proof: RegionProof | None = None
    for frame in read(path, looks_s, until_s):
        if frame.clock.media_s < from_s:
            continue
        if proof is None:
            proof = RegionProof("q", frame, box, frame.size_px)
        yield frame.clock.media_s, proof.look(frame, []).verdict


def test_the_demo_van_is_still_for_the_whole_clip() -> None:
    found = list(proven(SAMPLE, (652, 44, 723, 101), 0.0, 80.0))
    assert found[-1][0] > 78
    assert {verdict for _, verdict in found} == {STILL}


def test_composed_a_car_stays_for_100_s_and_goes(shared_data: Path) -> None:
    clip = shared_data / "scenes" / "public" / "p1_car_stays.mp4"
    found = list(proven(clip, (519, 172, 607, 247), 22.0, 140.0))
    assert {v for at, v in found if at < 119} == {STILL}
    assert {v for at, v in found if at > 126} == {MOVED}


def test_composed_two_cars_at_one_spot_are_two(shared_data: Path) -> None:
    clip = shared_data / "scenes" / "public" / "p2_same_spot_two_cars.mp4"
    first = list(proven(clip, (377, 208, 477, 297), 12.0, 130.0))
    assert {v for at, v in first if at < 84} == {STILL}
    assert STILL not in {v for at, v in first if at > 88}
    assert {v for at, v in first if at > 97} == {MOVED}
    second = list(proven(clip, (379, 220, 479, 298), 95.0, 180.0))
    assert {v for at, v in second if at < 171} == {STILL}
    assert second[-1][1] is MOVED


@pytest.mark.parametrize("from_s", [13.0, 30.0])
def test_composed_half_covered_in_two_lights_never_moves(shared_data: Path, from_s: float) -> None:
    clip = shared_data / "scenes" / "public" / "p4_occluded_exposure.mp4"
    found = list(proven(clip, (461, 180, 605, 302), from_s, 125.0))
    stay = [v for at, v in found if at < 111]
    assert MOVED not in stay
    assert stay.count(STILL) > 0.5 * len(stay)
    assert found[-1][1] is MOVED


@pytest.mark.parametrize(
    ("box", "from_s"),
    [
        ((560, 202, 640, 301), 10.0),
        ((556, 218, 640, 301), 32.0),
        ((514, 162, 578, 226), 10.0),
        ((479, 128, 522, 172), 10.0),
    ],
)
def test_composed_a_creeping_queue_moves_each_time(shared_data: Path, box: Box, from_s: float) -> None:
    clip = shared_data / "scenes" / "public" / "p5_moving_queue.mp4"
    found = list(proven(clip, box, from_s, from_s + 60))
    assert {v for at, v in found if at < from_s + 10} == {STILL}
    # Every car stands for 17 s, then the next rolls up: moved before that one could be taken for the first.
    assert {v for at, v in found if at > from_s + 28} == {MOVED}


def test_a_real_camera_whose_exposure_jumps_moves_nothing(shared_data: Path) -> None:
    clip = shared_data / "footage" / "residential_exposure_jump.avi"
    for box in [(300, 300, 460, 420), (500, 420, 620, 520), (100, 600, 300, 760), (600, 700, 860, 900)]:
        assert MOVED not in {v for _, v in proven(clip, box, 0.0, 10.0, looks_s=12.0)}
