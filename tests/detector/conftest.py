"""What the detector's tests share: the shipped model in both runtimes, and real clips where the box has them."""

from pathlib import Path

import pytest

from detector.runtimes import choose
from detector.yolo import YoloDetector
from models.registry import ModelEntry, Registry


@pytest.fixture(scope="session")
def entry() -> ModelEntry:
    """The shipped street-objects model."""
    return Registry.shipped().get("street-objects")


@pytest.fixture(scope="session")
def onnx_detector(entry: ModelEntry) -> YoloDetector:
    """street-objects on ONNX Runtime."""
    return YoloDetector.of(entry, choose("onnx"))


@pytest.fixture(scope="session")
def openvino_detector(entry: ModelEntry) -> YoloDetector:
    """street-objects on OpenVINO, with the precision it chooses for this processor."""
    pytest.importorskip("openvino", reason="OpenVINO has no package for this processor")
    return YoloDetector.of(entry, choose("openvino"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real and composed clips beside the repository."""
    folder = Path(__file__).parents[2].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the clips in ../shared/data")
    return folder
