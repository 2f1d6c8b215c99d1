"""Where the picture moved between two looks, from the pictures alone: for footage without telemetry.

Corners that ORB finds in both are matched and a homography is fitted by RANSAC (E. Rublee and others, ORB, ICCV 2011).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.frame import Frame

Floats = NDArray[np.float64]

_WIDTH_PX = 960
_FEATURES, _LEAST_MATCHES, _RANSAC_PX = 1500, 25, 3.0


class Mosaic:
    """Pixels of every look in pixels of the first one, as long as neighbours overlap."""

    def __init__(self) -> None:
        self._orb = cv2.ORB.create(_FEATURES)
        self._matcher = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True)
        self._before: tuple[Floats, NDArray[np.uint8]] | None = None
        self._to_first: Floats = np.eye(3)
        self.part = 0
        """Rises where two looks do not overlap: places of different parts have nothing to do with each other."""

    def place(self, frame: Frame) -> Floats:
        """Shape (3, 3): from pixels of this frame to those of the first one of its part."""
        shrink = min(1.0, _WIDTH_PX / frame.size_px[0])
        small = cv2.resize(frame.luma(), None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        points, descriptors = self._orb.detectAndCompute(small, None)
        here = np.array([point.pt for point in points], np.float64).reshape(-1, 2) / shrink
        now = np.asarray(descriptors if descriptors is not None else np.empty((0, 32)), np.uint8)
        if self._before is not None:
            step = self._step(here, now)
            if step is None:
                self.part += 1
                self._to_first = np.eye(3)
            else:
                self._to_first = self._to_first @ step
        self._before = (here, now)
        return self._to_first

    def _step(self, here: Floats, now: NDArray[np.uint8]) -> Floats | None:
        assert self._before is not None  # noqa: S101 - asked from the second look on
        there, then = self._before
        if min(len(here), len(there)) < _LEAST_MATCHES:
            return None
        pairs = self._matcher.match(now, then)
        if len(pairs) < _LEAST_MATCHES:
            return None
        source = np.array([here[pair.queryIdx] for pair in pairs])
        target = np.array([there[pair.trainIdx] for pair in pairs])
        matrix, inliers = cv2.findHomography(source, target, cv2.RANSAC, _RANSAC_PX)
        if matrix is None or int(inliers.sum()) < _LEAST_MATCHES:
            return None
        return np.asarray(matrix, np.float64)
