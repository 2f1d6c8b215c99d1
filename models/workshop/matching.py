"""Which found boxes are right, and which real things were found."""

import numpy as np
from numpy.typing import NDArray

RIGHT_FROM_IOU = 0.5


def match(
    found: NDArray[np.float32],
    score: NDArray[np.float32],
    truth: NDArray[np.float64],
    right_from: float = RIGHT_FROM_IOU,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Pair the found boxes of one class with the real ones; the best score chooses first.

    Args:
        found: (N, 4), x1, y1, x2, y2.
        score: (N,).
        truth: (M, 4).
        right_from: intersection over union from which a box is right.

    Returns:
        (N,): which found boxes are right, and (M,): which real things were found. A real thing counts once.
    """
    right, met = np.zeros(len(found), bool), np.zeros(len(truth), bool)
    overlap = iou(found, truth)
    for i in np.argsort(-score, kind="stable"):
        candidates = np.where(met, 0.0, overlap[i])
        if len(truth) and candidates.max() >= right_from:
            met[candidates.argmax()] = right[i] = True
    return right, met


def iou(a: NDArray[np.float32], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of boxes x1, y1, x2, y2: (N, 4) with (M, 4) gives (N, M)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.prod(np.clip(high - low, 0, None), axis=2)
    area_a, area_b = (np.prod(x[:, 2:] - x[:, :2], axis=1) for x in (a, b))
    overlap: NDArray[np.float64] = both / (area_a[:, None] + area_b[None] - both)
    return overlap
