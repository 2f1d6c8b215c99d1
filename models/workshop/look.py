"""Pictures from disk shown to a model the way the product shows it frames.

Letterbox, runtime and decoder are the product's own (`detector`); only the thresholds differ: a measurement
wants every box from a score of 0.001, with each class for itself, as COCO's evaluation does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detections import Detections
from detector.kinds import groups
from detector.letterbox import Fit, Letterbox
from detector.runtimes import RuntimeFactory
from detector.yolo import decode
from models.registry import ModelEntry
from models.workshop.tiling import starts
from streams.clock import ClockSource, FrameClock
from streams.frame import Frame

LEAST_SCORE = 0.001
TILE_OVERLAP = 0.2
EDGE_PX = 2.0
SAME_ACROSS_TILES = 0.6

_STILL = FrameClock(datetime(2000, 1, 1, tzinfo=UTC), ClockSource.FILE, 0.0, 0.0)

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Look:
    """What a model says about one picture.

    Attributes:
        every: all boxes from `LEAST_SCORE`, overlaps suppressed within each class: for average precision.
        shipped: what the product would report, at the shipped thresholds.
    """

    every: Detections
    shipped: Detections


class Looker:
    """One model with one runtime, shown picture after picture.

    Args:
        entry: the model; its tiles are cut where it wants tiles.
        runtime: one of `detector.runtimes`.
        thresholds: other than the shipped ones, to try them.
    """

    def __init__(
        self, entry: ModelEntry, runtime: RuntimeFactory, thresholds: Mapping[str, float] | None = None
    ) -> None:
        self._entry = entry
        self._runtime = runtime(entry.load_bytes())
        least = entry.thresholds if thresholds is None else thresholds
        self._shipped = np.array([least[name] for name in entry.classes], np.float32)
        self._group = groups(entry.classes)
        self._alone = groups(entry.classes, ())
        self._boxes: dict[tuple[int, int], Letterbox] = {}

    def at(self, picture: Picture) -> Look:
        """Both answers for one RGB picture, shape (H, W, 3)."""
        every, shipped = Detections.empty(self._entry.classes), Detections.empty(self._entry.classes)
        for window in _windows(picture.shape[1], picture.shape[0], self._entry.tile_px):
            found = self._at_window(picture, window)
            every, shipped = every.joined(found.every), shipped.joined(found.shipped)
        if self._entry.tile_px is None:
            return Look(every, shipped)
        return Look(_once(every, self._alone), _once(shipped, self._group))

    def _at_window(self, picture: Picture, window: tuple[int, int, int, int]) -> Look:
        """Both answers for a part x1, y1, x2, y2 of the picture, placed in the picture."""
        x1, y1, x2, y2 = window
        part = np.ascontiguousarray(picture[y1:y2, x1:x2])
        box = self._letterbox((x2 - x1, y2 - y1))
        head = self._runtime.infer(box.fill(Frame("still", _STILL, av.VideoFrame.from_ndarray(part, "rgb24"))))[0]
        size = (picture.shape[1], picture.shape[0])
        names = self._entry.classes
        every = Detections.empty(names)
        for class_id in range(len(names)):  # one class at a time, so an anchor may count for several
            least = np.full(len(names), np.inf, np.float32)
            least[class_id] = LEAST_SCORE
            every = every.joined(decode(head, box.fit, names, least, self._alone))
        shipped = decode(head, box.fit, names, self._shipped, self._group)
        return Look(_placed(every, window, size), _placed(shipped, window, size))

    def _letterbox(self, size_px: tuple[int, int]) -> Letterbox:
        """Buffers for parts of that size. A tile smaller than the model's keeps its scale."""
        if size_px not in self._boxes:
            side, stride = self._entry.input_size, self._entry.stride
            if self._entry.tile_px is not None:
                scaled = max(size_px) * side / self._entry.tile_px
                side = max(stride, round(scaled / stride) * stride)
            self._boxes[size_px] = Letterbox(Fit.of(size_px, side, stride))
        return self._boxes[size_px]


def read_rgb(path: Path) -> Picture:
    """A picture file as RGB, shape (H, W, 3).

    Raises:
        ValueError: it does not decode.
    """
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{path} does not decode as a picture")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _windows(width: int, height: int, tile_px: int | None) -> Iterator[tuple[int, int, int, int]]:
    side = max(width, height) if tile_px is None else tile_px
    for top in starts(height, side, TILE_OVERLAP):
        for left in starts(width, side, TILE_OVERLAP):
            yield left, top, min(left + side, width), min(top + side, height)


def _placed(found: Detections, window: tuple[int, int, int, int], size: tuple[int, int]) -> Detections:
    """Boxes of a window in the picture; those cut by an inner edge are dropped: a neighbour has them whole."""
    x1, y1, x2, y2 = window
    xyxy = found.xyxy + np.array([x1, y1, x1, y1], np.float32)
    low = np.array([x1 + EDGE_PX if x1 > 0 else -np.inf, y1 + EDGE_PX if y1 > 0 else -np.inf])
    high = np.array([x2 - EDGE_PX if x2 < size[0] else np.inf, y2 - EDGE_PX if y2 < size[1] else np.inf])
    whole = np.asarray(((xyxy[:, :2] >= low) & (xyxy[:, 2:] <= high)).all(axis=1))
    return Detections(xyxy, found.score, found.class_id, found.names).where(whole)


def _once(found: Detections, group: NDArray[np.int64]) -> Detections:
    """One box for a thing that several tiles saw."""
    if not len(found):
        return found
    xywh = np.concatenate([found.xyxy[:, :2], found.xyxy[:, 2:] - found.xyxy[:, :2]], axis=1)
    ids = group[found.class_id].tolist()
    kept = cv2.dnn.NMSBoxesBatched(xywh.tolist(), found.score.tolist(), ids, 0.0, SAME_ACROSS_TILES)
    mask = np.zeros(len(found), bool)
    mask[np.asarray(kept, np.int64).reshape(-1)] = True
    return found.where(mask)
