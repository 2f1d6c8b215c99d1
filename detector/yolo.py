"""The one place that knows YOLO heads: a network's raw answer becomes boxes on the picture.

The head has a column an anchor: centre x, centre y, width, height in pixels of the input, then a score from 0 to 1 a
class (ultralytics' export of YOLOv8 and later; the graph holds the sigmoid).
"""

import threading
from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detections import Detections, Runtime
from detector.kinds import SAME_THING, groups
from detector.letterbox import Fit, Letterbox
from models.registry import ModelEntry
from streams.frame import Frame

OVERLAP = 0.6
"""Two boxes of one group that overlap by more (intersection over union) show one thing."""

MOST = 300
"""Boxes kept for one picture, best first, as COCO's evaluation and ultralytics have it."""


def decode(
    head: NDArray[np.float32], fit: Fit, names: Sequence[str], least: NDArray[np.float32], group: NDArray[np.int64]
) -> Detections:
    """What one picture's raw head says.

    An anchor counts as the best of the classes whose own threshold it reaches. Boxes are cut at the picture's edges,
    best score first.

    Args:
        head: shape (4 + classes, anchors).
        fit: how the picture lies in the network's input.
        names: the classes, C of them.
        least: shape (C,), the score from which each class counts.
        group: shape (C,), equal for classes of which a thing can be only one (`kinds.groups`).

    Raises:
        ValueError: the head has not one row for each class.
    """
    if head.ndim != 2 or head.shape[0] != 4 + len(names):
        raise ValueError(f"head must have shape ({4 + len(names)}, anchors), got {head.shape}")
    # Most anchors see nothing: one pass over the scores leaves a few hundred of thousands.
    kept = np.flatnonzero(head[4:].max(axis=0) >= least.min())
    kept = kept[np.isfinite(head[:4, kept]).all(axis=0)]
    scores = head[4:, kept]
    scores = np.where(scores >= least[:, None], scores, np.float32(0))
    class_id = scores.argmax(axis=0)
    score = scores[class_id, np.arange(len(kept))]
    centre, size = head[:2, kept].T, head[2:4, kept].T
    xyxy = fit.to_picture(np.concatenate([centre - size / 2, centre + size / 2], axis=1))
    whole = (score > 0) & (xyxy[:, 2:] - xyxy[:, :2] >= 1).all(axis=1)
    xyxy, score, class_id = xyxy[whole], score[whole], class_id[whole]
    chosen = _suppress(xyxy, score, group[class_id])
    return Detections(xyxy[chosen], score[chosen], class_id[chosen].astype(np.int64), tuple(names))


def _suppress(xyxy: NDArray[np.float32], score: NDArray[np.float32], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows that stay when of overlapping boxes of one group only the best does."""
    if not len(score):
        return np.empty(0, np.int64)
    xywh = np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], axis=1)
    chosen = np.asarray(
        cv2.dnn.NMSBoxesBatched(xywh.tolist(), score.tolist(), group.tolist(), 0.0, OVERLAP), np.int64
    ).reshape(-1)
    return chosen[np.argsort(-score[chosen], kind="stable")][:MOST]


class YoloDetector:
    """A YOLO network behind the `Detector` protocol.

    May be called from several threads: each has its own buffers, the compiled network is shared.

    Args:
        weights: the model file's bytes, already checked against the registry.
        runtime: one of `detector.runtimes`, takes the bytes.
        name, version, sha256: of the weights, for the evidence.
        classes: in the order of the head's score rows.
        thresholds: the score from which each class counts, above 0, up to 1.
        input_size: long side of the network's input, pixels; the short one follows the picture's proportions.
        stride: both sides are multiples of it.
        same_thing: groups of classes that get one box between them.

    Raises:
        ValueError: a class without a threshold, or a threshold outside its range.
    """

    def __init__(
        self,
        weights: bytes,
        runtime: Callable[[bytes], Runtime],
        *,
        name: str,
        version: str,
        sha256: str,
        classes: Sequence[str],
        thresholds: Mapping[str, float],
        input_size: int,
        stride: int = 32,
        same_thing: Sequence[frozenset[str]] = SAME_THING,
    ) -> None:
        missing = [c for c in classes if c not in thresholds]
        if missing or not classes:
            raise ValueError(f"every class needs a threshold, got none for {missing or 'no class at all'}")
        self._least = np.array([thresholds[c] for c in classes], np.float32)
        if not ((self._least > 0) & (self._least <= 1)).all():
            raise ValueError(f"thresholds must be above 0 and up to 1, got {dict(thresholds)}")
        self._names, self._group = tuple(classes), groups(classes, same_thing)
        self._model, self._sha256 = f"{name} {version}", sha256
        self._input_size, self._stride = input_size, stride
        self._runtime = runtime(weights)
        self._local = threading.local()

    @classmethod
    def of(
        cls,
        entry: ModelEntry,
        runtime: Callable[[bytes], Runtime],
        *,
        thresholds: Mapping[str, float] | None = None,
        input_size: int | None = None,
    ) -> "YoloDetector":
        """A model of the registry; thresholds and input size are the shipped ones unless given.

        Raises:
            WrongHash: the weight file is missing or another one.
        """
        return cls(
            entry.load_bytes(),
            runtime,
            name=entry.name,
            version=entry.version,
            sha256=entry.sha256,
            classes=entry.classes,
            thresholds=entry.thresholds if thresholds is None else thresholds,
            input_size=input_size or entry.input_size,
            stride=entry.stride,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The classes it can find, in the order of their ids."""
        return self._names

    @property
    def model(self) -> str:
        """Name and version of the weights."""
        return self._model

    @property
    def sha256(self) -> str:
        """Of the weight file, lower-case hex."""
        return self._sha256

    def detect(self, frame: Frame) -> Detections:
        """What is in the frame; boxes in pixels of `frame.size_px`.

        The first picture of each proportion takes longer: the network is compiled for its rectangle.
        """
        box = self._letterbox(frame.size_px)
        head = self._runtime.infer(box.fill(frame))
        return decode(head[0], box.fit, self._names, self._least, self._group)

    def _letterbox(self, size_px: tuple[int, int]) -> Letterbox:
        """This thread's buffers for pictures of that size; only the newest size is kept, a stream rarely changes it."""
        kept: Letterbox | None = getattr(self._local, "letterbox", None)
        if kept is None or kept.fit.picture_px != size_px:
            kept = self._local.letterbox = Letterbox(Fit.of(size_px, self._input_size, self._stride))
        return kept
