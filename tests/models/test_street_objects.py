"""street-objects is COCO's YOLOv8 nano with fewer classes: the same boxes, in every runtime."""

from pathlib import Path

import numpy as np
import onnxruntime
import openvino
import pytest

from models.registry import ModelEntry, Registry
from models.workshop.recipe import read_recipe
from tests.models.pictures import Boxes, Picture, best_box, frames, letterbox, shared

ENTRY = Registry.shipped().get("street-objects")
VAN_XYXY = (652, 44, 723, 101)
FRAMES = (0, 300, 700)
SAMPLE_CLIP = Path(__file__).parents[2] / "patrol" / "demo_site" / "sample.mp4"


def onnx_session(entry: ModelEntry) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(entry.load_bytes(), options, providers=["CPUExecutionProvider"])


def run_openvino(entry: ModelEntry, picture: Picture, precision: str) -> Boxes:
    core = openvino.Core()
    model = core.read_model(str(entry.file))
    model.reshape({"images": [1, *picture.shape]})
    settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": 1}
    output: Boxes = core.compile_model(model, "CPU", settings)(picture[None])[0]
    return output


@pytest.mark.parametrize("size", [(640, 480), (640, 384)], ids=str)
def test_the_parked_van_is_seen_by_both_runtimes(size: tuple[int, int]) -> None:
    session, truck = onnx_session(ENTRY), ENTRY.classes.index("truck")
    for frame in frames(SAMPLE_CLIP, FRAMES):
        canvas, scale, offset = letterbox(frame, *size)
        plain = session.run(None, {"images": canvas[None]})[0]
        for output, tolerance in (
            (plain, 0.0),
            (run_openvino(ENTRY, canvas, "f32"), 0.001),
            (run_openvino(ENTRY, canvas, "bf16"), 0.06),
        ):
            score, box = best_box(output, truck, scale, offset)
            assert score > 0.55
            assert np.abs(box - VAN_XYXY).max() < 4
            assert np.abs(output[0, 4:] - plain[0, 4:]).max() <= tolerance


def test_the_original_gives_the_same_boxes_and_scores() -> None:
    original = onnxruntime.InferenceSession(shared("weights", "yolov8n_coco_640.onnx"))
    rows = [4 + row for row in read_recipe("street-objects").start.rows.values()]
    session = onnx_session(ENTRY)
    for frame in frames(shared("data", "footage", "campus_parked_van.mp4"), FRAMES):
        canvas, _, _ = letterbox(frame, 640, 640)
        unit = (canvas.transpose(2, 0, 1)[None] / 255).astype(np.float32)
        wanted = original.run(None, {"images": unit})[0][:, [0, 1, 2, 3, *rows]]
        found = session.run(None, {"images": canvas[None]})[0]
        sure = wanted[0, 4:].max(axis=0) > 0.05
        assert sure.sum() > 30
        assert np.abs(found - wanted)[0, 4:].max() < 0.01
        assert np.abs(found - wanted)[0, :4, sure].max() < 0.2


@pytest.mark.parametrize(("height", "width"), [(384, 640), (640, 384), (32, 64)])
def test_any_rectangle_of_multiples_of_32_is_taken(height: int, width: int) -> None:
    grey = np.full((1, height, width, 3), 114, np.uint8)
    (output,) = onnx_session(ENTRY).run(None, {"images": grey})
    assert output.shape == (1, 4 + 30, height * width * (1 / 64 + 1 / 256 + 1 / 1024))
    assert output[0, 4:].max() < 0.25, "an empty grey picture holds nothing"
