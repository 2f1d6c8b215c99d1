"""What a pixel means as a direction: focal length in pixels, from a data sheet, a log, or a stated field of view."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

AIRCRAFT_TOML = Path(__file__).with_name("aircraft.toml")
FULL_FRAME_DIAGONAL_MM = 43.267
"""35 mm terms compare diagonals (CIPA DCG-001, section 4): of 36 by 24 mm."""

_SENSOR_DIAGONAL = 1.25
"""Sensors are 4:3 and video takes their full width: the whole sensor's diagonal is 1.25 widths."""

_BY_SHEET, _BY_FOCAL, _BY_ANGLE = 0.02, 0.04, 0.02


@dataclass(frozen=True, slots=True)
class Lens:
    """A camera without distortion, its axis through the middle of the picture.

    Attributes:
        size_px: width and height of the picture.
        focal_px: focal length, pixels.
        error: standard error of the focal length as a share of it.

    Raises:
        ValueError: a size or focal length that is not above 0.
    """

    size_px: tuple[int, int]
    focal_px: float
    error: float = _BY_FOCAL

    def __post_init__(self) -> None:
        if min(self.size_px) <= 0 or not 0 < self.focal_px < math.inf:
            raise ValueError(f"size_px and focal_px must be above 0, got {self.size_px} and {self.focal_px}")

    @classmethod
    def of_focal(cls, focal_mm: float, size_px: tuple[int, int], zoom: float = 1.0) -> "Lens":
        """By the focal length in 35 mm terms that a log writes; digital zoom multiplies it."""
        return cls(size_px, focal_mm * zoom / FULL_FRAME_DIAGONAL_MM * _SENSOR_DIAGONAL * size_px[0], _BY_FOCAL)

    @classmethod
    def of_aircraft(cls, name: str, size_px: tuple[int, int], zoom: float = 1.0) -> "Lens":
        """By the maker's data sheet.

        Raises:
            KeyError: the table does not hold that aircraft.
        """
        half = math.radians(aircraft()[name]["fov_deg"]) / 2
        return cls(size_px, _SENSOR_DIAGONAL * size_px[0] / 2 / math.tan(half) * zoom, _BY_SHEET)

    @classmethod
    def of_hfov(cls, hfov_deg: float, size_px: tuple[int, int]) -> "Lens":
        """By a horizontal field of view, degrees, 0 to 180 without the ends."""
        return cls(size_px, size_px[0] / 2 / math.tan(math.radians(hfov_deg) / 2), _BY_ANGLE)

    def ray(self, px: tuple[float, float]) -> tuple[float, float, float]:
        """Direction of a pixel: forward, right and down, forward 1."""
        width, height = self.size_px
        return 1.0, (px[0] - width / 2) / self.focal_px, (px[1] - height / 2) / self.focal_px


@cache
def aircraft() -> Mapping[str, Mapping[str, float]]:
    """The table of aircraft by name."""
    table: Mapping[str, Mapping[str, float]] = tomllib.loads(AIRCRAFT_TOML.read_text(encoding="utf-8"))["cameras"]
    return table
