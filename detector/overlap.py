"""How much boxes overlap. A box is a row of left, top, right, bottom, in any unit."""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]


def iou(first: Boxes, second: Boxes) -> Boxes:
    """Intersection over union of each of the first boxes with each of the second, shape (N, M), 0 to 1."""
    shared = shared_area(first, second)
    ratio: Boxes = shared / np.maximum(areas(first)[:, None] + areas(second) - shared, 1e-9)
    return ratio


def shared_area(first: Boxes, second: Boxes) -> Boxes:
    """Area that each of the first boxes shares with each of the second, shape (N, M)."""
    left, top, right, bottom = first.T[:, :, None]
    other_left, other_top, other_right, other_bottom = second.T[:, None, :]
    width: Boxes = np.maximum(np.minimum(right, other_right) - np.maximum(left, other_left), 0)
    height: Boxes = np.maximum(np.minimum(bottom, other_bottom) - np.maximum(top, other_top), 0)
    return width * height


def areas(boxes: Boxes) -> Boxes:
    """Area of each box, shape (N,)."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
