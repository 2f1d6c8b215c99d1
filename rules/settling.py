"""Which of the things in the picture have come to a stand: by their boxes, before anyone asks for the pixels' proof.

A thing stands when its box stayed at about the same place for `settle_s`, seen at least twice. The place is where it
was first seen at rest; a thing that creeps leaves it sooner or later and begins anew. A new track that appears where
another was lost a moment ago takes over its place: trackers switch ids, cars do not swap places within a second.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detector.observation import Box, Track
from rules.boxes import SAME_PLACE_IOU, iou, same_sort
from rules.limits import TICK_S, Limits
from streams.clock import FrameClock


@dataclass(slots=True)
class _Place:
    """Where a track was first seen at rest."""

    box: Box
    class_name: str
    since: FrameClock
    seen_s: float
    hits: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A thing that stands, and since when."""

    track: Track
    since: FrameClock


class Settling:
    """Remembers where the tracks of one camera came to a stand."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._places: dict[int, _Place] = {}

    def look(self, tracks: Sequence[Track], now: FrameClock) -> tuple[Standing, ...]:
        """Take the tracks seen in this look; return those that have stood for `settle_s`."""
        seen = {track.id for track in tracks}
        lost = [place_id for place_id in self._places if place_id not in seen]
        standing = []
        for track in tracks:
            place = self._places.get(track.id) or self._taken_over(track, lost, now)
            if place is None or not self._still_there(place, track, now):
                place = _Place(track.box_px, track.class_name, now, now.media_s, 0)
            place.seen_s, place.hits, place.class_name = now.media_s, place.hits + 1, track.class_name
            self._places[track.id] = place
            if place.hits >= 2 and now.media_s - place.since.media_s >= self._limits.settle_s - TICK_S:
                standing.append(Standing(track, place.since))
        for place_id in lost:
            if place_id in self._places and now.media_s - self._places[place_id].seen_s > self._limits.max_gap_s:
                del self._places[place_id]
        return tuple(standing)

    def restart(self, box: Box, now: FrameClock) -> None:
        """What stands at this place counts from now: an earlier stay there was judged and came to nothing."""
        for place in self._places.values():
            if iou(place.box, box) >= SAME_PLACE_IOU:
                place.since, place.hits = now, 1

    def forget(self) -> None:
        """Nothing is known any more: the picture was not looked at for too long, or shows something else."""
        self._places.clear()

    def _still_there(self, place: _Place, track: Track, now: FrameClock) -> bool:
        recent = now.media_s - place.seen_s <= self._limits.max_gap_s + TICK_S
        return recent and iou(place.box, track.box_px) >= SAME_PLACE_IOU

    def _taken_over(self, track: Track, lost: Iterable[int], now: FrameClock) -> _Place | None:
        for place_id in lost:
            place = self._places.get(place_id)
            if (
                place is not None
                and now.media_s - place.seen_s <= self._limits.switch_s
                and same_sort(place.class_name, track.class_name)
                and iou(place.box, track.box_px) >= SAME_PLACE_IOU
            ):
                return self._places.pop(place_id)
        return None
