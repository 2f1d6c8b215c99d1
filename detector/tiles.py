"""Large pictures in overlapping tiles at native resolution, and once as a whole, merged into one answer.

A car from above is ten pixels long: a network that sees the picture shrunk does not see it at all. What lies on a seam
is seen whole in one of two overlapping tiles and cut in the other; what is larger than a tile is seen in the global
pass. So the merge prefers whole boxes to cut ones, and drops boxes that are contained in a better one of their class.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detector.detections import Detections
from detector.detector import Detector
from detector.kinds import SAME_THING, groups
from detector.overlap import areas, iou, shared_area
from streams.frame import Frame

OVERLAP = 0.2
"""Neighbouring tiles share this part of their side: more than the largest thing that tiles are for."""

SAME_IOU = 0.5
CONTAINED = 0.7
"""A box that lies to this part inside another of its class shows the same thing, or a piece of it."""

_EDGE_PX = 2.0
_CUT_PENALTY = 0.5

Box = tuple[int, int, int, int]


def tiles_of(size_px: tuple[int, int], tile_px: int, overlap: float = OVERLAP) -> tuple[Box, ...]:
    """Left, top, right and bottom of square tiles that cover a picture evenly; one where it is no larger than a tile.

    Raises:
        ValueError: a tile without pixels, or an overlap outside 0 to 0.9.
    """
    if tile_px <= 0 or not 0 <= overlap <= 0.9:
        raise ValueError(f"tile_px must be above 0 and overlap within 0 and 0.9, got {tile_px} and {overlap}")
    width, height = size_px
    return tuple(
        (x, y, min(x + tile_px, width), min(y + tile_px, height))
        for y in _starts(height, tile_px, overlap)
        for x in _starts(width, tile_px, overlap)
    )


def merged(parts: Sequence[Detections], cut: Sequence[NDArray[np.bool_]], names: Sequence[str]) -> Detections:
    """One answer from those of tiles and of the whole picture, all in pixels of the picture.

    Args:
        parts: what each pass saw, of the classes `names`.
        cut: for each, shape (N,), whether a box ends at a border that its tile has inside the picture.
        names: the classes.
    """
    seen = [part for part in parts if len(part)]
    if not seen:
        return Detections.empty(names)
    xyxy = np.concatenate([part.xyxy for part in seen])
    score = np.concatenate([part.score for part in seen])
    class_id = np.concatenate([part.class_id for part in seen])
    is_cut = np.concatenate([mask for part, mask in zip(parts, cut, strict=True) if len(part)])
    group = groups(names, SAME_THING)[class_id]
    # A piece is never preferred to the whole, however sure the network is of the piece.
    order = np.argsort(-(score - _CUT_PENALTY * is_cut), kind="stable")
    boxes = xyxy.astype(np.float64)
    kept: list[int] = []
    for n in order.tolist():
        rivals = [k for k in kept if group[k] == group[n]]
        if not rivals or not _shows_one_of(boxes[n], boxes[rivals]):
            kept.append(n)
    chosen = np.array(sorted(kept, key=lambda n: -score[n]), np.int64)
    return Detections(xyxy[chosen], score[chosen], class_id[chosen], tuple(names))


class TiledDetector:
    """Any detector, shown a large picture tile by tile and once as a whole.

    Args:
        inner: sees pictures of any size.
        tile_px: side of the tiles, pixels of the picture.
        overlap: share of the side that neighbours have in common.
    """

    def __init__(self, inner: Detector, tile_px: int, overlap: float = OVERLAP) -> None:
        tiles_of((1, 1), tile_px, overlap)  # checks both
        self._inner, self._tile_px, self._overlap = inner, tile_px, overlap

    @property
    def names(self) -> tuple[str, ...]:
        """The classes it can find, in the order of their ids."""
        return self._inner.names

    @property
    def model(self) -> str:
        """Name and version of the weights."""
        return self._inner.model

    @property
    def sha256(self) -> str:
        """Of the weight file, lower-case hex."""
        return self._inner.sha256

    def detect(self, frame: Frame) -> Detections:
        """What is in the frame; boxes in pixels of `frame.size_px`."""
        tiles = tiles_of(frame.size_px, self._tile_px, self._overlap)
        whole = self._inner.detect(frame)
        if len(tiles) == 1:
            return whole
        rgb = frame.to_rgb()
        parts, cuts = [whole], [np.zeros(len(whole), np.bool_)]
        for left, top, right, bottom in tiles:
            piece = np.ascontiguousarray(rgb[top : bottom - (bottom - top) % 2, left : right - (right - left) % 2])
            seen = self._inner.detect(Frame.from_rgb(frame.camera, frame.clock, piece))
            cuts.append(_cut((left, top, right, bottom), seen, frame.size_px))
            parts.append(replace(seen, xyxy=seen.xyxy + np.array([left, top, left, top], np.float32)))
        return merged(parts, cuts, self.names)


def _starts(length: int, tile: int, overlap: float) -> list[int]:
    """Where tiles begin along one side, evenly, so that none is a sliver."""
    if length <= tile:
        return [0]
    count = math.ceil((length - tile) / (tile * (1 - overlap))) + 1
    return [round(n * (length - tile) / (count - 1)) for n in range(count)]


def _cut(tile: Box, seen: Detections, size_px: tuple[int, int]) -> NDArray[np.bool_]:
    """Which boxes, in pixels of the tile, end at one of its borders that is no border of the picture."""
    left, top, right, bottom = tile
    box = seen.xyxy
    cut: NDArray[np.bool_] = (
        ((box[:, 0] <= _EDGE_PX) & (left > 0))
        | ((box[:, 1] <= _EDGE_PX) & (top > 0))
        | ((box[:, 2] >= right - left - _EDGE_PX) & (right < size_px[0]))
        | ((box[:, 3] >= bottom - top - _EDGE_PX) & (bottom < size_px[1]))
    )
    return cut


def _shows_one_of(box: NDArray[np.float64], others: NDArray[np.float64]) -> bool:
    """Whether a box shows the same thing as one of the others, or a piece of it, or one of them is a piece of it."""
    same = iou(box[None], others)[0] >= SAME_IOU
    shared = shared_area(box[None], others)[0]
    smaller = np.minimum(areas(box[None])[0], areas(others))
    return bool((same | (shared >= CONTAINED * np.maximum(smaller, 1e-9))).any())
