"""A terrain model: heights of the ground from a GeoTIFF, read with Pillow (one band, degrees of WGS 84)."""

import math
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from streams.geo import GeoPoint

_SCALE, _TIEPOINT, _KEYS, _NO_DATA = 33550, 33922, 34735, 42113  # OGC GeoTIFF 1.1, annex C; GDAL's own tag
_GEOGRAPHIC_KEY, _WGS84 = 2048, 4326
_LARGEST_PX = 100_000_000


class UnusableTerrain(Exception):
    """A file that gives no terrain; the text says why and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """Heights on a grid.

    Attributes:
        heights_m: shape (rows, columns), rows from north to south; NaN where nothing is known.
        north_west: outer corner of the first cell.
        step_lat, step_lon: size of a cell, degrees.
    """

    heights_m: NDArray[np.float32]
    north_west: GeoPoint
    step_lat: float
    step_lon: float

    @classmethod
    def read(cls, path: Path) -> "Terrain":
        """A model from a GeoTIFF.

        Raises:
            UnusableTerrain: no such file, not of one band, or not in degrees of WGS 84.
        """
        try:
            with warnings.catch_warnings(), Image.open(path, formats=("TIFF",)) as picture:
                warnings.simplefilter("ignore")
                tags = picture.getexif()
                if picture.width * picture.height > _LARGEST_PX:
                    raise UnusableTerrain(f"{path}: more than {_LARGEST_PX} cells; cut it to the site")
                scale, tie, keys = (tags.get(tag) for tag in (_SCALE, _TIEPOINT, _KEYS))
                if not scale or not tie or not keys:
                    raise UnusableTerrain(f"{path}: is no GeoTIFF; export it with its place")
                if not _in_degrees(keys):
                    raise UnusableTerrain(f"{path}: is not in degrees of WGS 84; `gdalwarp -t_srs EPSG:4326` it")
                heights = np.asarray(picture, np.float32).copy()
                lacking = str(tags.get(_NO_DATA, "")).strip("\0 ")
        except (OSError, UnidentifiedImageError, ValueError, SyntaxError, TypeError) as error:
            raise UnusableTerrain(f"{path}: cannot be read: {error}; export it again") from error
        if heights.ndim != 2:
            raise UnusableTerrain(f"{path}: has {heights.shape[2]} bands; a terrain model has one")
        if lacking:
            heights[heights == np.float32(lacking)] = np.nan
        corner = GeoPoint(tie[4] + tie[1] * scale[1], tie[3] - tie[0] * scale[0])
        return cls(heights, corner, float(scale[1]), float(scale[0]))

    def height_m(self, point: GeoPoint) -> float | None:
        """Height of the ground, interpolated between cells; None outside the model or where it knows nothing."""
        row = (self.north_west.lat - point.lat) / self.step_lat - 0.5
        column = (point.lon - self.north_west.lon) / self.step_lon - 0.5
        rows, columns = self.heights_m.shape
        if not (0 <= row <= rows - 1 and 0 <= column <= columns - 1):
            return None
        top, left = min(int(row), rows - 2), min(int(column), columns - 2)
        down, right = row - top, column - left
        cells = self.heights_m[top : top + 2, left : left + 2].astype(float)
        upper = cells[0, 0] * (1 - right) + cells[0, 1] * right
        lower = cells[1, 0] * (1 - right) + cells[1, 1] * right
        height = float(upper * (1 - down) + lower * down)
        return None if math.isnan(height) else height


def _in_degrees(keys: tuple[int, ...]) -> bool:
    entries = [keys[n : n + 4] for n in range(4, len(keys) - 3, 4)]
    return any(entry[0] == _GEOGRAPHIC_KEY and entry[3] == _WGS84 for entry in entries) and not any(
        entry[0] == 1024 and entry[3] == 1 for entry in entries
    )
