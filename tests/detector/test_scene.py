from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.observation import SceneState
from detector.scene import SceneGuard
from tests.detector.pictures import Picture, frame_of, read, texture
from tests.detector.test_runtimes import SAMPLE

SOUND, BUMPED, COVERED = SceneState.SOUND, SceneState.BUMPED, SceneState.COVERED
STREET = texture(360, 640, seed=11, grain_px=5.0)
GRAIN = np.random.default_rng(12).normal(0, 2.0, (360 + 64, 640)).astype(np.float32)


def judge(scene: Callable[[float], Picture], until_s: float, looks_s: float = 2.0) -> dict[float, SceneState]:
    """The state at each look of a scene, as a sensor with grain sees it."""
    guard, states = SceneGuard(), dict[float, SceneState]()
    for i in range(int(until_s * looks_s)):
        first = i * 13 % 64
        picture = np.clip(scene(i / looks_s) + GRAIN[first : first + 360, :, None], 0, 255).astype(np.uint8)
        states[i / looks_s] = guard.look(frame_of(picture, i / looks_s))
    return states


def between(states: dict[float, SceneState], from_s: float, to_s: float = 1e9) -> set[SceneState]:
    return {state for at, state in states.items() if from_s <= at <= to_s}


def shifted(x: float, y: float) -> Picture:
    move = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
    return np.asarray(cv2.warpAffine(STREET, move, (640, 360), borderMode=cv2.BORDER_REFLECT), np.uint8)


def test_a_bump_is_seen_within_three_seconds_and_stays_until_the_view_is_back() -> None:
    states = judge(lambda at: shifted(40, 25) if 20 <= at < 80 else STREET, 90)
    assert between(states, 0, 19.9) == {SOUND}
    assert between(states, 23, 79.9) == {BUMPED}
    assert between(states, 80) == {SOUND}


def test_a_camera_turned_away_is_bumped_too() -> None:
    elsewhere = texture(360, 640, seed=13, grain_px=4.0)
    states = judge(lambda at: STREET if at < 20 else elsewhere, 40)
    assert between(states, 26) == {BUMPED}


def test_gusts_and_slow_drift_are_none() -> None:
    assert between(judge(lambda at: shifted(5 * np.sin(9 * at), 3 * np.cos(7 * at)), 30), 0) == {SOUND}
    assert between(judge(lambda at: shifted(0.3 * at, 0), 60), 0) == {SOUND}


def test_a_lorry_that_passes_close_by_is_none() -> None:
    def scene(at: float) -> Picture:
        picture = STREET.copy()
        if 20 <= at < 24:
            picture[:, 30:600] = texture(360, 570, seed=14)
        return picture

    assert between(judge(scene, 40), 0) == {SOUND}


def test_light_that_jumps_is_none() -> None:
    def scene(at: float) -> Picture:
        gain = 1.0 if at < 15 else 0.5 if at < 30 else 1.3
        return np.asarray(np.clip(STREET * gain, 0, 255), np.uint8)

    assert between(judge(scene, 45), 0) == {SOUND}


@pytest.mark.parametrize("level", [0, 90])
def test_a_dark_or_pasted_over_lens_is_covered(level: int) -> None:
    states = judge(lambda at: STREET if at < 15 else np.full_like(STREET, level), 25)
    assert between(states, 0, 14.9) == {SOUND}
    assert between(states, 18) == {COVERED}


def test_a_hand_before_the_lens_that_still_lets_light_through_is_covered() -> None:
    blurred = np.asarray(cv2.GaussianBlur(STREET, (0, 0), 25) // 2 + 40, np.uint8)
    assert between(judge(lambda at: STREET if at < 15 else blurred, 30), 22) == {COVERED}


def test_the_low_sun_dazzles() -> None:
    sun = STREET.copy()
    sun[:250] = 255
    assert between(judge(lambda at: STREET if at < 15 else sun, 25), 18) == {SceneState.DAZZLED}


def test_a_picture_that_no_longer_changes_is_frozen_after_ten_seconds() -> None:
    guard = SceneGuard()
    states = {float(at): guard.look(frame_of(STREET, float(at))) for at in range(16)}
    assert between(states, 0, 9) == {SOUND}
    assert between(states, 10) == {SceneState.FROZEN}
    assert guard.look(frame_of(STREET[:, ::-1].copy(), 16.0)) is not SceneState.FROZEN


def test_a_new_picture_size_begins_anew() -> None:
    guard = SceneGuard()
    for i in range(20):
        guard.look(frame_of(STREET, i / 2))
    small = np.asarray(cv2.resize(STREET, (320, 180)), np.uint8)
    assert guard.look(frame_of(small, 60.0)) is SOUND


def test_the_sample_clip_is_sound() -> None:
    guard = SceneGuard()
    assert {guard.look(frame) for frame in read(SAMPLE, 1.0)} == {SOUND}


def test_every_real_clip_of_a_fixed_camera_is_sound(shared_data: Path) -> None:
    clips = [p for p in sorted((shared_data / "footage").iterdir()) if p.suffix in {".mp4", ".avi"}]
    fixed = [p for p in clips if not p.stem.startswith("drone")]
    assert len(fixed) >= 5
    for clip in fixed:
        guard = SceneGuard()
        assert {guard.look(frame) for frame in read(clip, 2.0)} == {SOUND}, clip.name


def test_composed_a_bumped_camera_is_caught_and_measured(shared_data: Path) -> None:
    guard = SceneGuard()
    found = [
        (frame.clock.media_s, guard.look(frame))
        for frame in read(shared_data / "scenes" / "public" / "p9_camera_bumped.mp4", 2.0)
    ]
    assert {state for at, state in found if at < 50} == {SOUND}
    assert {state for at, state in found if at > 53} == {BUMPED}
    assert guard.shift_px == pytest.approx((50, 64), abs=2)


@pytest.mark.parametrize("scene", ["p1_car_stays", "p4_occluded_exposure", "p5_moving_queue", "p13_no_vendor"])
def test_composed_busy_streets_are_sound(shared_data: Path, scene: str) -> None:
    guard = SceneGuard()
    clip = shared_data / "scenes" / "public" / f"{scene}.mp4"
    assert {guard.look(frame) for frame in read(clip, 2.0)} == {SOUND}
