"""Measurements are COCO's, made through the product's own detector."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("faster_coco_eval", reason="needs faster-coco-eval to measure average precision")

from detector.detections import Detections
from detector.runtimes import choose
from models.registry import Registry
from models.workshop.average_precision import average_precision
from models.workshop.evaluate import Evaluation, evaluate, main
from models.workshop.look import Looker, read_rgb
from tests.models.pictures import shared

OBJECTS = Registry.shipped().get("street-objects")
KEYS = [
    "model",
    "images",
    "map50",
    "map50_95",
    "classes",
    "threshold",
    "quiet_images",
    "false_alarms_per_1000",
    "image_recall_at_5pct",
]


def seen(*rows: tuple[float, float, float, float, float]) -> Detections:
    """Detections of one class from x1, y1, x2, y2, score."""
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(table[:, :4], table[:, 4], np.zeros(len(table), np.int64), ("thing",))


def known(*rows: tuple[float, float, float, float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    table = np.array(rows, np.float64).reshape(-1, 4)
    return np.concatenate([np.zeros((len(table), 1)), table], axis=1)


def test_finding_everything_and_nothing_else_is_an_average_precision_of_one() -> None:
    there = known((10, 10, 50, 50), (60, 60, 90, 90))
    found = seen((10, 10, 50, 50, 0.9), (60, 60, 90, 90, 0.3))
    assert average_precision([there], [found], [0])[0] == pytest.approx(np.ones(10))


def test_a_miss_and_a_false_alarm_cost_what_coco_says() -> None:
    there = known((10, 10, 50, 50), (60, 60, 90, 90))
    found = seen((200, 200, 240, 240, 0.9), (10, 10, 50, 50, 0.8))
    # One of two found, at precision 1/2: half precision for 51 of COCO's 101 recalls.
    assert average_precision([there], [found], [0])[0][0] == pytest.approx(0.5 * 51 / 101)


def test_a_loose_box_counts_only_at_small_overlaps() -> None:
    found = seen((10, 10, 50, 40, 0.9))  # IoU 0.75 with the truth
    per_overlap = average_precision([known((10, 10, 50, 50))], [found], [0])[0]
    assert per_overlap.tolist() == pytest.approx([1] * 6 + [0] * 4)


def test_finding_nothing_is_zero() -> None:
    assert average_precision([known((10, 10, 50, 50))], [seen()], [0])[0].sum() == 0


def write_street(folder: Path) -> Path:
    """A data set of one grey picture that claims a car, and a quiet one of three."""
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    (folder / "classes.txt").write_text("car\n")
    (folder / "labels" / "a.txt").write_text("0 0.5 0.5 0.4 0.4\n")
    (folder / "quiet").mkdir()
    for path in (folder / "images" / "a.png", *(folder / "quiet" / f"{i}.png" for i in range(3))):
        cv2.imwrite(str(path), np.full((96, 128, 3), 114, np.uint8))
    return folder


def test_the_figures_come_as_one_json_object_with_the_promised_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_street(tmp_path)
    code = main(["street-objects", str(folder), "--quiet", str(folder / "quiet"), "--runtime", "onnx", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert list(told) == KEYS
    assert told["classes"] == {"car": {"ap50": 0.0, "precision": 0.0, "recall": 0.0}}
    assert (told["images"], told["quiet_images"], told["false_alarms_per_1000"]) == (1, 3, 0.0)


def test_bad_data_is_said_and_nothing_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_street(tmp_path)
    (folder / "labels" / "a.txt").write_text("4 0.5 0.5 0.4 0.4\n")
    assert main(["street-objects", str(folder), "--runtime", "onnx"]) == 2
    told = capsys.readouterr()
    assert "a.txt:1: class 4 is out of range" in told.err
    assert told.out == ""


def measured(name: str, data: tuple[str, ...]) -> Evaluation:
    entry = Registry.shipped().get(name)
    return evaluate(Looker(entry, choose("onnx")), entry, shared("data", *data))


def test_street_objects_keeps_its_figures_on_coco() -> None:
    result = measured("street-objects", ("coco128_val",))
    assert result.images == 128
    assert result.map50 == pytest.approx(0.52, abs=0.02)
    assert result.classes["person"].recall > 0.65


def test_street_objects_boxes_lie_on_the_things_themselves() -> None:
    picture = read_rgb(shared("data", "coco128_val", "images", "000000000139.jpg"))
    found = Looker(OBJECTS, choose("onnx")).at(picture).shipped
    assert {"person", "chair"} <= set(found.class_names())
