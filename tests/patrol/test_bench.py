"""The benches count what they say they count, and leave out nothing that speaks against us."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from models.registry import Registry
from patrol.bench.bound import Bound
from patrol.bench.box import _figures
from patrol.bench.incidents import compared
from patrol.bench.peers import PLAIN, ULTRALYTICS, measured
from patrol.bench.scenes import Scene, scored
from patrol.bench.show import table
from tests.patrol.test_chain import patrol
from tests.streams.clips import make_clip

TRUTH = {
    "incidents": [
        {
            "kind": "illegal_parking",
            "box_px": [100, 100, 200, 200],
            "leaves_s": 100.0,
            "expect": [{"rule": "dwell60", "must_raise": True, "earliest_s": 68.0, "latest_s": 85.0}],
        }
    ]
}
SCENE = Scene("s", Path("s.mp4"), TRUTH)


def line(**changes: Any) -> dict[str, Any]:
    """What `patrol replay --json` prints of the one incident."""
    return {
        "kind": "illegal_parking",
        "zone": "z",
        "box_px": [100.0, 100.0, 200.0, 200.0],
        "started_s": 10.0,
        "raised_s": 71.0,
        "ended_s": None,
        **changes,
    }


def test_an_incident_in_time_is_found_and_its_delay_counts_from_the_need() -> None:
    score = scored(SCENE, [line()]).as_json()
    assert (score["found"], score["missed"], score["false"], score["mean_delay_s"]) == (1, 0, 0, 1.0)


def test_a_second_one_is_a_duplicate_and_counts_against_precision() -> None:
    score = scored(SCENE, [line(), line(raised_s=80.0)]).as_json()
    assert (score["found"], score["duplicates"], score["precision"]) == (1, 1, 0.5)


@pytest.mark.parametrize("wrong", [{"raised_s": 60.0}, {"kind": "dumped_waste"}, {"box_px": [0.0, 0.0, 50.0, 50.0]}])
def test_one_that_is_early_or_of_another_kind_or_elsewhere_is_false(wrong: dict[str, Any]) -> None:
    score = scored(SCENE, [line(**wrong)]).as_json()
    assert (score["found"], score["missed"], score["false"]) == (0, 1, 1)


def test_cadences_agree_only_when_each_incident_has_its_twin() -> None:
    assert compared([line()], [line(started_s=11.5)]) == {
        "same": True,
        "started_differs_s": 1.5,
        "raised_differs_s": 0.0,
        "ended_differs_s": 0.0,
    }
    assert not compared([line()], [])["same"]
    assert not compared([], [line()])["same"]
    assert not compared([line()], [line(ended_s=90.0)])["same"], "one left, the other did not"


def test_looks_that_were_left_out_never_make_the_figure_better() -> None:
    def state(glances: int, shed: int, cpu_s: float) -> dict[str, Any]:
        fields = {"wall_s": cpu_s, "watched_looks": 0, "woken": 0, "cameras": 10, "rss_mb": 0.0, "threads": 0}
        return {**fields, "glances": glances, "shed": shed, "cpu_s": cpu_s}

    bound = {"infer": 20.0, "key": 30.0, "frame": 3.0}
    all_made = _figures("patrol", 0, state(0, 0, 0.0), state(100, 0, 10.0), bound)
    half_shed = _figures("patrol", 0, state(0, 0, 0.0), state(50, 50, 10.0), bound)
    assert all_made["cameras_per_core"] == 20.0
    assert all_made["ratio_to_bound"] == 0.5
    assert half_shed["cameras_per_core"] == 10.0
    assert half_shed["looks_dropped"] == 50


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a small street."""
    return make_clip(tmp_path_factory.mktemp("clip") / "street.mp4", gop=50)


def test_decoding_and_the_network_are_timed_apart(clip: Path) -> None:
    bound = Bound(clip, Registry.shipped().get("street-objects"))
    assert bound.infer_ms(2) > 0
    assert bound.decode_ms(key_frames_only=True) > 0
    assert bound.decode_ms(key_frames_only=False) > 0


def test_a_peer_that_is_not_installed_is_skipped_with_a_line(clip: Path) -> None:
    figures = measured("ultralytics", ULTRALYTICS, sys.executable, clip, "none.pt", 0)
    assert set(figures) == {"skipped"}
    assert "No module named" in figures["skipped"]


def test_the_plain_loop_runs_the_shipped_weights(clip: Path) -> None:
    weights = str(Registry.shipped().get("street-objects").file)
    figures = measured("plain", PLAIN, sys.executable, clip, weights, 0)
    assert figures["cameras_per_core"] > 0


def test_a_table_names_what_is_nested() -> None:
    text = table([{"mode": "full", "peers": {"x": {"cameras_per_core": 1.8}}}, {"mode": "patrol", "woken": 2}])
    assert text.splitlines()[0].split() == ["mode", "peers.x.cameras_per_core", "woken"]


def test_the_service_bench_prints_json_and_nothing_else() -> None:
    done = patrol("bench", "api", "--seconds", "0.2", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert {row["path"] for row in rows} == {"/healthz", "/api/v1/cases", "/"}
    assert all(row["status"] == [200] and row["requests_per_s"] > 0 for row in rows)
