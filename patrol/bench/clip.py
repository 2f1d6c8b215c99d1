"""A clip as street cameras send it, made on the spot: 1080p25 H.264 at 4 Mbit/s, a key frame every two seconds."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

SIZE_PX, FPS, GOP, BITS_PER_S = (1920, 1080), 25, 50, 4_000_000


def make_clip(path: Path, seconds: int = 12) -> Path:
    """Encode it: textured blocks that move over most of the picture, so that the bits are spent as in a real street."""
    rng = np.random.default_rng(7)
    width, height = SIZE_PX
    coarse = rng.integers(40, 200, (height // 8 + 1, width // 8 + 1), np.uint8)
    street = np.kron(coarse, np.ones((8, 8), np.uint8))[:height, :width]
    blocks = [rng.integers(16, 236, (180, 320), np.uint8) for _ in range(16)]
    options = {"g": str(GOP), "keyint_min": str(GOP), "sc_threshold": "0", "preset": "veryfast", "tune": "zerolatency"}
    rate = {"b": str(BITS_PER_S), "maxrate": str(BITS_PER_S), "bufsize": str(BITS_PER_S * 2)}
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=FPS, options=options | rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for n in range(seconds * FPS):
            frame = av.VideoFrame.from_ndarray(_picture(street, blocks, n), format="yuv420p")
            frame.pts = n
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


def _picture(street: Grey, blocks: Sequence[Grey], n: int) -> Grey:
    width, height = SIZE_PX
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = street
    for i, block in enumerate(blocks):
        left, top = (i % 4 * 480 + n * (3 + i % 3)) % (width - 320), i // 4 * 270 + (n * (i % 2)) % 90
        planes[top : top + 180, left : left + 320] = block
    return planes
