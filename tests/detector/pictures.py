"""Pictures for the detector's tests: generated streets, and frames read from real clips."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from streams.clock import ClockSource, FrameClock
from streams.frame import Frame

START = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)

Picture = NDArray[np.uint8]


def clock_at(media_s: float) -> FrameClock:
    """A clock of footage that began at `START`."""
    return FrameClock(START + timedelta(seconds=media_s), ClockSource.FILE, 0.0, media_s)


def frame_of(rgb: Picture, media_s: float = 0.0) -> Frame:
    """A frame that shows `rgb`, shape (H, W, 3)."""
    return Frame.from_rgb("test", clock_at(media_s), rgb)


def read(path: Path, looks_s: float, until_s: float = 1e9) -> Iterator[Frame]:
    """Every frame of a clip that is at least `1 / looks_s` seconds after the one before."""
    following = 0.0
    with av.open(str(path)) as container:
        for picture in container.decode(video=0):
            at = float(picture.time or 0.0)
            if at > until_s:
                return
            if at >= following - 1e-6:
                following = at + 1 / looks_s
                yield Frame(path.stem, clock_at(at), picture)


def texture(height: int, width: int, seed: int, grain_px: float = 3.0, contrast: float = 45.0) -> Picture:
    """A random surface as RGB, grey 128 on average, with details of about `grain_px`."""
    noise = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), grain_px)
    grey = 128 + contrast * smooth / float(smooth.std())
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
