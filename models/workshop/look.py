"""Pictures from disk shown to a model the way the product shows it frames.

Letterbox, runtime, decoder and tiles are the product's own (`detector`). What the product reports is its detector's
answer as it is; a measurement also wants every box from a score of 0.001, with each class for itself, as COCO's
evaluation does, so the same network answers are decoded a second time with those thresholds.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detections import Detections, Runtime
from detector.detector import Detector
from detector.kinds import groups
from detector.letterbox import Fit, Letterbox
from detector.runtimes import RuntimeFactory
from detector.tiles import TiledDetector
from detector.yolo import YoloDetector, decode
from models.registry import ModelEntry
from streams.clock import ClockSource, FrameClock
from streams.frame import Frame

LEAST_SCORE = 0.001

_STILL = FrameClock(datetime(2000, 1, 1, tzinfo=UTC), ClockSource.FILE, 0.0, 0.0)

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Look:
    """What a model says about one picture.

    Attributes:
        every: all boxes from `LEAST_SCORE`, overlaps suppressed within each class: for average precision.
        shipped: what the product reports, at the shipped thresholds.
    """

    every: Detections
    shipped: Detections


class Looker:
    """One model with one runtime, shown picture after picture.

    Args:
        entry: the model; large pictures are cut into tiles where it wants tiles.
        runtime: one of `detector.runtimes`.
        thresholds: other than the shipped ones, to try them.
    """

    def __init__(
        self, entry: ModelEntry, runtime: RuntimeFactory, thresholds: Mapping[str, float] | None = None
    ) -> None:
        remembering = _Remembering(runtime(entry.load_bytes()))
        shipped = YoloDetector.of(entry, lambda _: remembering, thresholds=thresholds)
        self._shipped: Detector = shipped
        self._every: Detector = _Every(entry, remembering)
        if entry.tile_px is not None:
            self._shipped = TiledDetector(self._shipped, entry.tile_px)
            self._every = TiledDetector(self._every, entry.tile_px)

    def at(self, picture: Picture) -> Look:
        """Both answers for one RGB picture, shape (H, W, 3)."""
        frame = Frame("still", _STILL, av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24"))
        return Look(self._every.detect(frame), self._shipped.detect(frame))


class _Remembering:
    """A runtime that gives the same answer to the same picture without asking the network twice."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._known: dict[bytes, NDArray[np.float32]] = {}
        self._most = 64  # the tiles of one large picture

    def infer(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The raw head, as `Runtime` says."""
        key = hashlib.sha256(repr(images.shape).encode() + images.tobytes()).digest()
        if key not in self._known:
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[key] = self._runtime.infer(images)
        return self._known[key]


class _Every:
    """A detector that reports every box from `LEAST_SCORE`; an anchor may count for several classes."""

    def __init__(self, entry: ModelEntry, runtime: Runtime) -> None:
        self._entry, self._runtime = entry, runtime
        self._alone = groups(entry.classes, ())
        self.names = entry.classes
        self.model = f"{entry.name} {entry.version}"
        self.sha256 = entry.sha256

    def detect(self, frame: Frame) -> Detections:
        box = Letterbox(Fit.of(frame.size_px, self._entry.input_size, self._entry.stride))
        head = self._runtime.infer(box.fill(frame))[0]
        found = Detections.empty(self.names)
        for class_id in range(len(self.names)):
            least = np.full(len(self.names), np.inf, np.float32)
            least[class_id] = LEAST_SCORE
            found = found.joined(decode(head, box.fit, self.names, least, self._alone))
        return found


def read_rgb(path: Path) -> Picture:
    """A picture file as RGB, shape (H, W, 3).

    Raises:
        ValueError: it does not decode.
    """
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{path} does not decode as a picture")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
