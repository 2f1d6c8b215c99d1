"""What a detector saw in one picture: parallel arrays, one row a thing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Detections:
    """Boxes, scores and classes of one picture.

    Attributes:
        xyxy: shape (N, 4), float32: left, top, right, bottom in pixels of the picture.
        score: shape (N,), float32, 0 to 1.
        class_id: shape (N,), int64, an index into `names`.
        names: the classes, in the order of their ids.

    Raises:
        ValueError: shapes that do not agree, or a class id outside `names`.
    """

    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    class_id: NDArray[np.int64]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        n = len(self.score)
        if self.xyxy.shape != (n, 4):
            raise ValueError(f"xyxy must have shape ({n}, 4), got {self.xyxy.shape}")
        if self.class_id.shape != (n,):
            raise ValueError(f"class_id must have shape ({n},), got {self.class_id.shape}")
        if n and not (int(self.class_id.min()) >= 0 and int(self.class_id.max()) < len(self.names)):
            raise ValueError(f"class_id must be below {len(self.names)}, got up to {int(self.class_id.max())}")

    @classmethod
    def empty(cls, names: Sequence[str] = ()) -> "Detections":
        """Nothing was seen."""
        return cls(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int64), tuple(names))

    def __len__(self) -> int:
        return len(self.score)

    def where(self, mask: NDArray[np.bool_]) -> "Detections":
        """The rows that `mask`, shape (N,), selects."""
        return Detections(self.xyxy[mask], self.score[mask], self.class_id[mask], self.names)

    def class_names(self) -> list[str]:
        """The class of each row, by name."""
        return [self.names[int(i)] for i in self.class_id]

    def scaled(self, x: float, y: float) -> "Detections":
        """The same things in a picture that is `x` times as wide and `y` times as high."""
        factors = np.array([x, y, x, y], np.float32)
        return Detections(self.xyxy * factors, self.score, self.class_id, self.names)

    def joined(self, other: "Detections") -> "Detections":
        """Both sets in one; classes are matched by name."""
        names = self.names + tuple(n for n in other.names if n not in self.names)
        ids = np.array([names.index(n) for n in other.class_names()], np.int64)
        return Detections(
            np.concatenate([self.xyxy, other.xyxy]),
            np.concatenate([self.score, other.score]),
            np.concatenate([self.class_id, ids]),
            names,
        )


class Runtime(Protocol):
    """One vendor's way to run a network: a file each in `detector/runtimes/`."""

    def infer(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run a batch, shape (N, H, W, 3) RGB, and return the raw head, shape (N, 4 + classes, anchors)."""
        ...
