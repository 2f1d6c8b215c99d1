"""`patrol models` as a shell calls it."""

import json
from pathlib import Path

from models.registry import Registry
from tests.patrol.test_chain import patrol


def test_list_names_every_shipped_model_with_its_hash() -> None:
    done = patrol("models", "list", "--json")
    assert done.returncode == 0, done.stderr
    listed = {row["name"]: row["sha256"] for row in json.loads(done.stdout)}
    assert listed == {entry.name: entry.sha256 for entry in Registry.shipped()}


def test_a_wrong_request_is_named_and_ends_with_two(tmp_path: Path) -> None:
    unknown = patrol("models", "eval", "no-such-model", tmp_path)
    assert unknown.returncode == 2
    assert "street-objects" in unknown.stderr
    empty = patrol("models", "eval", "street-objects", tmp_path)
    assert empty.returncode == 2
    assert "classes.txt" in empty.stderr


def test_training_without_its_start_weights_says_which_are_missing(tmp_path: Path) -> None:
    done = patrol("models", "train", "street-stall", "--data", tmp_path, "--weights", tmp_path, "--runs", tmp_path)
    assert done.returncode == 2
    assert "yolov8n_coco_rebuilt.pt" in done.stderr
