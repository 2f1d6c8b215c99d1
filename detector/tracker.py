"""Follows things through the pictures of one camera: boxes of single looks become tracks with an id.

After ByteTrack (Zhang et al., ECCV 2022): sure boxes choose their tracks first, faint ones continue what is left. Time
is counted in seconds, never in looks, so 1 and 25 looks a second, evenly or not, give the same lives.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detector.assignment import assign
from detector.detections import Detections
from detector.kalman import BoxMotion
from detector.kinds import SAME_THING
from detector.observation import Track
from detector.overlap import areas, iou, shared_area

Boxes = NDArray[np.float64]

_SURE_OVERLAP = 0.2
_FAINT_OVERLAP = 0.4
_PART = 0.7
_NEAR = 0.1
_COAST_S = 2.0
_SPEED_KNOWN_AT = 3
_VOTE_S = 5.0
"""Time constant with which a class is forgotten: a bin that is full from now on is not called closed for minutes."""


@dataclass(slots=True)
class _Life:
    """What a track is besides its motion."""

    id: int
    group: int
    first_seen_s: float
    last_seen_s: float
    score: float
    box: tuple[float, float, float, float]
    hits: int = 1
    votes: dict[str, float] = field(default_factory=dict)

    def as_track(self) -> Track:
        name = max(self.votes, key=self.votes.__getitem__)
        return Track(self.id, name, self.score, self.box, self.first_seen_s, self.last_seen_s, self.hits)


class Tracker:
    """Gives ids that last as long as things do. One for each camera; not for several threads.

    Args:
        lost_s: how long a thing that is not seen keeps its id, seconds.
        sure_score: boxes from this score on choose first.
        same_thing: groups of classes among which one thing may flicker; a track keeps to its group and is called by
            the class it was given most often lately.

    Attributes:
        unusable_boxes: boxes dropped so far because they were no numbers, empty or inverted.
        late_looks: looks ignored so far because they were not newer than the one before.
    """

    def __init__(
        self,
        lost_s: float = 5.0,
        sure_score: float = 0.5,
        same_thing: tuple[frozenset[str], ...] = SAME_THING,
    ) -> None:
        if not lost_s > 0:
            raise ValueError(f"lost_s must be above 0, got {lost_s}")
        self.unusable_boxes = self.late_looks = 0
        self._lost_s, self._sure_score = lost_s, sure_score
        self._groups = {name: i for i, group in enumerate(same_thing) for name in group}
        self._lives: list[_Life] = []
        self._motion = BoxMotion()
        self._now_s = -np.inf
        self._next_id = 1

    def update(self, detections: Detections, media_s: float) -> tuple[Track, ...]:
        """Take one look and say what lives: seen now or lost for less than `lost_s`, oldest first.

        Args:
            detections: of this look.
            media_s: its time on the stream's timeline, seconds.

        Raises:
            ValueError: `media_s` is no finite number.
        """
        if not np.isfinite(media_s):
            raise ValueError(f"media_s must be finite, got {media_s}")
        if media_s <= self._now_s:
            self.late_looks += 1
            return tuple(life.as_track() for life in self._lives)
        seen = self._usable(detections)
        boxes = seen.xyxy.astype(np.float64)
        groups = self._group_of(seen)

        self._predict(media_s)
        free = np.ones(len(self._lives), np.bool_)
        taken = np.zeros(len(seen), np.bool_)
        sure = seen.score >= self._sure_score
        for chosen, overlap in ((sure, _SURE_OVERLAP), (~sure, _FAINT_OVERLAP)):
            self._associate(seen, boxes, groups, np.flatnonzero(chosen), free, taken, overlap)
        self._spawn(seen, boxes, groups, self._new(boxes, groups, sure, taken))
        self._prune()
        return tuple(life.as_track() for life in self._lives)

    def _usable(self, detections: Detections) -> Detections:
        xyxy = detections.xyxy
        good = np.isfinite(xyxy).all(axis=1) & (xyxy[:, 2:] > xyxy[:, :2]).all(axis=1) & np.isfinite(detections.score)
        self.unusable_boxes += int(len(good) - good.sum())
        return detections if good.all() else detections.where(good)

    def _group_of(self, seen: Detections) -> NDArray[np.int64]:
        numbers = [self._groups.setdefault(name, len(self._groups)) for name in seen.names]
        of_class = np.array(numbers or [0], np.int64)
        return np.array(of_class[seen.class_id], np.int64)

    def _predict(self, media_s: float) -> None:
        """Move every track on. What is lost coasts for two seconds and then waits: nobody knows where it went."""
        last = np.array([life.last_seen_s for life in self._lives], np.float64)
        waits_from = np.maximum(last + _COAST_S, self._now_s)
        dt = np.where(last == self._now_s, media_s - last, np.minimum(media_s, waits_from) - self._now_s)
        self._motion.predict(dt)
        self._now_s = media_s

    def _associate(
        self,
        seen: Detections,
        boxes: Boxes,
        groups: NDArray[np.int64],
        chosen: NDArray[np.int64],
        free: NDArray[np.bool_],
        taken: NDArray[np.bool_],
        overlap: float,
    ) -> None:
        """Give the chosen boxes to free tracks where they overlap most; marks both as used."""
        open_rows = np.flatnonzero(free)
        if not len(chosen) or not len(open_rows):
            return
        predicted, wanted = self._motion.boxes()[open_rows], boxes[chosen]
        lives = [self._lives[r] for r in open_rows]
        # A thing may have stopped, and a half covered one only seems to move: where it was last counts as well.
        last = np.array([life.box for life in lives], np.float64)
        gain = np.maximum(iou(predicted, wanted), iou(last, wanted))
        gain[gain < overlap] = 0
        # The speed of a thing seen once or twice is unknown: it may have left its box altogether between two looks.
        # Boxes grown to about twice their size find it again, but rank behind every real overlap.
        unknown = np.array([life.hits < _SPEED_KNOWN_AT for life in lives])
        if unknown.any():
            near = iou(_grown(predicted[unknown]), _grown(wanted))
            gain[unknown] = np.maximum(gain[unknown], np.where(near >= _NEAR, _NEAR * near, 0))
        gain[np.array([life.group for life in lives])[:, None] != groups[chosen]] = 0
        rows, columns = assign(gain)
        rows, columns = open_rows[rows], chosen[columns]
        self._motion.correct(rows, boxes[columns])
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            self._hit(self._lives[row], seen, column)
        free[rows], taken[columns] = False, True

    def _hit(self, life: _Life, seen: Detections, row: int) -> None:
        name = seen.names[int(seen.class_id[row])]
        fading = float(np.exp((life.last_seen_s - self._now_s) / _VOTE_S))
        life.votes = {known: votes * fading for known, votes in life.votes.items()}
        life.votes[name] = life.votes.get(name, 0.0) + 1.0
        life.score, life.box = float(seen.score[row]), _box(seen, row)
        life.last_seen_s = self._now_s
        life.hits += 1

    def _new(
        self, boxes: Boxes, groups: NDArray[np.int64], sure: NDArray[np.bool_], taken: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Boxes that begin a track: all that are left, but no faint box on a part of a thing that has one."""
        left, firm = np.flatnonzero(~taken), taken | sure
        if not len(left) or not firm.any():
            return left
        shared, whole = shared_area(boxes[left], boxes[firm]), areas(boxes[left])[:, None]
        doubled = (shared > _PART * whole) & (groups[left][:, None] == groups[firm])
        begins: NDArray[np.bool_] = sure[left] | ~doubled.any(axis=1)
        return np.compress(begins, left)

    def _spawn(self, seen: Detections, boxes: Boxes, groups: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        self._motion.add(boxes[rows])
        for row in rows.tolist():
            votes = {seen.names[int(seen.class_id[row])]: 1.0}
            score, box = float(seen.score[row]), _box(seen, row)
            life = _Life(self._next_id, int(groups[row]), self._now_s, self._now_s, score, box, votes=votes)
            self._lives.append(life)
            self._next_id += 1

    def _prune(self) -> None:
        alive = np.array([self._now_s - life.last_seen_s <= self._lost_s for life in self._lives], np.bool_)
        if not alive.all():
            self._motion.keep(alive)
            self._lives = [life for life, stays in zip(self._lives, alive, strict=True) if stays]


def _grown(boxes: Boxes) -> Boxes:
    sides = boxes[:, 2:] - boxes[:, :2]
    # By its mean side each way, because a slim box (a person) walks along its short side.
    margin = np.sqrt(sides[:, :1] * sides[:, 1:]) / 2
    return np.concatenate([boxes[:, :2] - margin, boxes[:, 2:] + margin], axis=1)


def _box(seen: Detections, row: int) -> tuple[float, float, float, float]:
    left, top, right, bottom = seen.xyxy[row].tolist()
    return left, top, right, bottom
