"""Small grey patches of a fixed region, compared tile by tile whatever the light does."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.observation import Box

Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]

_MOST_TILES = 6
_TILE_PX = (6, 16)
_LEAST_SIDE_PX = 16.0

ALIKE = 0.65
"""Likeness from which a tile shows the same. Standing cars: 0.9 to 1; gone or replaced: -0.3 to 0.5 in most tiles."""

# Grey levels of 256.
_FLAT, _NOISE, _SAME_GREY = 4.0, 6.0, 16.0
_DARK, _BRIGHT = 24.0, 230.0  # studio range has its black at 16 and its white at 235


@dataclass(frozen=True, slots=True)
class Grid:
    """How a region of the picture becomes a patch of tiles.

    Attributes:
        rows, columns: tiles of the region.
        tile: side of a tile, pixels of the patch.
        margin: rim around the region that a patch holds too, for the search of a shift, pixels of the patch.
        cut_px: left, top, right, bottom of region and rim in the picture, whole pixels; may lie outside of it.
    """

    rows: int
    columns: int
    tile: int
    margin: int
    cut_px: tuple[int, int, int, int]

    @classmethod
    def over(cls, box_px: Box, picture_px: tuple[int, int]) -> "Grid":
        """The grid over a box, cut at the picture's edges and grown to 16 pixels where it is smaller.

        Raises:
            ValueError: the box is empty, no numbers, or outside the picture.
        """
        left, top, right, bottom = box_px
        width, height = picture_px
        if not (all(map(math.isfinite, box_px)) and left < right and top < bottom):
            raise ValueError(f"box_px must be left, top, right, bottom, got {box_px}")
        left, right, top, bottom = max(left, 0.0), min(right, float(width)), max(top, 0.0), min(bottom, float(height))
        if left >= right or top >= bottom:
            raise ValueError(f"box_px must lie within {picture_px}, got {box_px}")
        w, h = max(right - left, _LEAST_SIDE_PX), max(bottom - top, _LEAST_SIDE_PX)
        x, y = (left + right) / 2, (top + bottom) / 2
        most = min(_MOST_TILES, max(3, int(max(w, h) // 12)))
        rows, columns = (max(3, round(most * side / max(w, h))) for side in (h, w))
        tile = min(_TILE_PX[1], max(_TILE_PX[0], round(max(w, h) / most)))
        margin = round(tile * 0.75)
        wide, high = w / 2 * (1 + 2 * margin / (columns * tile)), h / 2 * (1 + 2 * margin / (rows * tile))
        cut = (round(x - wide), round(y - high), round(x + wide), round(y + high))
        return cls(rows, columns, tile, margin, cut)

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels of the picture for one pixel of the patch, in x and in y."""
        left, top, right, bottom = self.cut_px
        width, height = self.columns * self.tile, self.rows * self.tile
        return (right - left) / (width + 2 * self.margin), (bottom - top) / (height + 2 * self.margin)

    def patch(self, luma: NDArray[np.uint8]) -> Grey:
        """The region with its rim, scaled to the grid; outside the picture its edge is repeated."""
        left, top, right, bottom = self.cut_px
        height, width = luma.shape
        inside = luma[max(top, 0) : bottom, max(left, 0) : right]
        rim = (max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0))
        cut = cv2.copyMakeBorder(inside, *rim, borderType=cv2.BORDER_REPLICATE) if any(rim) else inside
        size = (self.columns * self.tile + 2 * self.margin, self.rows * self.tile + 2 * self.margin)
        shrinks = cut.shape[1] > size[0] or cut.shape[0] > size[1]
        small = cv2.resize(cut, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        return small.astype(np.float32)

    def region(self, patch: Grey, dx: int = 0, dy: int = 0) -> Grey:
        """The part of a patch that lies over the region, or `dx`, `dy` beside it (up to the margin)."""
        y, x = self.margin + dy, self.margin + dx
        return patch[y : y + self.rows * self.tile, x : x + self.columns * self.tile]

    def tile_boxes(self) -> NDArray[np.float64]:
        """Each tile in the picture, shape (rows, columns, 4)."""
        (sx, sy), side = self.scale, self.tile
        x = self.cut_px[0] + (self.margin + side * np.arange(self.columns)) * sx
        y = self.cut_px[1] + (self.margin + side * np.arange(self.rows)) * sy
        left, top = np.meshgrid(x, y)
        return np.stack([left, top, left + side * sx, top + side * sy], axis=-1)

    def oval(self) -> Mask:
        """Tiles within the oval that a thing fills; the corners of its box mostly show the street."""
        y = (np.arange(self.rows) + 0.5) / self.rows * 2 - 1
        x = (np.arange(self.columns) + 0.5) / self.columns * 2 - 1
        inside: Mask = y[:, None] ** 2 + x[None, :] ** 2 < 1.0
        return inside


class Tiles:
    """One region's pixels with what comparing needs of each tile: mean and spread of its brightness."""

    __slots__ = ("_size", "grey", "mean", "spread")

    def __init__(self, grey: Grey, rows: int, columns: int) -> None:
        self._size = (columns, rows)
        self.grey = np.ascontiguousarray(grey)
        self.mean = self._mean(self.grey)
        self.spread = np.sqrt(np.maximum(self._mean(self.grey * self.grey) - self.mean**2, 0))

    def _mean(self, grey: Grey) -> Grey:
        return np.asarray(cv2.resize(grey, self._size, interpolation=cv2.INTER_AREA), np.float32)

    @property
    def flat(self) -> Mask:
        """Tiles without anything to compare."""
        empty: Mask = self.spread < _FLAT
        return empty

    @property
    def blind(self) -> Mask:
        """Tiles that are black or burnt out: the picture holds nothing there, whatever stands in the street."""
        lost: Mask = self.flat & ((self.mean < _DARK) | (self.mean > _BRIGHT))
        return lost

    def patched(self, tiles: Mask, other: "Tiles", weight: float = 1.0) -> "Tiles":
        """These tiles, where `tiles` says so moved towards `other` by `weight`, 0 to 1."""
        chosen = self.spread_out(tiles.astype(np.float32) * np.float32(weight))
        rows, columns = self.mean.shape
        return Tiles(self.grey + chosen * (other.grey - self.grey), rows, columns)

    def spread_out(self, values: Grey) -> Grey:
        """A value a tile as a value a pixel."""
        size = (self.grey.shape[1], self.grey.shape[0])
        return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_NEAREST), np.float32)

    def unchanged(self, other: "Tiles") -> Mask:
        """Tiles that show the same in two pictures of about the same light; sensor noise on plain asphalt is none."""
        together = self._mean(self.grey * other.grey) - self.mean * other.mean
        rest = np.maximum(self.spread**2 + other.spread**2 - 2 * together, 0)
        same: Mask = (rest < _NOISE**2) & (np.abs(self.mean - other.mean) < _SAME_GREY)
        return same | (self.likeness(other) >= ALIKE)

    def likeness(self, other: "Tiles") -> Grey:
        """How alike the tiles are, shape (rows, columns), -1 to 1: the zero-mean normalised cross-correlation.

        It does not change with brightness and contrast. A flat tile is like a flat one of about its brightness.
        """
        together = self._mean(self.grey * other.grey) - self.mean * other.mean
        alike: Grey = np.clip(together / np.maximum(self.spread * other.spread, 1.0), -1, 1)
        same_grey = np.abs(self.mean - other.mean) < _SAME_GREY
        both_flat = self.flat & other.flat
        alike[both_flat] = same_grey[both_flat]
        return alike


def drift(reference: Tiles, current: Tiles, tiles: Mask) -> tuple[float, float]:
    """How far the content of some tiles lies from the reference, in x and y, to a fraction of a pixel of the patch.

    One step of least squares on the brightness gradient (Lucas and Kanade, IJCAI 1981), each tile's light evened out
    first: good up to about 1.5 pixels, which is what is left after a search in whole pixels. (0, 0) where the tiles
    have no corners to hold on to.
    """
    contrast = np.clip(reference.spread / np.maximum(current.spread, 1.0), 0.25, 4.0)
    offset = reference.mean - current.mean * contrast
    lit = current.grey * current.spread_out(contrast) + current.spread_out(offset)
    gx = cv2.Sobel(reference.grey, cv2.CV_32F, 1, 0, scale=0.125)
    gy = cv2.Sobel(reference.grey, cv2.CV_32F, 0, 1, scale=0.125)
    weight = current.spread_out(tiles.astype(np.float32))
    change = (reference.grey - lit) * weight
    a, b, c = float((gx * gx * weight).sum()), float((gx * gy * weight).sum()), float((gy * gy * weight).sum())
    p, q = float((gx * change).sum()), float((gy * change).sum())
    det = a * c - b * b
    if det <= 1e-3 * (a + c) ** 2 or a + c < 1.0:
        return 0.0, 0.0
    dx, dy = (c * p - b * q) / det, (a * q - b * p) / det
    return float(np.clip(dx, -2, 2)), float(np.clip(dy, -2, 2))
