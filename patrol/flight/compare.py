"""Two flights over the same ground: what stays, what left, what arrived.

Places of one flight share their error (receiver, compass, height), so two flights are first laid over each other by the
shift that most things agree on. Then a thing stays when the later flight has one of its kind and look at its place;
it left when the later flight saw the place and not the thing; where the later flight did not look, nothing is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from detector.assignment import assign
from detector.kinds import SAME_THING, groups
from patrol.flight.survey import Flight
from patrol.flight.things import Thing
from streams.geo import LocalPlane

Floats = NDArray[np.float64]

SAME_PLACE_M = 2.2
"""Less than the pitch of two parked cars: what is farther off is another thing."""

SAME_LOOK = 25.0
"""Distance in CIE Lab beyond which two things at one place are not the same; a repaint of the light stays below it."""

_SHIFT_M, _STEP_M, _LEAST_PAIRS = 15.0, 0.5, 4


class Change(StrEnum):
    """What became of a thing."""

    STAYS = "stays"
    LEFT = "left"
    ARRIVED = "arrived"
    NOT_COVERED = "not_covered"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two flights laid over each other.

    Attributes:
        changes: each thing with what became of it; for `STAYS` the later sighting of it comes third.
        shift_m: east and north by which the later flight's places were moved.
        overlap: share of the earlier flight's ground that the later one saw, 0 to 1.
    """

    changes: tuple[tuple[Change, Thing, Thing | None], ...]
    shift_m: tuple[float, float]
    overlap: float


def compare(earlier: Flight, later: Flight) -> Compared:
    """What changed between two flights; things without a place take no part."""
    before = [thing for thing in earlier.things if thing.best.point is not None]
    after = [thing for thing in later.things if thing.best.point is not None]
    corners = [point for view in (*earlier.footprints, *later.footprints) for point in view]
    if not corners:
        return Compared((), (0.0, 0.0), 0.0)
    plane = LocalPlane.around(corners)
    there, here = _metres(plane, before), _metres(plane, after)
    shift = _shift(there, here)
    ground, old_ground = _covered(plane, later), _covered(plane, earlier)
    pairs = _pairs(before, after, there, here + shift)
    changes: list[tuple[Change, Thing, Thing | None]] = []
    for n, thing in enumerate(before):
        if n in pairs:
            changes.append((Change.STAYS, thing, after[pairs[n]]))
        else:
            seen = ground.contains(shapely.Point(there[n] - shift))
            changes.append((Change.LEFT if seen else Change.NOT_COVERED, thing, None))
    new = sorted(set(range(len(after))) - set(pairs.values()))
    new = [n for n in new if old_ground.contains(shapely.Point(here[n] + shift))]
    changes += [(Change.ARRIVED, after[n], None) for n in new]
    share = float(ground.intersection(old_ground).area / max(old_ground.area, 1e-9))
    return Compared(tuple(changes), (float(shift[0]), float(shift[1])), share)


def _metres(plane: LocalPlane, things: Sequence[Thing]) -> Floats:
    places = [thing.best.point for thing in things]
    return plane.to_metres([(p.lat, p.lon) for p in places if p is not None])


def _covered(plane: LocalPlane, flight: Flight) -> Any:
    views = [view for view in flight.footprints if len(view) >= 3]
    return shapely.union_all(
        [shapely.MultiPoint(plane.to_metres([(p.lat, p.lon) for p in view])).convex_hull for view in views]
    )


def _shift(there: Floats, here: Floats) -> Floats:
    """Metres east and north that bring most of the later places onto earlier ones; none where too few agree."""
    apart = (there[:, None] - here[None]).reshape(-1, 2)
    apart = apart[np.abs(apart).max(axis=1) <= _SHIFT_M] if len(apart) else apart
    if len(apart) < _LEAST_PAIRS:
        return np.zeros(2)
    size = int(2 * _SHIFT_M / _STEP_M) + 1
    votes, edges, _ = np.histogram2d(apart[:, 0], apart[:, 1], bins=size, range=[[-_SHIFT_M, _SHIFT_M]] * 2)
    # Places scatter by more than one cell: a vote counts for its neighbours too.
    spread = sum(np.roll(np.roll(votes, x, 0), y, 1) for x in (-1, 0, 1) for y in (-1, 0, 1))
    east, north = np.unravel_index(int(np.argmax(spread)), votes.shape)
    guess = np.array([edges[east], edges[north]]) + (edges[1] - edges[0]) / 2
    near = apart[np.linalg.norm(apart - guess, axis=1) <= 2 * _STEP_M]
    if len(near) < max(_LEAST_PAIRS, 0.3 * min(len(there), len(here))):
        return np.zeros(2)
    return np.asarray(np.median(near, axis=0), np.float64)


def _pairs(before: Sequence[Thing], after: Sequence[Thing], there: Floats, here: Floats) -> dict[int, int]:
    """Earlier thing to later thing: the same place, the same sort, the same look."""
    if not before or not after:
        return {}
    apart = np.linalg.norm(there[:, None] - here[None], axis=2)
    names = sorted({thing.class_name for thing in (*before, *after)})
    group = dict(zip(names, groups(names, SAME_THING).tolist(), strict=True))
    sort = np.array([[group[a.class_name] == group[b.class_name] for b in after] for a in before])
    colour = np.array([[_unlike(a, b) for b in after] for a in before])
    same = sort & (apart <= SAME_PLACE_M) & (colour <= SAME_LOOK)
    rows, columns = assign(np.where(same, 1.01 - apart / SAME_PLACE_M, 0.0))
    return dict(zip(rows.tolist(), columns.tolist(), strict=True))


def _unlike(a: Thing, b: Thing) -> float:
    """Distance of two things' colours, of whichever sightings are most alike."""
    one = np.array([s.look_colour for s in a.sightings])
    other = np.array([s.look_colour for s in b.sightings])
    return float(np.linalg.norm(one[:, None] - other[None], axis=2).min())
