"""OpenVINO: the faster runtime on x86-64 processors. The one file that imports it."""

import threading

import numpy as np
import openvino as ov
from numpy.typing import NDArray


class OpenVino:
    """Runs one model, compiled once for each input shape it meets.

    Inputs are multiples of the stride with a fixed long side, so there are few shapes. One thread a request: cameras
    run side by side, and more threads a picture only cost synchronisation. Threads share the compiled network.

    Args:
        model: bytes of an ONNX file whose input is uint8 (N, H, W, 3), height and width free.
        precision: `f32`, `bf16`, or None for bf16 where the processor has instructions for it: half the time, scores
            differ by a few thousandths to hundredths.
    """

    def __init__(self, model: bytes, precision: str | None = None) -> None:
        self._model, self._core = model, ov.Core()
        if precision is None:
            precision = "bf16" if "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"
        self.precision = precision
        self._compiled: dict[tuple[int, ...], ov.CompiledModel] = {}
        self._lock, self._local = threading.Lock(), threading.local()

    def infer(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The raw head, shape (N, 4 + classes, anchors), for images of shape (N, H, W, 3), RGB."""
        request = self._request(images.shape)
        request.set_input_tensor(ov.Tensor(images, shared_memory=True))
        request.infer()
        # A copy: the request writes its next answer over this one.
        return np.array(request.get_output_tensor().data, np.float32)

    def _request(self, shape: tuple[int, ...]) -> ov.InferRequest:
        requests = self._local.__dict__.setdefault("requests", {})
        if shape not in requests:
            requests[shape] = self._compile(shape).create_infer_request()
        return requests[shape]

    def _compile(self, shape: tuple[int, ...]) -> ov.CompiledModel:
        with self._lock:
            if shape not in self._compiled:
                model = self._core.read_model(self._model)
                model.reshape(list(shape))
                self._compiled[shape] = self._core.compile_model(
                    model,
                    "CPU",
                    {
                        "INFERENCE_NUM_THREADS": 1,
                        "PERFORMANCE_HINT": "LATENCY",
                        "INFERENCE_PRECISION_HINT": self.precision,
                    },
                )
            return self._compiled[shape]
