"""The rules of all cameras: looks go in, steps come out. Pure: no pixels, no clock, no disk.

The engine guards what every rule relies on: time that runs forward, boxes that are boxes, a picture that can be
trusted, and no gap that nobody mentions. Whatever is wrong with one of them is a `Notice` and never a verdict. Which
rule judges a zone is in the table of `rules/kinds.py`; a new kind of rule is one file and one line in `RULES_BUILT`.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from detector.observation import Observation, SceneState
from rules.boxes import is_box
from rules.dumping import DumpingRule
from rules.incident import Incident
from rules.kinds import DUMPING, KINDS, STANDING, VENDING
from rules.limits import Limits
from rules.parking import ParkingRule
from rules.steps import Notice, Step
from rules.vending import VendingRule
from rules.zone import CameraRules
from streams.clock import FrameClock

LATE_S = 1.0
"""A look that comes this much too late was overtaken on the way; one that is older begins another timeline."""


class Rule(Protocol):
    """One kind of rule at one camera."""

    def judge(self, seen: Observation) -> list[Step]:
        """One look at a sound picture."""

    def due(self, now: FrameClock) -> list[Step]:
        """What only waited for time to pass."""

    def interrupt(self, why: str, now: FrameClock, jump_s: float = 0.0) -> list[Step]:
        """What was not proven is not proven; a timeline that jumped, jumped by `jump_s`."""

    def finish(self, now: FrameClock) -> list[Step]:
        """The footage is over."""

    def sealed(self, incident_id: str) -> list[Step]:
        """A packet is committed."""


RULES_BUILT: Mapping[str, Callable[[CameraRules, Limits, Iterable[Incident]], Rule]] = {
    STANDING: ParkingRule,
    VENDING: VendingRule,
    DUMPING: DumpingRule,
}
"""Zones whose rule is not in here are read and shown, and `patrol check` says that nothing judges them yet."""


class UnknownCamera(ValueError):
    """A look at a camera that the site does not have."""

    def __init__(self, camera: str, known: Iterable[str]) -> None:
        super().__init__(f"no camera {camera!r}; the site has {', '.join(sorted(known)) or 'none'}")
        self.camera = camera


@dataclass(slots=True)
class _Watch:
    """One camera's rules and where its time is."""

    rules: tuple[Rule, ...]
    newest_s: float | None = None
    sound_s: float | None = None
    scene: SceneState = SceneState.SOUND
    late: bool = False
    odd_tracks: frozenset[int] = frozenset()


class Engine:
    """Judges what was seen.

    Args:
        cameras: the zones of each camera, by its id.
        restored: incidents that a restart left open (`Incident.is_open`), of any camera.
        limits: how patient to be.
    """

    def __init__(
        self, cameras: Mapping[str, CameraRules], restored: Iterable[Incident] = (), limits: Limits | None = None
    ) -> None:
        open_ones, patience = [i for i in restored if i.is_open], limits or Limits()
        self._watches = {name: _Watch(_built(camera, patience, open_ones)) for name, camera in cameras.items()}
        self._limits = patience

    def judge(self, seen: Observation) -> tuple[Step, ...]:
        """What follows from one look.

        Raises:
            UnknownCamera: the engine was not given this camera.
        """
        watch = self._watch(seen.camera)
        steps = self._in_time(watch, seen)
        if steps is None:
            return ()
        if watch.newest_s != seen.clock.media_s:
            return tuple(steps)  # a look that came too late
        steps += self._scene(watch, seen)
        if seen.scene is SceneState.SOUND:
            steps += self._gap(watch, seen)
            watch.sound_s = seen.clock.media_s
            sound, notices = self._sound_tracks(watch, seen)
            steps += notices
            steps += [step for rule in watch.rules for step in rule.judge(sound)]
        steps += [step for rule in watch.rules for step in rule.due(seen.clock)]
        return tuple(steps)

    def finish(self, camera: str, clock: FrameClock) -> tuple[Step, ...]:
        """The footage of a camera ended at `clock`: drop what is not proven, make packets of what is.

        Raises:
            UnknownCamera: the engine was not given this camera.
        """
        watch = self._watch(camera)
        watch.newest_s = watch.sound_s = None
        return tuple(step for rule in watch.rules for step in rule.finish(clock))

    def sealed(self, incident_id: str) -> tuple[Step, ...]:
        """The packet of an incident is committed; said twice, or of an unknown one, it changes nothing."""
        return tuple(s for watch in self._watches.values() for rule in watch.rules for s in rule.sealed(incident_id))

    def _watch(self, camera: str) -> _Watch:
        try:
            return self._watches[camera]
        except KeyError:
            raise UnknownCamera(camera, self._watches) from None

    def _in_time(self, watch: _Watch, seen: Observation) -> list[Step] | None:
        """Notices about the look's time; None: the same look again, there is nothing to judge."""
        now_s, newest_s = seen.clock.media_s, watch.newest_s
        if not math.isfinite(now_s):
            return [Notice("time_invalid", seen.camera, f"a look without a time ({now_s}) was not judged")]
        if newest_s is None or now_s > newest_s:
            watch.newest_s, watch.late = now_s, False
            return []
        if now_s == newest_s:
            return None
        text = f"time went back from {newest_s:.3f} s to {now_s:.3f} s"
        if newest_s - now_s <= LATE_S:
            told, watch.late = watch.late, True
            return [] if told else [Notice("time_backwards", seen.camera, f"{text}; late looks were not judged")]
        watch.newest_s, watch.sound_s = now_s, None
        steps: list[Step] = [Notice("time_backwards", seen.camera, f"{text}; stays begin anew")]
        for rule in watch.rules:
            steps += rule.interrupt("time", seen.clock, now_s - newest_s)
        return steps

    def _gap(self, watch: _Watch, seen: Observation) -> list[Step]:
        if watch.sound_s is None or seen.clock.media_s - watch.sound_s <= self._limits.max_gap_s:
            return []
        gap_s = seen.clock.media_s - watch.sound_s
        text = f"nothing to be seen for {gap_s:.0f} s; stays begin anew, what was raised goes on"
        steps: list[Step] = [Notice("gap", seen.camera, text)]
        return steps + [step for rule in watch.rules for step in rule.interrupt("gap", seen.clock)]

    def _scene(self, watch: _Watch, seen: Observation) -> list[Step]:
        """A picture that cannot be trusted suspends the zones; one that shows another place ends what was suspected."""
        if seen.scene is watch.scene:
            return []
        watch.scene = seen.scene
        if seen.scene is SceneState.SOUND:
            return [Notice("scene_sound", seen.camera, "the picture is sound again; its zones are judged")]
        text = f"the picture is {seen.scene.value}; its zones are not judged, look at the camera"
        steps: list[Step] = [Notice(f"scene_{seen.scene.value}", seen.camera, text)]
        if seen.scene is SceneState.BUMPED:
            steps += [step for rule in watch.rules for step in rule.interrupt("scene", seen.clock)]
        return steps

    def _sound_tracks(self, watch: _Watch, seen: Observation) -> tuple[Observation, list[Step]]:
        """The look without tracks whose box is no box; each such track is told once."""
        odd = {track.id: track for track in seen.tracks if not is_box(track.box_px)}
        new = [track for track_id, track in odd.items() if track_id not in watch.odd_tracks]
        watch.odd_tracks = frozenset(odd)
        if not odd:
            return seen, []
        notices: list[Step] = [
            Notice("bad_box", seen.camera, f"track {t.id} ({t.class_name}) has no box but {t.box_px}; it was left out")
            for t in new
        ]
        return replace(seen, tracks=tuple(t for t in seen.tracks if t.id not in odd)), notices


def _built(camera: CameraRules, limits: Limits, restored: Iterable[Incident]) -> tuple[Rule, ...]:
    """A rule for each kind of incident that the camera's zones can raise, or that a restart left open."""
    left = [incident for incident in restored if incident.camera == camera.camera]
    pairs = {(zone.kind.rule, zone.kind.incident): None for zone in camera.zones if zone.kind.rule in RULES_BUILT}
    known = {incident for _, incident in pairs}
    # Zones may have been taken out of the site while a violation stood there: it still ends and is still sealed.
    rule_of = {kind.incident: kind.rule for kind in KINDS.values() if kind.rule in RULES_BUILT}
    left_over = {incident.kind for incident in left} - known
    pairs |= {(rule_of.get(kind, STANDING), kind): None for kind in sorted(left_over)}
    return tuple(
        RULES_BUILT[rule](
            replace(camera, zones=tuple(zone for zone in camera.zones if zone.kind.incident == kind)),
            limits,
            [incident for incident in left if incident.kind == kind],
        )
        for rule, kind in pairs
    )
