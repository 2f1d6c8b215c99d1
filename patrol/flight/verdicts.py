"""What the zones on the map say of a thing at a place with an error: hours, permits and phases as they stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import shapely

from patrol.site import MapZone
from rules.incident import Phase
from rules.kinds import MOTOR_VEHICLES, STALLS
from rules.zone import Zone
from streams.geo import GeoPoint, LocalPlane

FROM_ABOVE: Mapping[str, frozenset[str]] = {
    "vehicle": frozenset(MOTOR_VEHICLES),
    "street_vendor": frozenset(STALLS),
}
"""From above a class is coarser: which of the zones' classes it may be."""


class Verdict(StrEnum):
    """What a place means."""

    IN_ZONE = "in_zone"  # surely inside a zone that holds
    UNSURE = "unsure"  # the error, or the calendar, decides
    PERMITTED = "permitted"  # a permit allows it
    OUTSIDE = "outside"  # in no zone that holds for it
    NO_PLACE = "no_place"  # nothing tells where it was


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict and the zone it comes from; None where there is none."""

    verdict: Verdict
    zone: Zone | None = None

    @property
    def kind(self) -> str | None:
        """Of the incident that it would be."""
        judged = self.zone is not None and self.verdict in (Verdict.IN_ZONE, Verdict.UNSURE)
        return self.zone.kind.incident if self.zone is not None and judged else None

    @property
    def phase(self) -> Phase | None:
        """How much weight it carries."""
        return self.zone.phase if self.zone is not None else None


def judge(zones: Sequence[MapZone], class_name: str, point: GeoPoint | None, error_m: float, at: datetime) -> Judged:
    """The first zone, in the order of the site, that a thing is in, unless a permit allows it.

    Args:
        error_m: 95 % of the place's error in its worst direction; nearer to a line than that nothing is sure.
        at: aware.
    """
    if point is None:
        return Judged(Verdict.NO_PLACE)
    classes = FROM_ABOVE.get(class_name, frozenset({class_name}))
    found = [
        (zone, inside) for zone in _about(zones, classes) if (inside := _inside(zone, point, error_m, at)) is not False
    ]
    permits = [(zone, inside) for zone, inside in found if zone.kind.permits]
    for zone, inside in found:
        if zone.kind.permits:
            continue
        allowing = [sure for permit, sure in permits if permit.kind.incident == zone.kind.incident]
        if any(allowing):
            permit = next(p for p, sure in permits if sure and p.kind.incident == zone.kind.incident)
            return Judged(Verdict.PERMITTED, permit)
        sure = inside is True and not allowing
        return Judged(Verdict.IN_ZONE if sure else Verdict.UNSURE, zone)
    return Judged(Verdict.OUTSIDE)


def _about(zones: Sequence[MapZone], classes: frozenset[str]) -> list[Zone]:
    return [drawn.zone for drawn in zones if drawn.zone.classes & classes]


def _inside(zone: Zone, point: GeoPoint, error_m: float, at: datetime) -> bool | None:
    """Whether the place lies in the zone while it holds; None: the error or the calendar decides."""
    holds = zone.holds_at(at)
    if holds is False:
        return False
    plane = LocalPlane(point)
    shape = shapely.transform(zone.shape, lambda lon_lat: plane.to_metres(lon_lat[:, ::-1]))
    here = shapely.Point(0.0, 0.0)
    if shape.boundary.distance(here) <= error_m:
        return None
    if not shape.contains(here):
        return False
    return holds
