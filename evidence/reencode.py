"""A clip once more as H.264, picture by picture: what every derivative is made with. The sealed clip stays as it is."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
_TICK = Fraction(1, 90000)


class ClipUnreadable(OSError):
    """No picture of the clip decodes, so no copy of it can be made."""


def pictures(path: Path) -> Iterator[tuple[float, Picture]]:
    """Each picture of a clip: seconds from its start, and RGB of height x width x 3.

    Raises:
        ClipUnreadable: FFmpeg cannot open it or stops in the middle.
    """
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield float(frame.time or 0.0), np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    except av.error.FFmpegError as error:
        raise ClipUnreadable(f"{path.name}: {error}") from error


def reencode(source: Path, target: Path, change: Callable[[float, Picture], Picture]) -> int:
    """Write a clip anew: MP4, H.264, playable while it loads, each picture at its own moment.

    Args:
        source: the clip.
        target: the file to make, `.mp4`.
        change: given seconds from the start and the picture, gives the picture to write; of the same size.

    Returns:
        How many pictures were written.

    Raises:
        ClipUnreadable: there is no picture in it.
        OSError: the file could not be written.
    """
    count, newest = 0, -1
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(str(target), "w", format="mp4", container_options=options) as container:
        stream: VideoStream | None = None
        for clip_s, picture in pictures(source):
            even = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]  # 4:2:0 has no odd sides
            if stream is None:
                stream = _stream(container, even.shape[1], even.shape[0])
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(change(clip_s, even)), format="rgb24")
            newest = max(newest + 1, round(clip_s / _TICK))
            frame.pts, frame.time_base = newest, _TICK
            container.mux(stream.encode(frame))
            count += 1
        if stream is None:
            raise ClipUnreadable(f"{source.name}: no picture in it")
        container.mux(stream.encode(None))
    return count


def _stream(container: "av.container.OutputContainer", width: int, height: int) -> VideoStream:
    stream = container.add_stream("libx264", rate=25)
    assert isinstance(stream, VideoStream)  # noqa: S101 - libx264 makes no other
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.codec_context.time_base = stream.time_base = _TICK
    stream.codec_context.thread_count = 1
    stream.options = {"preset": "veryfast", "crf": "23"}
    return stream
