import platform
import threading
from pathlib import Path

import numpy as np
import pytest

from detector.letterbox import Fit, Letterbox
from detector.runtimes import choose
from detector.yolo import YoloDetector
from models.registry import ModelEntry
from streams.frame import Frame
from tests.detector.pictures import read

SAMPLE = Path(__file__).parents[2] / "patrol" / "demo_site" / "sample.mp4"
VAN = np.array([652, 44, 723, 101], np.float32)


@pytest.fixture(scope="module")
def street() -> Frame:
    """The first frame of the sample clip: a parked van, a second car at the edge, walkers."""
    return next(read(SAMPLE, 1.0))


def test_both_vendors_see_the_same_street(
    street: Frame, onnx_detector: YoloDetector, openvino_detector: YoloDetector
) -> None:
    onnx, openvino = onnx_detector.detect(street), openvino_detector.detect(street)
    assert onnx.class_names() == openvino.class_names()
    # bf16 carries 8 bits of mantissa; in f32 the vendors differ by rounding only (next test).
    np.testing.assert_allclose(onnx.score, openvino.score, atol=0.02)
    np.testing.assert_allclose(onnx.xyxy, openvino.xyxy, atol=3.0)


def test_in_full_precision_the_raw_heads_agree(street: Frame, entry: ModelEntry) -> None:
    pytest.importorskip("openvino", reason="OpenVINO has no package for this processor")
    from detector.runtimes.openvino import OpenVino

    images = Letterbox(Fit.of(street.size_px, 320)).fill(street)
    onnx = choose("onnx")(entry.load_bytes()).infer(images)
    openvino = OpenVino(entry.load_bytes(), precision="f32").infer(images)
    assert onnx.shape == openvino.shape == (1, 4 + len(entry.classes), onnx.shape[2])
    np.testing.assert_allclose(onnx[:, 4:], openvino[:, 4:], atol=1e-3)
    np.testing.assert_allclose(onnx[:, :4], openvino[:, :4], atol=0.25)


def test_the_parked_van_and_the_walkers_are_found(street: Frame, onnx_detector: YoloDetector) -> None:
    found = onnx_detector.detect(street)
    vehicles = [box for box, name in zip(found.xyxy, found.class_names(), strict=True) if name in {"car", "truck"}]
    assert min(float(np.abs(box - VAN).max()) for box in vehicles) < 6
    assert found.class_names().count("person") >= 3


def test_one_answer_is_not_overwritten_by_the_next(street: Frame, entry: ModelEntry) -> None:
    runtime = choose(None)(entry.load_bytes())
    images = Letterbox(Fit.of(street.size_px, 320)).fill(street)
    first = runtime.infer(images)
    kept = first.copy()
    runtime.infer(np.zeros_like(images))
    np.testing.assert_array_equal(first, kept)


def test_cameras_in_threads_share_one_network(street: Frame, entry: ModelEntry) -> None:
    detector = YoloDetector.of(entry, choose(None), input_size=320)
    alone = detector.detect(street)
    scores: list[list[float]] = []
    threads = [threading.Thread(target=lambda: scores.append(detector.detect(street).score.tolist())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert scores == [alone.score.tolist()] * 3


def test_x86_boxes_use_openvino_and_others_onnx_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino", reason="OpenVINO has no package for this processor")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    assert choose().__module__ == "detector.runtimes.openvino"
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert choose().__module__ == "detector.runtimes.onnx"


def test_an_unknown_runtime_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"\['onnx', 'openvino'\], got 'tensorrt'"):
        choose("tensorrt")
