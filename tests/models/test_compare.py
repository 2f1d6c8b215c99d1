"""A new model is compared with the old one picture by picture before it is promoted."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("faster_coco_eval", reason="needs faster-coco-eval to measure average precision")

from models.registry import Registry
from models.workshop.compare import Difference, as_table, compare, entry_of, main
from models.workshop.matching import match
from tests.models.pictures import frames

SAMPLE_CLIP = Path(__file__).parents[2] / "patrol" / "demo_site" / "sample.mp4"
VAN = "0 0.895 0.125 0.092 0.098\n"  # the parked van, x 652-723 and y 44-101 of 768 x 576


@pytest.fixture
def van_set(tmp_path: Path) -> Path:
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
    (tmp_path / "classes.txt").write_text("truck\n")
    (frame,) = frames(SAMPLE_CLIP, [0])
    cv2.imwrite(str(tmp_path / "images" / "van.png"), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    (tmp_path / "labels" / "van.txt").write_text(VAN)
    return tmp_path


def blind_candidate(folder: Path) -> Path:
    """The shipped model with thresholds that nothing reaches, as a candidate's registry file."""
    shipped = Registry.shipped().get("street-objects")
    lines = [
        "[models.blind]",
        f"file = {json.dumps(str(shipped.file))}",
        f'sha256 = "{shipped.sha256}"',
        'version = "0"',
        f"input_size = {shipped.input_size}",
        'license = "AGPL-3.0"',
        f"card = {json.dumps(str(shipped.card))}",
        f"classes = {json.dumps(shipped.classes)}",
        "[models.blind.thresholds]",
        *(f"{json.dumps(name)} = 0.99" for name in shipped.classes),
    ]
    path = folder / "candidate.toml"
    path.write_text("\n".join(lines))
    return path


def test_a_blind_model_loses_the_van_and_the_old_one_finds_it_again(van_set: Path) -> None:
    objects, blind = entry_of("street-objects"), entry_of(str(blind_candidate(van_set)))
    assert compare(objects, blind, van_set, "onnx") == (Difference("van.png", 0, 1, 0, 0),)
    assert compare(blind, objects, van_set, "onnx") == (Difference("van.png", 1, 0, 0, 0),)
    assert compare(objects, objects, van_set, "onnx") == ()


def test_the_table_puts_the_losses_first() -> None:
    table = as_table([Difference("a.jpg", 1, 0, 0, 0), Difference("b.jpg", 0, 2, 0, 1)])
    assert [line.split()[0] for line in table.splitlines()] == ["picture", "b.jpg", "a.jpg", "2"]


def test_an_unknown_model_ends_with_the_known_names(van_set: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["street-objects", "street-obj", str(van_set)]) == 2
    assert "street-objects" in capsys.readouterr().err


def test_a_real_thing_counts_once_and_the_best_score_chooses_first() -> None:
    truth = np.array([[0, 0, 10, 10]], np.float64)
    found = np.array([[0, 0, 10, 9], [0, 0, 10, 10]], np.float32)
    right, met = match(found, np.array([0.9, 0.8], np.float32), truth)
    assert right.tolist() == [True, False]
    assert met.tolist() == [True]
