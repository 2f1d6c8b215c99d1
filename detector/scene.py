"""Whether a camera's picture is itself sound: not bumped, covered, frozen or dazzled.

A zone drawn on the picture means nothing once the camera looks elsewhere, and a dark or frozen picture proves nothing.
The guard keeps the edges that stand still (kerbs, walls, poles) as a slowly renewed reference and asks of each look
whether they are where they were. Where a picture has too few of them it says nothing against it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.observation import SceneState
from streams.frame import Frame

Grey = NDArray[np.float32]
Edges = tuple[Grey, Grey]
"""Change of brightness to the right and downwards, each of shape (H, W)."""

_WIDTH = 256
_RENEW_S = 30.0  # time constant of the reference: what passes leaves no edge in it, what parks does
_SETTLE_S = 3.0  # before that the reference holds whoever stood there

_BLACK, _WHITE = 30.0, 228.0  # studio range has its black at 16 and its white at 235
_MOST, _BURNT = 0.95, 0.5  # share of the picture that is black, or white, before it is covered, or dazzled
_FLAT = 5.0  # spread of the brightness, grey levels, of a picture that shows nothing

_FROZEN_S = 10.0  # decoded pictures of a living sensor are never equal for that long
_HELD_S = 1.5  # how long a fault must last: a gust of wind and a lorry close to the camera are none

_BLOCKS = (8, 5)  # of the picture, each with a vote, because one passing car has stronger edges than a whole car park
_HAS_EDGES = 0.02  # mean square of a block's edges from which it has a vote
_ENOUGH = 6  # votes from which the picture can be judged by its edges
_ALIKE = 0.4  # likeness from which a block shows what it showed
_KNOWN, _LOST, _FOUND = 0.6, 0.25, 0.5  # share of the votes: usual enough to judge, gone, found again elsewhere
_SOFT = 24.0  # edge strength, Sobel units, from which an edge counts as one; the strongest count hardly more
_SHIFTED_PX = 4.0  # of 256: a bump; less is drift, which the reference follows
_STRANGE_S = 5.0  # edges not found anywhere: the camera was turned away, or a lorry fills the picture
_BLURRED = 0.3  # share of the reference's edges below which something lies on the lens


class SceneGuard:
    """Judges the pictures of one fixed camera. Costs 1 to 2 ms a look; not for several threads.

    Attributes:
        shift_px: displacement (x, y) of the view while it is bumped, in pixels of the picture; None where unknown.
    """

    def __init__(self) -> None:
        self.shift_px: tuple[float, float] | None = None
        self._reference: Edges | None = None
        self._rows: NDArray[np.uint8] = np.empty((0, 0), np.uint8)
        self._began_s = self._now_s = self._changed_s = 0.0
        self._usual = 0.0
        self._fault, self._fault_s = SceneState.SOUND, 0.0
        self._state = SceneState.SOUND

    def look(self, frame: Frame) -> SceneState:
        """What the newest picture is worth."""
        now_s = frame.clock.media_s
        luma = frame.luma()
        # Every fourth row tells two pictures apart as well as all of them do.
        rows = np.ascontiguousarray(luma[::4])
        if rows.shape != self._rows.shape:
            self._reference, self._began_s, self._now_s, self._changed_s = None, now_s, now_s, now_s
            self._fault = self._state = SceneState.SOUND
        elif not np.array_equal(rows, self._rows):
            self._changed_s = now_s
        self._rows = rows
        dt_s, self._now_s = max(now_s - self._now_s, 0.0), max(now_s, self._now_s)
        if self._now_s - self._changed_s >= _FROZEN_S:
            return SceneState.FROZEN

        small = _small(luma)
        found, lasts_s = _light(small), _HELD_S
        if found is SceneState.SOUND:
            found, lasts_s = self._edges_moved(_edges(small), dt_s, luma.shape[1] / _WIDTH)
        return self._held(found, lasts_s)

    def _held(self, found: SceneState, lasts_s: float) -> SceneState:
        """A fault counts once it has lasted; a sound picture counts at once."""
        if found is not self._fault:
            self._fault, self._fault_s = found, self._now_s
        if found is SceneState.SOUND:
            self._state, self.shift_px = found, None
        elif self._now_s - self._fault_s >= lasts_s:
            self._state = found
        return self._state

    def _edges_moved(self, edges: Edges, dt_s: float, scale: float) -> tuple[SceneState, float]:
        """Where the standing edges are now, and how long that must last to be believed."""
        if self._reference is None:
            self._reference = edges
        alike, votes = _votes(self._reference, edges)
        settled = self._now_s - self._began_s >= _SETTLE_S
        if not settled or votes < _ENOUGH or self._usual < _KNOWN or alike >= _LOST:
            self._renew(self._reference, edges, alike, dt_s)
            return SceneState.SOUND, 0.0
        self.shift_px = None
        before, after = np.hypot(*self._reference), np.hypot(*edges)
        if after.mean() < _BLURRED * before.mean():
            return SceneState.COVERED, _HELD_S
        size = (after.shape[1], after.shape[0])
        (dx, dy), _ = cv2.phaseCorrelate(before, after, cv2.createHanningWindow(size, cv2.CV_32F))
        there, _ = _votes(self._reference, (_moved(edges[0], -dx, -dy), _moved(edges[1], -dx, -dy)))
        if there >= _FOUND and np.hypot(dx, dy) < _SHIFTED_PX:
            self._renew(self._reference, edges, alike, dt_s)  # a mast leans in the sun
            return SceneState.SOUND, 0.0
        if there >= _FOUND:
            self.shift_px = (dx * scale, dy * scale)
            return SceneState.BUMPED, _HELD_S
        return SceneState.BUMPED, _STRANGE_S

    def _renew(self, reference: Edges, edges: Edges, alike: float, dt_s: float) -> None:
        weight = np.float32(1.0 - np.exp(-dt_s / _RENEW_S))
        self._reference = (
            reference[0] + weight * (edges[0] - reference[0]),
            reference[1] + weight * (edges[1] - reference[1]),
        )
        self._usual = self._usual + float(weight) * (alike - self._usual) if self._usual else alike


def _small(luma: NDArray[np.uint8]) -> Grey:
    """The picture 256 pixels wide. In two steps: averaging over all of a large one costs ten times as much."""
    height = max(16, round(_WIDTH * luma.shape[0] / luma.shape[1]))
    if luma.shape[1] > 3 * _WIDTH:
        luma = cv2.resize(luma, (2 * _WIDTH, 2 * height), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    return np.asarray(cv2.resize(luma, (_WIDTH, height), interpolation=cv2.INTER_AREA), np.float32)


def _light(small: Grey) -> SceneState:
    """What the brightness alone says of a picture."""
    if float((small > _WHITE).mean()) >= _BURNT:
        return SceneState.DAZZLED
    if float((small < _BLACK).mean()) >= _MOST or float(small.std()) < _FLAT:
        return SceneState.COVERED
    return SceneState.SOUND


def _edges(small: Grey) -> Edges:
    smooth = cv2.GaussianBlur(small, (0, 0), 1.2)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    strength = np.sqrt(across * across + down * down + _SOFT**2, dtype=np.float32)
    return np.asarray(across / strength, np.float32), np.asarray(down / strength, np.float32)


def _moved(field: Grey, dx: float, dy: float) -> Grey:
    size = (field.shape[1], field.shape[0])
    return np.asarray(cv2.warpAffine(field, np.array([[1.0, 0.0, dx], [0.0, 1.0, dy]]), size), np.float32)


def _votes(reference: Edges, edges: Edges) -> tuple[float, int]:
    """Share of the blocks with edges in the reference that still show them, and the number of those blocks.

    A block's likeness is the correlation of its edges, directions included.
    """
    together = _block_means(reference[0] * edges[0] + reference[1] * edges[1])
    of_reference = _block_means(reference[0] ** 2 + reference[1] ** 2)
    of_edges = _block_means(edges[0] ** 2 + edges[1] ** 2)
    voting = of_reference >= _HAS_EDGES
    alike = together >= _ALIKE * np.sqrt(of_reference * of_edges)
    return (float(alike[voting].mean()) if voting.any() else 0.0), int(voting.sum())


def _block_means(field: Grey) -> Grey:
    return np.asarray(cv2.resize(field, _BLOCKS, interpolation=cv2.INTER_AREA), np.float32)
