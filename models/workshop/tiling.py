"""Large pictures cut into squares for training, so that a car of 30 px keeps its 30 px.

The product cuts the pictures it sees the same way before an aerial model looks at them.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from models.workshop.dataset import Boxes
from models.workshop.recipe import Tiles

Picture = NDArray[np.uint8]


def tiles_of(picture: Picture, boxes: Boxes, tiles: Tiles) -> Iterator[tuple[str, Picture, Boxes]]:
    """The squares of a picture at each scale of the recipe.

    Args:
        picture: [H, W, 3].
        boxes: [N, 5], as `Labelled` has them.
        tiles: side, overlap and scales.

    Yields:
        A name that is unique within the picture, the square (smaller where the picture is), and its boxes;
        boxes cut by the edge are cut, those with too little left are dropped.
    """
    for scale in tiles.scales:
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        sized = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how), np.uint8)
        height, width = sized.shape[:2]
        for top in starts(height, tiles.side_px, tiles.overlap):
            for left in starts(width, tiles.side_px, tiles.overlap):
                window = (left, top, min(left + tiles.side_px, width), min(top + tiles.side_px, height))
                part = sized[top : window[3], left : window[2]]
                kept = _boxes_in(boxes, (width, height), window, tiles.least_visible)
                yield f"x{round(100 * scale)}_{left}_{top}", part, kept


def starts(length: int, side: int, overlap: float) -> tuple[int, ...]:
    """Where squares begin along one axis, in pixels: evenly, the last flush with the end.

    >>> starts(640, 640, 0.2), starts(1600, 640, 0.2)
    ((0,), (0, 480, 960))
    """
    if length <= side:
        return (0,)
    count = int(np.ceil((length - side) / (side * (1 - overlap)))) + 1
    return tuple(round(i * (length - side) / (count - 1)) for i in range(count))


def _boxes_in(boxes: Boxes, size: tuple[int, int], window: tuple[int, int, int, int], least_visible: float) -> Boxes:
    """The boxes of a picture, relative to one window of it."""
    scale = np.array([*size, *size])
    centre, extent = boxes[:, 1:3] * scale[:2], boxes[:, 3:5] * scale[:2]
    low = np.maximum(centre - extent / 2, window[:2])
    high = np.minimum(centre + extent / 2, window[2:])
    visible = np.prod(np.clip(high - low, 0, None), axis=1) / np.prod(extent, axis=1)
    keep = visible >= least_visible
    side = np.array([window[2] - window[0], window[3] - window[1]])
    middle = ((low + high) / 2 - np.array(window[:2])) / side
    inside: Boxes = np.concatenate([boxes[:, :1], middle, (high - low) / side], axis=1)[keep]
    return inside
