"""Every shipped model keeps the one form that the product runs."""

import json

import numpy as np
import onnxruntime
import pytest

from detector.runtimes import choose
from models.registry import ModelEntry, Registry

SHIPPED = tuple(Registry.shipped())


@pytest.fixture(params=SHIPPED, ids=lambda entry: entry.name)
def entry(request: pytest.FixtureRequest) -> ModelEntry:
    assert isinstance(request.param, ModelEntry)
    return request.param


def test_the_file_says_itself_what_the_registry_says(entry: ModelEntry) -> None:
    session = onnxruntime.InferenceSession(entry.load_bytes(), providers=["CPUExecutionProvider"])
    told = session.get_modelmeta().custom_metadata_map
    assert tuple(json.loads(told["names"])) == entry.classes
    assert json.loads(told["thresholds"]) == dict(entry.thresholds)
    assert (told["version"], told["license"]) == (entry.version, entry.license)
    assert (told["stride"], told["task"], told["model"]) == (str(entry.stride), "detect", entry.name)
    (image,), (boxes,) = session.get_inputs(), session.get_outputs()
    assert (image.name, image.type) == ("images", "tensor(uint8)")
    assert (boxes.name, boxes.type) == ("boxes", "tensor(float)")


def test_both_runtimes_give_the_same_answer_to_any_rectangle(entry: ModelEntry) -> None:
    onnx, openvino = choose("onnx")(entry.load_bytes()), choose("openvino")(entry.load_bytes())
    noise = np.random.default_rng(3).integers(0, 256, (12, 20, 3), np.uint8)
    for height, width in ((384, 640), (320, 256)):
        picture = np.ascontiguousarray(np.kron(noise, np.ones((32, 32, 1), np.uint8))[None, :height, :width])
        wanted, found = onnx.infer(picture), openvino.infer(picture)
        assert wanted.shape == (1, 4 + len(entry.classes), height * width * 21 // 1024)
        assert np.abs(wanted[0, 4:] - found[0, 4:]).max() < 0.06
