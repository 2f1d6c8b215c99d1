"""A street told as numbers: vehicles that come and go, a detector that misses, and pixels that tell the truth."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

import shapely

from detector.observation import AppearanceFact, Box, Observation, SceneState, Stillness, StillnessFact, Track
from rules.calendar import Calendar, YearDays
from rules.engine import Engine
from rules.hours import Hours
from rules.incident import Incident, IncidentState
from rules.kinds import KINDS
from rules.limits import Limits
from rules.steps import Keep, Notice, ProveStill, Seal, Step, StopProof
from rules.zone import CameraRules, Zone
from streams.clock import ClockSource, FrameClock

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 5, 12, 0, 0, tzinfo=UTC)  # a Tuesday, 08:00 in Shanghai
CALENDAR = Calendar(
    {
        2026: YearDays(
            holidays=frozenset(date(2026, 10, day) for day in range(1, 8)),
            working_days=frozenset({date(2026, 9, 20), date(2026, 10, 10)}),
        )
    }
)
GATE = ((100, 100), (300, 100), (300, 300), (100, 300))
SPOT: Box = (160.0, 180.0, 240.0, 240.0)  # its ground point is (200, 240): in the gate
OUTSIDE: Box = (260.0, 280.0, 340.0, 340.0)  # its ground point is (300, 340): below the gate


def hours(expression: str = "24/7", calendar: Calendar = CALENDAR) -> Hours:
    return Hours(expression, SHANGHAI, calendar)


def zone(
    zone_id: str = "gate",
    kind: str = "no_parking",
    polygon: Iterable[tuple[float, float]] = GATE,
    when: str = "24/7",
    dwell_s: float = 60.0,
    **more: object,
) -> Zone:
    row = KINDS[kind]
    shape = shapely.Polygon(list(polygon))
    made = Zone(zone_id, row, shape, hours(when), frozenset(row.classes), dwell_s)
    return replace(made, **more)  # type: ignore[arg-type]


def rules_of(*zones: Zone, camera: str = "cam-1") -> dict[str, CameraRules]:
    return {camera: CameraRules(camera, (640, 480), zones, SHANGHAI)}


def clock(media_s: float, start: datetime = START, epoch: int = 0) -> FrameClock:
    return FrameClock(start + timedelta(seconds=media_s), ClockSource.FILE, 0.1, media_s, epoch)


def track(
    track_id: int, box: Box, media_s: float, class_name: str = "car", score: float = 0.8, first_s: float | None = None
) -> Track:
    return Track(track_id, class_name, score, box, media_s if first_s is None else first_s, media_s, 1)


@dataclass
class Visit:
    """A vehicle stands at `box` from `from_s` to `to_s`, in seconds; the same `vehicle` looks the same."""

    from_s: float
    to_s: float
    box: Box = SPOT
    vehicle: str = "a"
    class_name: str = "car"

    def at(self, now_s: float) -> bool:
        return self.from_s <= now_s < self.to_s


@dataclass
class Street:
    """Runs an engine over visits, looking `fps` times a second."""

    engine: Engine
    visits: list[Visit] = field(default_factory=list)
    fps: float = 5.0
    start: datetime = START
    hidden: Callable[[float], bool] = lambda _: False
    """Whether something stands in front of everything: no detection, and no proof either way."""
    missed: Callable[[float], bool] = lambda _: False
    """Whether the detector misses what is there; the pixels still tell."""
    track_id: Callable[[float], int] = lambda _: 1
    """The id that the tracker gives; each place adds to it."""
    scene: Callable[[float], SceneState] = lambda _: SceneState.SOUND
    steps: list[tuple[float, Step]] = field(default_factory=list)
    asked: dict[str, tuple[Box, str | None]] = field(default_factory=dict)
    seal_at_once: bool = True
    looked_for: frozenset[str] = frozenset({"car", "truck"})

    def run(self, until_s: float, from_s: float = 0.0) -> Self:
        """Look at all times from `from_s` to before `until_s`."""
        for n in range(round((until_s - from_s) * self.fps)):
            self.look(round(from_s + n / self.fps, 6))
        return self

    def look(self, now_s: float) -> None:
        there = [v for v in self.visits if v.at(now_s)]
        seen = [] if self.hidden(now_s) or self.missed(now_s) else there
        tracks = tuple(
            track(self.track_id(now_s) + 1000 * self.visits.index(v), v.box, now_s, v.class_name) for v in seen
        )
        facts = tuple(self._answer(question, now_s) for question in self.asked)
        scene = self.scene(now_s)
        observation = Observation(
            "cam-1", clock(now_s, self.start), tracks, facts, scene, self.looked_for, self.appearances()
        )
        self.take(now_s, self.engine.judge(observation))

    def appearances(self) -> tuple[AppearanceFact, ...]:
        """What is known of when things came; nothing on a street where nobody asks."""
        return ()

    def finish(self, now_s: float) -> Self:
        self.take(now_s, self.engine.finish("cam-1", clock(now_s, self.start)))
        return self

    def take(self, now_s: float, steps: Iterable[Step]) -> None:
        for step in steps:
            self.steps.append((now_s, step))
            match step:
                case ProveStill(question, _, box):
                    self.asked[question] = (box, self._vehicle_at(box, now_s))
                case StopProof(question, _):
                    del self.asked[question]
                case Seal(incident) if self.seal_at_once:
                    self.take(now_s, self.engine.sealed(incident.id))

    def _vehicle_at(self, box: Box, now_s: float) -> str | None:
        return next((v.vehicle for v in self.visits if v.at(now_s) and v.box == box), None)

    def _answer(self, question: str, now_s: float) -> StillnessFact:
        box, vehicle = self.asked[question]
        if self.hidden(now_s):
            return StillnessFact(question, Stillness.COVERED, 0.0, 0.3)
        same = self._vehicle_at(box, now_s) == vehicle
        verdict = Stillness.STILL if same else Stillness.MOVED
        return StillnessFact(question, verdict, 0.3 if same else 9.0, 0.97 if same else 0.2)

    def kept(self, *states: IncidentState) -> list[Incident]:
        """Every stored incident in these states, in order; all states when none is named."""
        return [s.incident for _, s in self.steps if isinstance(s, Keep) and (not states or s.incident.state in states)]

    @property
    def raised(self) -> list[Incident]:
        """The verdicts: each incident once, as it stood when it was raised."""
        first: dict[str, Incident] = {}
        for incident in self.kept(IncidentState.RAISED):
            first.setdefault(incident.id, incident)
        return list(first.values())

    @property
    def dropped(self) -> list[str]:
        """Why candidates were dropped, in order."""
        return [str(i.trace[-1].data.get("why", i.trace[-1].code)) for i in self.kept(IncidentState.DROPPED)]

    @property
    def last(self) -> Incident:
        return self.kept()[-1]

    @property
    def notices(self) -> list[str]:
        return [s.code for _, s in self.steps if isinstance(s, Notice)]

    @property
    def seals(self) -> list[tuple[float, Incident]]:
        return [(t, s.incident) for t, s in self.steps if isinstance(s, Seal)]


def street(*visits: Visit, zones: Iterable[Zone] | None = None, limits: Limits | None = None, **more: object) -> Street:
    given = (zone(),) if zones is None else tuple(zones)
    made = Street(Engine(rules_of(*given), limits=limits), list(visits))
    return replace(made, **more)  # type: ignore[arg-type]
