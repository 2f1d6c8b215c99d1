"""ONNX Runtime: runs everywhere. The one file that imports it."""

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray


class Onnx:
    """Runs one model. May be called from several threads at once.

    Args:
        model: bytes of an ONNX file whose input is uint8 (N, H, W, 3), height and width free.
    """

    def __init__(self, model: bytes) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # Spinning keeps a core busy between pictures: another camera could use it.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def infer(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The raw head, shape (N, 4 + classes, anchors), for images of shape (N, H, W, 3), RGB."""
        (head,) = self._session.run(None, {self._input: images})
        return np.asarray(head, np.float32)
