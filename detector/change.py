"""Was it there before? A place of the picture against the camera's own clean reference, however far it reaches.

The reference is a row of past pictures in grey: many of the last minute, fewer of the last minutes, a few of the
last half hour. A heap that was brought shows in the newest of them and in none of the older ones; a fixture, a
light pole or a bin shows in all. Light does not matter: tiles are compared as `detector/patches.py` does.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.observation import Appearance, AppearanceFact, Box, Bystander, Track
from detector.overlap import iou
from detector.patches import ALIKE, Grid, Tiles
from streams.frame import Frame

_WIDTH = 480
_SPACING_S = ((60.0, 2.0), (300.0, 10.0), (1800.0, 60.0))
"""Up to which age one picture is kept of each so many seconds: 80 pictures, about 10 MB a camera."""

_LATEST_S = 1.5  # a younger picture shows what the question is about
_SHOWS = 0.5  # share of the tiles that look as they do now, from which a past picture shows it
_LEAST_OLDER = 2  # past pictures without it that it takes to say that it came
_FIXTURE_SHARE = 0.3  # of the pictures before it came, showing it: it was only hidden for a while
_LEAST_SPAN_S = 10.0  # seconds of reference that it takes to say that it was always there

_BEFORE_S, _AFTER_S = 10.0, 4.0  # around its appearance: who stood at the place then
_REACH = 0.75  # how far beside the place, as a share of the mean side of the larger box: a lorry stands off its load
_MOST_BYSTANDERS = 3
_CAN_BRING = frozenset({"person", "bicycle", "motorcycle", "car", "truck", "bus"})


@dataclass(frozen=True, slots=True)
class _Past:
    at_s: float
    grey: NDArray[np.uint8]


class CleanReference:
    """Past pictures of one fixed camera, and who was in them. Not for several threads.

    Args:
        size_px: the picture that boxes refer to, (width, height).
    """

    def __init__(self, size_px: tuple[int, int]) -> None:
        self._size_px = size_px
        self._past: list[_Past] = []
        self._seen: deque[tuple[float, tuple[Track, ...]]] = deque()

    def note(self, frame: Frame, tracks: Iterable[Track]) -> None:
        """Keep a sound picture, and what was seen in it."""
        now_s = frame.clock.media_s
        if self._past and now_s < self._past[-1].at_s:
            self.forget()  # another timeline
        self._seen.append((now_s, tuple(t for t in tracks if t.last_seen_s == now_s)))
        while now_s - self._seen[0][0] > _SPACING_S[0][0]:
            self._seen.popleft()
        if not self._past or now_s - self._past[-1].at_s >= _SPACING_S[0][1]:
            self._past = _thinned([*self._past, _Past(now_s, _small(frame.luma()))], now_s)

    def forget(self) -> None:
        """The camera looks elsewhere: nothing it showed before compares."""
        self._past.clear()
        self._seen.clear()

    def appearance(self, question: str, frame: Frame, box_px: Box) -> AppearanceFact:
        """When what a region shows now came there, as far as the reference reaches, and who stood there then.

        Args:
            question: the id that asked.
            frame: the newest picture.
            box_px: the region, in pixels of `size_px`.
        """
        now_s = frame.clock.media_s
        older = [past for past in self._past if past.at_s <= now_s - _LATEST_S]
        shares = self._shares(_small(frame.luma()), older, box_px)
        came = _came(shares)
        if came is None:
            enough = bool(older) and now_s - older[0].at_s >= _LEAST_SPAN_S and max(shares) >= _SHOWS
            verdict = Appearance.OLD if enough else Appearance.UNKNOWN
            return AppearanceFact(question, verdict, None, max(shares, default=0.0))
        before = shares[:came]
        if sum(share >= _SHOWS for share in before) > _FIXTURE_SHARE * len(before):
            return AppearanceFact(question, Appearance.OLD, None, max(before))
        after_s = older[came].at_s if came < len(older) else now_s
        span_s = (older[came - 1].at_s, after_s)
        return AppearanceFact(
            question, Appearance.NEW, span_s, float(np.mean(before)), self._bystanders(box_px, span_s)
        )

    def _shares(self, now: NDArray[np.uint8], older: Sequence[_Past], box_px: Box) -> list[float]:
        """For each past picture the share of the region's tiles that look as they do now."""
        height, width = now.shape
        scale = width / self._size_px[0], height / self._size_px[1]
        left, top, right, bottom = box_px
        grid = Grid.over((left * scale[0], top * scale[1], right * scale[0], bottom * scale[1]), (width, height))
        current = Tiles(grid.region(grid.patch(now)), grid.rows, grid.columns)
        voters = grid.oval()
        shares = []
        for past in older:
            if past.grey.shape != now.shape:
                continue
            then = Tiles(grid.region(grid.patch(past.grey)), grid.rows, grid.columns)
            # Where both are plain nothing compares; a plain tile that was not plain has changed.
            telling = voters & ~(current.flat & then.flat)
            telling = telling if telling.any() else voters
            shares.append(float((then.likeness(current)[telling] >= ALIKE).mean()))
        return shares

    def _bystanders(self, box_px: Box, span_s: tuple[float, float]) -> tuple[Bystander, ...]:
        """Who or what stood at the place around the moment, the one that was longest there first."""
        there: dict[int, list[tuple[float, Track]]] = {}
        for at_s, tracks in self._seen:
            if not span_s[0] - _BEFORE_S <= at_s <= span_s[1] + _AFTER_S:
                continue
            for track in tracks:
                if track.class_name in _CAN_BRING and _near(box_px, track.box_px) and not _is_it(box_px, track.box_px):
                    there.setdefault(track.id, []).append((at_s, track))
        found = [
            Bystander(seen[-1][1].class_name, seen[len(seen) // 2][1].box_px, seen[0][0], seen[-1][0])
            for seen in there.values()
        ]
        return tuple(sorted(found, key=lambda who: who.from_s - who.to_s)[:_MOST_BYSTANDERS])


def _came(shares: Sequence[float]) -> int | None:
    """Index of the first past picture that shows it, after at least two that do not; None: none such.

    Pictures are read backwards from the newest. One that does not show it may have had a passer-by in it.
    """
    for n in range(len(shares), _LEAST_OLDER - 1, -1):
        if all(share < _SHOWS for share in shares[n - _LEAST_OLDER : n]):
            return n
    return None


def _thinned(past: Sequence[_Past], now_s: float) -> list[_Past]:
    """One picture of each stretch of time, the first in it; stretches are longer the older they are."""
    # The stretches lie on a fixed grid: measured from each other, old pictures would thin out at every step.
    kept: dict[tuple[float, int], _Past] = {}
    for picture in past:
        apart = next((apart for up_to, apart in _SPACING_S if now_s - picture.at_s <= up_to), None)
        if apart is not None:
            kept.setdefault((apart, int(picture.at_s // apart)), picture)
    return list(kept.values())


def _small(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = luma.shape
    if width <= _WIDTH:
        return luma.copy()
    size = (_WIDTH, max(1, round(height * _WIDTH / width)))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)


def _near(place: Box, box: Box) -> bool:
    reach = _REACH * max(_mean_side(place), _mean_side(box))
    beside = max(box[0] - place[2], place[0] - box[2])
    above = max(box[1] - place[3], place[1] - box[3])
    return max(beside, above) <= reach


def _mean_side(box: Box) -> float:
    return (box[2] - box[0] + box[3] - box[1]) / 2


def _is_it(box: Box, other: Box) -> bool:
    return bool(iou(np.array([box]), np.array([other]))[0, 0] >= 0.5)
