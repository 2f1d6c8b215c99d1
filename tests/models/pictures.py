"""Pictures for the tests of models, and the plainest way to read a model's answer."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Boxes = NDArray[np.float32]
SHARED = Path(__file__).parents[3] / "shared"
PADDING_GREY = 114


def shared(*parts: str) -> Path:
    """A file of the shared folder beside the checkout; skips the test where there is none."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs ../shared/{'/'.join(parts)}")
    return path


def frames(clip: Path, indices: Sequence[int]) -> list[Picture]:
    """RGB frames of a clip, by their number in decoding order."""
    with av.open(str(clip)) as container:
        shown = itertools.islice(container.decode(video=0), max(indices) + 1)
        kept = {
            i: np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for i, frame in enumerate(shown) if i in indices
        }
    return [kept[i] for i in indices]


def letterbox(picture: Picture, width: int, height: int) -> tuple[Picture, float, tuple[int, int]]:
    """The picture scaled into a rectangle and centred: the canvas, the scale, the x and y offset in pixels."""
    scale = min(width / picture.shape[1], height / picture.shape[0])
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    x, y = (width - size[0]) // 2, (height - size[1]) // 2
    canvas = np.full((height, width, 3), PADDING_GREY, np.uint8)
    canvas[y : y + size[1], x : x + size[0]] = cv2.resize(picture, size)
    return canvas, scale, (x, y)


def best_box(output: Boxes, row: int, scale: float, offset: tuple[int, int]) -> tuple[float, Boxes]:
    """The highest score of one class in `boxes` [1, 4 + C, A], and its x1, y1, x2, y2 in the picture."""
    at = int(output[0, 4 + row].argmax())
    x, y, w, h = output[0, :4, at]
    corners = np.array([x - w / 2, y - h / 2, x + w / 2, y + h / 2], np.float32)
    placed = (corners - np.array([*offset, *offset], np.float32)) / np.float32(scale)
    return float(output[0, 4 + row, at]), placed
