"""Small clips for tests, encoded on the spot: a grey street, a bright block that moves, and a frame number in bars.

Each picture carries its own number as eight bars along its foot, black or white, so that a test can read back which
picture it got, whatever the codec did to it.
"""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from streams.frame import Frame

SHARED = Path(__file__).parents[2].parent / "shared"
"""Data beside the repository; tests that want it are skipped where it is absent."""

SIZE_PX = (160, 128)
_BARS = 8
_BAR_ROWS = 16


def picture(number: int, size_px: tuple[int, int] = SIZE_PX) -> NDArray[np.uint8]:
    """Picture `number` (0 to 255) as RGB, shape (H, W, 3)."""
    width, height = size_px
    rgb = np.full((height, width, 3), (90, 100, 110), np.uint8)
    left = number * 3 % (width - 40)
    rgb[20:60, left : left + 40] = (250, 220, 60)
    for bar in range(_BARS):
        on = number >> bar & 1
        rgb[height - _BAR_ROWS :, bar * width // _BARS : (bar + 1) * width // _BARS] = 255 * on
    return rgb


def number_of(frame: Frame) -> int:
    """The number that `picture` drew into a decoded frame."""
    foot = frame.luma()[-_BAR_ROWS + 4 : -4]
    width = foot.shape[1]
    bars = (foot[:, bar * width // _BARS + 4 : (bar + 1) * width // _BARS - 4].mean() for bar in range(_BARS))
    return sum(1 << bar for bar, level in enumerate(bars) if level > 128)


def make_clip(
    path: Path,
    *,
    pictures: int = 50,
    fps: int = 25,
    gop: int = 10,
    b_frames: int = 0,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    size_px: tuple[int, int] = SIZE_PX,
    rotation_deg: int = 0,
    metadata: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
) -> Path:
    """Encode a clip; the ending of `path` chooses the container.

    Args:
        path: of the file to write.
        pictures: how many.
        fps: pictures a second.
        gop: pictures between two key frames.
        b_frames: exactly so many between two reference pictures (libx264 and mpeg4).
        codec: FFmpeg's name of the encoder.
        pix_fmt: FFmpeg's name of the sample layout.
        size_px: width and height.
        rotation_deg: written as a display matrix.
        metadata: of the container, as `creation_time`.
        options: for the muxer.
    """
    with av.open(str(path), "w", options=dict(options or {})) as out:
        out.metadata.update(metadata or {})
        stream = out.add_stream(codec, rate=fps)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size_px
        stream.pix_fmt = pix_fmt
        stream.codec_context.gop_size = gop
        stream.codec_context.max_b_frames = b_frames
        stream.codec_context.thread_count = 1
        if codec == "libx264":
            x264 = f"bframes={b_frames}:b-adapt=0:keyint={gop}:scenecut=0:weightp=0"
            stream.options = {"preset": "ultrafast", "x264-params": x264}
        elif codec == "libx265":
            x265 = f"bframes={b_frames}:b-adapt=0:keyint={gop}:scenecut=0:log-level=none:pools=none:frame-threads=1"
            stream.options = {"preset": "ultrafast", "x265-params": x265}
        if rotation_deg:
            stream.set_display_rotation(rotation_deg)
        for i in range(pictures):
            frame = av.VideoFrame.from_ndarray(picture(i % 256, size_px), format="rgb24").reformat(format=pix_fmt)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def make_uneven_clip(path: Path, at_s: list[float]) -> Path:
    """A clip whose pictures stand at the moments `at_s`, seconds, instead of at an even rate."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=1000)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = SIZE_PX
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.thread_count = 1
        stream.options = {"preset": "ultrafast", "x264-params": "bframes=0:keyint=10:scenecut=0"}
        for i, moment in enumerate(at_s):
            frame = av.VideoFrame.from_ndarray(picture(i), format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = round(moment * 1000), Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path
