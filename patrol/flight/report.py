"""What flights found, as values for lines of JSON and text: places, errors, zones, and what became of things."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from patrol.flight.compare import Change, compare
from patrol.flight.survey import Flight
from patrol.flight.things import Thing
from patrol.flight.verdicts import Judged, judge
from patrol.site import MapZone

_ONE_SORTIE = timedelta(seconds=60)
_LEAST_OVERLAP = 0.2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing of one flight.

    Attributes:
        flight: its name.
        thing: with its sightings.
        judged: what the zones say.
        change: against the flight before over the same ground; None without one.
        stayed_s: from its first sighting in the flight before to its last in this one; 0 without one.
    """

    flight: str
    thing: Thing
    judged: Judged
    change: Change | None = None
    stayed_s: float = 0.0

    @property
    def stay_proven(self) -> bool:
        """Whether two passes prove the stay that the zone asks for."""
        return self.judged.zone is not None and self.stayed_s >= max(self.judged.zone.dwell_s, 1.0)

    def line(self) -> Mapping[str, object]:
        """As `footage --json` prints it."""
        best, first, last = self.thing.best, self.thing.sightings[0], self.thing.sightings[-1]
        error = best.error
        return {
            "flight": self.flight,
            "class": self.thing.class_name,
            "kind": self.judged.kind,
            "zone": None if self.judged.zone is None else self.judged.zone.id,
            "phase": self.judged.phase,
            "verdict": self.judged.verdict,
            "place": None if best.point is None else {"lat": round(best.point.lat, 7), "lon": round(best.point.lon, 7)},
            "error_m": None if error is None else round(error.major_m, 1),
            "ellipse": None
            if error is None
            else {
                "major_m": round(error.major_m, 1),
                "minor_m": round(error.minor_m, 1),
                "bearing_deg": round(error.bearing_deg, 0),
            },
            "seen_from": None
            if best.seen_from is None
            else {"lat": round(best.seen_from.lat, 7), "lon": round(best.seen_from.lon, 7)},
            "at": best.at.isoformat(),
            "first_s": round(first.media_s, 2),
            "last_s": round(last.media_s, 2),
            "looks": len(self.thing.sightings),
            "stands": self.thing.stands,
            "box_px": [round(v, 1) for v in best.box_px],
            "score": round(best.score, 3),
            "change": self.change,
            "stayed_s": round(self.stayed_s, 1),
            "stay_proven": self.stay_proven,
        }


@dataclass(frozen=True, slots=True)
class Reported:
    """All flights of a batch.

    Attributes:
        findings: in the order of flights and places.
        left: things of a flight that the next one over the same ground did not see any more, with both flights' names.
        notes: how flights were compared.
    """

    findings: tuple[Finding, ...]
    left: tuple[tuple[Finding, str], ...]
    notes: tuple[str, ...]


def report(flights: Sequence[Flight], zones: Sequence[MapZone]) -> Reported:
    """Findings of all flights, each compared with the last one before it that saw the same ground."""
    found: dict[int, Finding] = {}
    left: list[tuple[Finding, str]] = []
    notes: list[str] = []
    ordered = sorted(flights, key=lambda flight: (flight.began, flight.name))
    for n, flight in enumerate(ordered):
        for thing in flight.things:
            found[id(thing)] = _finding(flight, thing, zones)
        for before in reversed(ordered[:n]):
            if flight.began - before.began - timedelta(seconds=before.length_s) < _ONE_SORTIE:
                continue
            compared = compare(before, flight)
            if compared.overlap < _LEAST_OVERLAP:
                continue
            east, north = compared.shift_m
            notes.append(
                f"{flight.name} against {before.name}: {compared.overlap:.0%} of its ground seen again, laid over "
                f"it by {east:+.1f} m east, {north:+.1f} m north"
            )
            for change, thing, again in compared.changes:
                if change is Change.STAYS and again is not None:
                    stayed = (again.sightings[-1].at - thing.sightings[0].at).total_seconds()
                    found[id(again)] = replace(found[id(again)], change=change, stayed_s=stayed)
                elif change is Change.ARRIVED:
                    found[id(thing)] = replace(found[id(thing)], change=change)
                elif change is Change.LEFT:
                    left.append((replace(found[id(thing)], change=change), flight.name))
            break
    return Reported(tuple(found.values()), tuple(left), tuple(notes))


def _finding(flight: Flight, thing: Thing, zones: Iterable[MapZone]) -> Finding:
    best = thing.best
    error_m = best.error.major_m if best.error is not None else 0.0
    return Finding(flight.name, thing, judge(tuple(zones), thing.class_name, best.point, error_m, best.at))
