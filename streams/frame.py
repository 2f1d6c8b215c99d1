"""One decoded picture with its time. Pixels stay in the decoder's planes until somebody wants them otherwise."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import av
import numpy as np

from streams.clock import FrameClock

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture, where and when it was taken.

    Attributes:
        camera: id of the camera or the footage.
        clock: when it was taken and how sure we are.
        picture: the decoder's frame, usually planar YUV 4:2:0; 8 bit a sample for everything downstream.
        is_key: whether the picture decodes without any other.
    """

    camera: str
    clock: FrameClock
    picture: av.VideoFrame
    is_key: bool = False

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the picture, pixels."""
        return self.picture.width, self.picture.height

    def to_rgb(self) -> "NDArray[np.uint8]":
        """The whole picture as RGB, shape (H, W, 3). Costs a full-size conversion: for stills, not for looks."""
        return np.ascontiguousarray(self.picture.to_ndarray(format="rgb24"), dtype=np.uint8)

    def luma(self) -> "NDArray[np.uint8]":
        """The brightness plane, shape (H, W), without a copy where the decoder gave 8-bit planar YUV."""
        picture = self.picture if self.picture.format.name in _PLANAR_8_BIT else self.picture.reformat(format="gray8")
        plane = picture.planes[0]
        # A plane is a buffer; PyAV's stubs only forget to say so.
        samples = np.frombuffer(cast("memoryview[int]", plane), np.uint8)
        rows = samples.reshape(plane.height, plane.line_size)
        return rows[:, : plane.width]

    @classmethod
    def from_rgb(cls, camera: str, clock: FrameClock, rgb: "NDArray[np.uint8]") -> "Frame":
        """A frame made from an RGB array of shape (H, W, 3): for still pictures and tests."""
        return cls(camera, clock, av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p"))


_PLANAR_8_BIT = frozenset(
    {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray", "gray8"}
)
