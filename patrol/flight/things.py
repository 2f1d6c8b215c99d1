"""One thing is one thing, however often it is seen: sightings of a flight joined in ground coordinates."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from detector.assignment import assign
from detector.kinds import SAME_THING, groups
from detector.observation import Box
from streams.geo import GeoPoint
from streams.pose import Ellipse

STANDS_M = 1.5
"""A thing that is seen twice within this of one place, `STANDS_S` apart, stood. (Without a place: its own length.)"""

STANDS_S = 2.0
_GATE_M = 4.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """A thing in one look.

    Attributes:
        class_name, score, box_px: as the detector has it.
        ground: east and north in metres on the flight's plane; pixels of the mosaic where there is no place.
        size: length of the box on that plane.
        point, error: place and its 95 % ellipse; None without telemetry.
        part: of the mosaic; 0 on the map.
        media_s, at: when.
        look_colour: shape (3,), mean colour in CIE Lab relative to its picture: to tell two cars at one place apart.
        seen_from: place of the camera; None: unknown.
    """

    class_name: str
    score: float
    box_px: Box
    ground: tuple[float, float]
    size: float
    point: GeoPoint | None
    error: Ellipse | None
    part: int
    media_s: float
    at: datetime
    look_colour: tuple[float, float, float]
    seen_from: GeoPoint | None = None


@dataclass(slots=True)
class Thing:
    """Sightings of one thing, in their order."""

    sightings: list[Sighting] = field(default_factory=list)

    @property
    def best(self) -> Sighting:
        """The one with the smallest error, the surest among equals."""
        return min(self.sightings, key=lambda s: (s.error.major_m if s.error else 0.0, -s.score))

    @property
    def class_name(self) -> str:
        """What most sightings call it, weighted by how sure they are."""
        votes: dict[str, float] = {}
        for sighting in self.sightings:
            votes[sighting.class_name] = votes.get(sighting.class_name, 0.0) + sighting.score
        return max(votes, key=lambda name: votes[name])

    @property
    def stands(self) -> bool | None:
        """Whether it stood still; None when it was not seen for long enough to tell."""
        first, last = self.sightings[0], self.sightings[-1]
        if last.media_s - first.media_s < STANDS_S:
            return None
        places = np.array([s.ground for s in self.sightings])
        spread = float(np.linalg.norm(places - np.median(places, axis=0), axis=1).max())
        return spread <= (STANDS_M if first.point is not None else 0.5 * first.size)


class GroundTracker:
    """Joins the sightings of one flight.

    Errors of compass, height and receiver are nearly the same from look to look: between neighbours in time what
    counts is the few metres by which places scatter, not the whole ellipse.
    """

    def __init__(self) -> None:
        self.things: list[Thing] = []

    def take(self, sightings: Sequence[Sighting]) -> None:
        """The sightings of one look."""
        gain = self._gain(sightings)
        rows, columns = assign(gain) if gain.size else (np.empty(0, np.int64), np.empty(0, np.int64))
        joined = dict(zip(columns.tolist(), rows.tolist(), strict=True))
        for n, sighting in enumerate(sightings):
            if n in joined:
                self.things[joined[n]].sightings.append(sighting)
            else:
                self.things.append(Thing([sighting]))

    def _gain(self, sightings: Sequence[Sighting]) -> NDArray[np.float64]:
        """How near each thing's last place is to each sighting, 0: another thing; shape (things, sightings)."""
        if not self.things or not sightings:
            return np.zeros((0, 0))
        last = [thing.sightings[-1] for thing in self.things]
        names = sorted({s.class_name for s in (*last, *sightings)})
        group = dict(zip(names, groups(names, SAME_THING).tolist(), strict=True))
        here = np.array([s.ground for s in sightings])
        there = np.array([s.ground for s in last])
        apart = np.linalg.norm(there[:, None] - here[None], axis=2)
        gate = np.array([_gate(s) for s in last])[:, None]
        same = np.array(
            [[group[a.class_name] == group[b.class_name] and a.part == b.part for b in sightings] for a in last]
        )
        gain: NDArray[np.float64] = np.where(same & (apart < gate), 1.0 - apart / gate + 1e-6, 0.0)
        return gain


def _gate(sighting: Sighting) -> float:
    """How far apart two sightings of one standing thing may be: less than two parked cars are."""
    if sighting.error is None:
        return sighting.size
    return min(_GATE_M, 1.0 + 0.3 * sighting.error.major_m)
