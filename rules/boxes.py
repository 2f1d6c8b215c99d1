"""Plain geometry of boxes: which point counts, and whether two boxes show the same thing at the same place."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.observation import Box
from rules.kinds import TWO_WHEELERS

SAME_PLACE_IOU = 0.65
"""Boxes of a standing thing jitter by a tenth of their size at most; two thirds overlap leaves room for that."""

SAME_THING_IOU = 0.5
PART_OF_IT = 0.8
"""A box that lies to this share inside the other and does not reach below it shows a part of the same thing."""


def is_box(box: Box) -> bool:
    """Whether the four numbers are a box at all: finite, and right of and below where it begins."""
    return all(map(math.isfinite, box)) and box[0] < box[2] and box[1] < box[3]


def ground_point(box: Box) -> tuple[float, float]:
    """Where the thing touches the ground: the middle of the lower edge."""
    # Feet, not centre: a person leaning over the line still stands outside it.
    return (box[0] + box[2]) / 2, box[3]


def shorter_side(box: Box) -> float:
    """Width or height, whichever is less, pixels."""
    return min(box[2] - box[0], box[3] - box[1])


def grown(box: Box, share: float) -> Box:
    """The box with a rim of `share` of its mean side."""
    left, top, right, bottom = box
    rim = share * (right - left + bottom - top) / 2
    return left - rim, top - rim, right + rim, bottom + rim


def touch(a: Box, b: Box) -> bool:
    """Whether two boxes share any area."""
    return _overlap(a, b) > 0


def footprint(box: Box, share: float) -> Box:
    """What a heap or a stall covers of the ground, roughly: the lower `share` of its box."""
    left, top, right, bottom = box
    return left, bottom - share * (bottom - top), right, bottom


def rounded(box: Box) -> tuple[int, int, int, int]:
    """The box in whole pixels."""
    left, top, right, bottom = (round(v) for v in box)
    return left, top, right, bottom


def as_array(boxes: Sequence[Box]) -> NDArray[np.float64]:
    """Boxes as an array of shape (N, 4)."""
    return np.array(boxes, np.float64).reshape(-1, 4)


def iou(a: Box, b: Box) -> float:
    """Intersection over union, 0 to 1."""
    both = _overlap(a, b)
    return both / (_area(a) + _area(b) - both) if both else 0.0


def same_things(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which boxes of `a`, shape (A, 4), and `b`, shape (B, 4), may show one thing, whole or half hidden.

    A thing in front of another hides its lower part, so the part still seen ends at or above the whole thing's lower
    edge. A box that reaches clearly below it is another thing in front.

    Returns:
        whether they may, and their intersection over union, both of shape (A, B).
    """
    one, other = a[:, None, :], b[None, :, :]
    width = np.minimum(one[..., 2], other[..., 2]) - np.maximum(one[..., 0], other[..., 0])
    height = np.minimum(one[..., 3], other[..., 3]) - np.maximum(one[..., 1], other[..., 1])
    both = np.clip(width, 0, None) * np.clip(height, 0, None)
    area_a, area_b = ((x[..., 2] - x[..., 0]) * (x[..., 3] - x[..., 1]) for x in (one, other))
    below = np.where(area_b <= area_a, other[..., 3] - one[..., 3], one[..., 3] - other[..., 3])
    part = (both >= PART_OF_IT * np.minimum(area_a, area_b)) & (below <= 0.05 * (one[..., 3] - one[..., 1]))
    overlap = both / (area_a + area_b - both)
    return (overlap >= SAME_THING_IOU) | part, overlap


def same_sort(a: str, b: str) -> bool:
    """Whether two classes may be one thing to a detector: it calls a van car or truck, but never a bicycle a bus."""
    return (a in TWO_WHEELERS) == (b in TWO_WHEELERS)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _overlap(a: Box, b: Box) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0
