"""A picture brought to a network's size: scaled with its proportions kept, the rest filled with grey.

The planes of the decoder's YUV picture are scaled each for itself and turned into RGB at the small size. Through a
full-size RGB picture the same takes about five times as long at 1080p.
"""

from dataclasses import dataclass

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from streams.frame import Frame

GREY = 114  # What YOLO networks were trained with around their pictures.

_PLANAR = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"})
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG

# Studio range from full range, because OpenCV's conversion expects studio range (ITU-R BT.601, section 2.5.3).
_LUMA_TO_STUDIO = np.clip(np.rint(16 + np.arange(256) * 219 / 255), 0, 255).astype(np.uint8)
_CHROMA_TO_STUDIO = np.clip(np.rint(128 + (np.arange(256) - 128) * 224 / 255), 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a picture lies within a network's input.

    Attributes:
        picture_px: width and height of the picture.
        input_px: width and height of the input, multiples of the network's stride.
        content_px: width and height that the picture takes in the input, even.
        offset_px: left and top of the picture in the input, even.
    """

    picture_px: tuple[int, int]
    input_px: tuple[int, int]
    content_px: tuple[int, int]
    offset_px: tuple[int, int]

    @classmethod
    def of(cls, picture_px: tuple[int, int], input_size: int, stride: int = 32) -> "Fit":
        """The fit whose long side is `input_size` (a multiple of `stride`) and whose other side is as short as it can.

        Raises:
            ValueError: an empty picture, or a size that the stride does not divide.
        """
        width, height = picture_px
        if width <= 0 or height <= 0:
            raise ValueError(f"picture_px must be positive, got {picture_px}")
        if input_size <= 0 or stride <= 0 or stride % 2 or input_size % stride:
            raise ValueError(f"input_size must be a multiple of an even stride, got {input_size} and {stride}")
        scale = input_size / max(width, height)
        content = (_even(width * scale), _even(height * scale))
        size = (_up(content[0], stride), _up(content[1], stride))
        offset = ((size[0] - content[0]) // 4 * 2, (size[1] - content[1]) // 4 * 2)
        return cls(picture_px, size, content, offset)

    def to_picture(self, xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes of the input, shape (N, 4), in pixels of the picture, cut at its edges."""
        x, y = self.offset_px
        scale = np.array(
            [self.picture_px[0] / self.content_px[0], self.picture_px[1] / self.content_px[1]] * 2, np.float32
        )
        moved = (xyxy - np.array([x, y, x, y], np.float32)) * scale
        limit = np.array([*self.picture_px, *self.picture_px], np.float32)
        inside: NDArray[np.float32] = np.minimum(np.maximum(moved, np.float32(0)), limit)
        return inside


class Letterbox:
    """Fills one network input again and again. Its buffers are reused: for one thread, one picture at a time."""

    def __init__(self, fit: Fit) -> None:
        self.fit = fit
        width, height = fit.input_px
        self._rgb = np.full((1, height, width, 3), GREY, np.uint8)
        # One I420 picture in one block: luma, then both chroma planes at half size. Luma 114 is grey 114 in RGB.
        self._i420 = np.full((height * 3 // 2, width), GREY, np.uint8)
        self._i420[height:] = 128
        chroma = self._i420[height:].reshape(2, height // 2, width // 2)
        (x, y), (w, h) = fit.offset_px, fit.content_px
        half = np.s_[y // 2 : (y + h) // 2, x // 2 : (x + w) // 2]
        self._rooms = (self._i420[y : y + h, x : x + w], chroma[0][half], chroma[1][half])
        self._rgb_room = self._rgb[0, y : y + h, x : x + w]

    def fill(self, frame: Frame) -> NDArray[np.uint8]:
        """The frame as network input, shape (1, H, W, 3), RGB. The array is overwritten by the next call.

        Raises:
            ValueError: the frame has another size than the fit.
        """
        if frame.size_px != self.fit.picture_px:
            raise ValueError(f"frame must be {self.fit.picture_px}, got {frame.size_px}")
        picture = frame.picture
        if picture.format.name in _PLANAR:
            self._from_planes(picture)
        else:
            self._rgb_room[:] = cv2.resize(frame.to_rgb(), self.fit.content_px, interpolation=cv2.INTER_LINEAR)
        return self._rgb

    def _from_planes(self, picture: av.VideoFrame) -> None:
        full = picture.format.name.startswith("yuvj") or int(picture.color_range) == _FULL_RANGE
        for i, (plane, room) in enumerate(zip(picture.planes, self._rooms, strict=True)):
            rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
            small = cv2.resize(rows, (room.shape[1], room.shape[0]), interpolation=cv2.INTER_LINEAR)
            room[:] = cv2.LUT(small, _CHROMA_TO_STUDIO if i else _LUMA_TO_STUDIO) if full else small
        cv2.cvtColor(self._i420, cv2.COLOR_YUV2RGB_I420, dst=self._rgb[0])


def _even(length: float) -> int:
    return max(2, round(length / 2) * 2)


def _up(length: int, stride: int) -> int:
    return -(-length // stride) * stride
