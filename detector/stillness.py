"""The proof from pixels that a thing stayed where it was, whatever its boxes, ids and the light did meanwhile.

The region is cut into tiles, and each tile votes by comparing itself with what it showed when the proof began.
Passers-by hide some tiles for a while, the thing itself takes all of them along when it goes; another thing at the same
place looks different in most. A second, slowly renewed reference keeps up with shadows and dusk; it learns only while
the thing stands still and never replaces the first, so nothing creeps away unnoticed.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from detector.observation import Box, Stillness, StillnessFact
from detector.overlap import areas, iou, shared_area
from detector.patches import ALIKE, Grey, Grid, Mask, Tiles, drift
from streams.frame import Frame

_MOST_STAY = 0.5
"""Share of the tiles in view that must agree for `still`."""

_MOST_BESIDE = 0.7
"""The same where they were searched for beside their place: among many places one fits by chance more easily."""

_NEARLY_ALL = 0.8
"""Share that needs no search for a better place, and the least that brings back a thing that had moved."""

_FEW_STAY = 0.3
"""Below this share nothing of the thing is in view: it is gone, or hidden by somebody no detector saw."""

_SEEN_SHARE = 0.2
"""Share of the tiles that must be in view to say anything."""

_STEADY_S = 3.0  # nothing of it in view and what is there does not change: something else stands there, or nothing
_RESTLESS_S = 10.0  # nothing of it in view and what is there keeps changing: traffic runs where it stood
_UNDECIDED_S = 20.0  # some of it seems in view, the rest is another thing that does not change
_SHIFTED_S = 2.0  # all of it in view, but beside its place: no gust lasts that long
_LEANING_S = 4.0  # the same where it is so little beside it that the camera may only sway
_ADOPT_S = 10.0  # a tile that changed while the rest stayed (a door, a shadow) belongs to the picture from then on
_LIGHT_S = 20.0  # time constant with which the second reference follows the light

_LEARN_SHIFT_PX = 0.5
"""Displacement, in pixels of the patch, up to which the references learn."""

_SHIFT_SHARE, _SWAY_SHARE = 0.03, 0.08
"""Shares of the region's shorter side: up to the first a shift is noise of its estimate, up to the second it may be a
camera that sways in the wind. A sway comes back; what creeps on does not (a bus that leaves its stop: 4.6 pixels before
it is gone). Parked vehicles are found within one pixel.
"""

_IN_ITS_PLACE = 0.45
"""Overlap (intersection over union) from which a box is the thing itself or its successor, not somebody in front."""


class RegionProof:
    """Watches one fixed region from the frame in which the proof began.

    Args:
        question: the id that asked; each answer carries it.
        frame: the proof begins with what it shows.
        box_px: the region, in pixels of `size_px`.
        size_px: width and height of the picture that boxes refer to; frames may have another size.

    Raises:
        ValueError: the box is empty or outside the picture.
    """

    def __init__(self, question: str, frame: Frame, box_px: Box, size_px: tuple[int, int]) -> None:
        self.question, self._size_px = question, size_px
        self._box = np.array(box_px, np.float64)
        self._picture_px = frame.size_px
        self._units = np.array([frame.size_px[0] / size_px[0], frame.size_px[1] / size_px[1]] * 2)
        left, top, right, bottom = (self._box * self._units).tolist()
        self._grid = Grid.over((left, top, right, bottom), frame.size_px)
        self._wide = self._grid.patch(frame.luma())
        self._first = self._recent = self._tiles(self._grid.region(self._wide))
        self._pending = self._first
        self._usable = self._grid.oval() & ~self._first.flat
        self._since = np.full(self._usable.shape, frame.clock.media_s)
        # Tiles that somebody stood in front of at the start know nothing yet; the first look says which.
        self._unknown = np.zeros(self._usable.shape, np.bool_)
        self._looks = 0
        self._now_s = frame.clock.media_s
        self._gone_s = self._undecided_s = self._shifted_s = self._leaning_s = self._unlit_s = self._shift_px = 0.0
        self._moved = False
        self._at = (0, 0)

    def look(self, frame: Frame, others: Sequence[Box]) -> StillnessFact:
        """What the region says now.

        Args:
            frame: a later frame of the same camera, of the same size.
            others: boxes seen in it, in pixels of `size_px`; those of the thing itself do no harm.

        Raises:
            ValueError: the frame has another size than the first.
        """
        if frame.size_px != self._picture_px:
            raise ValueError(f"frame must be {self._picture_px} like the first, got {frame.size_px}")
        dt_s = max(frame.clock.media_s - self._now_s, 0.0)
        self._now_s += dt_s
        current = self._tiles(self._grid.region(self._grid.patch(frame.luma())))
        hidden = self._hidden(others)
        if not self._looks:
            self._unknown = hidden
        self._looks += 1
        known = self._usable & ~self._unknown
        alike, at = self._compare(current, known & ~hidden)
        same = alike >= ALIKE
        self._watch_tiles(current)

        in_view = known & (~hidden | same)
        if _share(alike, in_view) >= _MOST_STAY:
            self._shift_px = self._shift(current, known & same, at)
        verdict = self._verdict(current, same, in_view, dt_s)
        if verdict is Stillness.STILL:
            self._at = at
            self._learn(current, same, hidden, dt_s)
        similarity = float(np.maximum(alike[in_view], 0).mean()) if in_view.any() else 0.0
        return StillnessFact(self.question, verdict, self._shift_px, similarity)

    def _tiles(self, grey: Grey) -> Tiles:
        return Tiles(grey, self._grid.rows, self._grid.columns)

    def _hidden(self, others: Sequence[Box]) -> Mask:
        """Tiles that another thing stands in front of: it is nearer, so its feet are lower than the region's."""
        if not others:
            return np.zeros(self._usable.shape, np.bool_)
        boxes = np.array(others, np.float64)
        own = self._box
        nearer = boxes[:, 3] >= own[3] - 0.15 * (own[3] - own[1])
        boxes = boxes[nearer & (iou(boxes, own[None])[:, 0] < _IN_ITS_PLACE)] * self._units
        tiles = self._grid.tile_boxes().reshape(-1, 4)
        covered = shared_area(tiles, boxes).max(axis=1, initial=0.0) > 0.3 * areas(tiles)
        hidden: Mask = covered.reshape(self._usable.shape)
        return hidden

    def _compare(self, current: Tiles, voters: Mask) -> tuple[Grey, tuple[int, int]]:
        """Likeness of each tile to the better reference, and the shift in whole patch pixels at which it was found."""
        best, at = np.maximum(self._reference(self._at).likeness(current), self._recent.likeness(current)), self._at
        share = _share(best, voters)
        if share >= _NEARLY_ALL:
            return best, at
        found = cv2.matchTemplate(self._wide, current.grey, cv2.TM_CCOEFF_NORMED)
        y, x = np.unravel_index(int(found.argmax()), found.shape)
        beside = (int(x) - self._grid.margin, int(y) - self._grid.margin)
        other = self._reference(beside).likeness(current)
        better = _share(other, voters) >= max(_MOST_BESIDE, share)
        return (other, beside) if better else (best, at)

    def _reference(self, at: tuple[int, int]) -> Tiles:
        return self._first if at == (0, 0) else self._tiles(self._grid.region(self._wide, *at))

    def _shift(self, current: Tiles, tiles: Mask, at: tuple[int, int]) -> float:
        """Length of the thing's displacement against the start, in pixels of `size_px`."""
        reference = self._reference(at)
        steady = tiles & (reference.likeness(current) >= ALIKE)
        if steady.sum() < 3:
            reference, steady, at = self._recent, tiles, (0, 0)
        dx, dy = drift(reference, current, steady)
        sx, sy = self._grid.scale
        # The thing is found at `at` in the reference, so it has gone the other way; the drift is its own way.
        return float(np.hypot((dx - at[0]) * sx / self._units[0], (dy - at[1]) * sy / self._units[1]))

    def _watch_tiles(self, current: Tiles) -> None:
        """Note since when each tile shows what it shows now."""
        changed = ~self._pending.unchanged(current)
        if changed.any():
            self._pending = self._pending.patched(changed, current)
            self._since[changed] = self._now_s

    def _verdict(self, current: Tiles, same: Mask, in_view: Mask, dt_s: float) -> Stillness:
        """Weigh the votes. What is hidden or blind says nothing and lets no clock run."""
        seen = int(in_view.sum())
        blind = float((current.blind & in_view).sum()) > _MOST_STAY * seen
        if blind or seen < max(3.0, _SEEN_SHARE * float(self._usable.sum())):
            return Stillness.COVERED
        share = float(same[in_view].mean())
        if share >= _MOST_STAY:
            self._gone_s = self._undecided_s = 0.0
            beside = self._beside(dt_s)
            self._moved = beside or (self._moved and (share < _NEARLY_ALL or self._shift_px > 2.0))
        else:
            self._moved = self._moved or self._gone(share, in_view & ~same, dt_s)
        if self._moved:
            return Stillness.MOVED
        return Stillness.STILL if share >= _MOST_STAY and not self._shifted_s else Stillness.COVERED

    def _beside(self, dt_s: float) -> bool:
        """Whether the thing is in view, but has stood beside its place for too long to be a gust of wind."""
        side = float((self._box[2:] - self._box[:2]).min())
        self._leaning_s = 0.0 if self._shift_px <= max(2.0, _SHIFT_SHARE * side) else self._leaning_s + dt_s
        self._shifted_s = 0.0 if self._shift_px <= max(2.0, _SWAY_SHARE * side) else self._shifted_s + dt_s
        return self._shifted_s >= _SHIFTED_S or self._leaning_s >= _LEANING_S

    def _gone(self, share: float, differs: Mask, dt_s: float) -> bool:
        """Whether the region has shown too little of the thing for too long to be a passer-by."""
        self._undecided_s += dt_s
        self._gone_s = self._gone_s + dt_s if share < _FEW_STAY else 0.0
        steady = float((self._now_s - self._since[differs] >= _STEADY_S).mean()) >= _MOST_STAY
        return self._gone_s >= (_STEADY_S if steady else _RESTLESS_S) or (steady and self._undecided_s >= _UNDECIDED_S)

    def _learn(self, current: Tiles, same: Mask, hidden: Mask, dt_s: float) -> None:
        """The thing stands still: follow the light, adopt what changed for good, learn what was hidden at the start."""
        self._unlit_s += dt_s
        # Only from its very place, or the references would follow a thing that creeps.
        if self._at != (0, 0) or self._shift_px > _LEARN_SHIFT_PX * max(self._grid.scale) / float(self._units.min()):
            return
        age_s = self._now_s - self._since
        if self._unlit_s >= 1.0:
            weight = 1.0 - float(np.exp(-self._unlit_s / _LIGHT_S))
            self._recent, self._unlit_s = self._recent.patched(same & ~hidden, current, weight), 0.0
        lasting = ~same & ~hidden & (age_s >= _ADOPT_S)
        if lasting.any():
            self._recent = self._recent.patched(lasting, current)
        fresh = self._unknown & ~hidden & (age_s >= _STEADY_S)
        if fresh.any():
            self._unknown = self._unknown & ~fresh
            self._first, self._recent = self._first.patched(fresh, current), self._recent.patched(fresh, current)
            self._grid.region(self._wide)[:] = self._first.grey
            self._usable = self._grid.oval() & ~self._first.flat


def _share(alike: Grey, voters: Mask) -> float:
    return float((alike[voters] >= ALIKE).mean()) if voters.any() else 0.0
