"""What every detector offers, whatever network or vendor is behind it."""

from typing import Protocol

from detector.detections import Detections
from streams.frame import Frame


class Detector(Protocol):
    """Finds things of named classes in one picture. May be called from several threads at once."""

    @property
    def names(self) -> tuple[str, ...]:
        """The classes it can find, in the order of their ids."""
        ...

    @property
    def model(self) -> str:
        """Name and version of its weights, as evidence states them: `street-objects 1.0.0`."""
        ...

    @property
    def sha256(self) -> str:
        """Of the weight file, lower-case hex."""
        ...

    def detect(self, frame: Frame) -> Detections:
        """What is in the frame; boxes in pixels of `frame.size_px`."""
        ...
