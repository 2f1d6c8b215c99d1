"""What every rule about a stay has in common: a thing that came to a stand where it may not, for longer than it may.

A thing that came to a stand in a zone, by the part of it that counts for its class, while the zone's hours hold and no
permitted zone allows it, is a candidate. From then on its pixels are asked whether it stands still. While they say so
its stay counts; it is raised when the stay reaches the zone's `dwell_s`, or, in a permitted zone of limited stay such
as a loading bay, that zone's `max_stay_s`. A zone with `remind_s` has a person told at `dwell_s`, and is raised only
when the thing still stands there so much later. A candidate is dropped when it moves, is gone,
cannot be proven, stands in a permitted zone after all, or when the hours end: separate visits are never summed, and
time under a permit or outside the hours never counts.

A raised incident stays one story: through lost and switched tracks, through passers-by, over gaps and restarts, as
long as the thing stands there. It has ended when the pixels say that it moved, or when nothing shows it any more.
A thing that is back at its very place within `return_s` continues the story; another one at the same place is new.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from detector.observation import Box, Observation, Stillness, Track
from rules import trace
from rules.boxes import as_array, iou, same_sort, shorter_side
from rules.docket import Docket
from rules.incident import Incident, IncidentState, Reason
from rules.kinds import PERMIT
from rules.limits import Limits
from rules.settling import Settling, Standing
from rules.steps import Keep, Step
from rules.story import Story, matches, suspected, taken
from rules.told import Told
from rules.zone import CameraRules, Zone, ZoneSet
from streams.clock import FrameClock


class StayRule:
    """Judges the zones of one camera that have one rule and raise one kind of incident.

    What one rule asks beyond the stay is in its subclass: `_behold`, `_opened`, `_weigh_more`, `_held`, `_grounds`.

    Args:
        camera: the camera's zones of this incident, permitted ones included, and its timezone.
        limits: how patient to be.
        restored: this camera's incidents of this kind that a restart left open.
    """

    rule: ClassVar[str]

    def __init__(self, camera: CameraRules, limits: Limits, restored: Iterable[Incident] = ()) -> None:
        self._camera, self._limits = camera, limits
        zones = [zone for zone in camera.zones if zone.kind.rule == self.rule]
        self._zones = ZoneSet(zones)
        self._permits = [zone for zone in camera.zones if zone.kind.rule == PERMIT]
        self._classes = frozenset[str]().union(*(zone.classes for zone in zones))
        self._settling = Settling(limits)
        self._allowed: list[tuple[Box, float]] = []
        self._told = Told(camera.camera, camera.timezone)
        by_id = {zone.id: zone for zone in zones}
        self._docket = Docket(camera.camera, camera.timezone, limits, restored, by_id)

    def judge(self, seen: Observation) -> list[Step]:
        """One look at a sound picture: first the stories there are, then what is new."""
        now = seen.clock
        tracks = [t for t in seen.tracks if t.last_seen_s == now.media_s and t.class_name in self._classes]
        standing = self._settling.look(tracks, now)
        facts = {fact.question: fact for fact in seen.stillness}
        stories = list(self._docket)
        same, overlap = matches(stories, tracks)
        steps: list[Step] = []
        for n, story in enumerate(stories):
            track = tracks[int(np.argmax(overlap[n] + same[n]))] if same[n].any() else None
            could_see = not seen.looked_for or any(same_sort(story.incident.class_name, c) for c in seen.looked_for)
            story.answer(facts.get(story.incident.id), track, could_see, now)
            self._behold(story, seen)
            steps += self._follow(story, track, now)
        if standing:
            owned = taken(stories, same, tracks)
            steps += self._new([s for s in standing if s.track.id not in owned], now)
        return steps

    def _behold(self, story: Story, seen: Observation) -> None:
        """Take what else this look says of a story."""

    def _opened(self, story: Story) -> list[Step]:  # noqa: ARG002 - for subclasses
        """What else a candidate asks for."""
        return []

    def _weigh_more(self, story: Story, now: FrameClock) -> list[Step] | None:  # noqa: ARG002 - for subclasses
        """What becomes of a candidate for reasons of its rule; None: they say nothing."""
        return None

    def _held(self, story: Story, now: FrameClock) -> list[Step] | None:  # noqa: ARG002 - for subclasses
        """What follows instead of a verdict although the stay is long enough; None: nothing speaks against it."""
        return None

    def _grounds(self, story: Story) -> tuple[Reason, ...]:  # noqa: ARG002 - for subclasses
        """Reasons of a verdict besides those of every stay."""
        return ()

    def due(self, now: FrameClock) -> list[Step]:
        """The packets whose seconds after the verdict are over."""
        return self._docket.due(now)

    def interrupt(self, why: str, now: FrameClock, jump_s: float = 0.0) -> list[Step]:
        """The camera was not seen for too long, or shows something else: nothing unproven survives, verdicts do."""
        self._settling.forget()
        self._allowed.clear()
        steps: list[Step] = []
        for story in self._docket:
            story.shift_time(jump_s)
            if story.is_candidate:
                steps += self._drop(story, trace.dropped(why, now), now)
        return steps

    def finish(self, now: FrameClock) -> list[Step]:
        """The footage is over."""
        self._settling.forget()
        return self._docket.finish(now)

    def sealed(self, incident_id: str) -> list[Step]:
        """The packet of an incident is committed."""
        return self._docket.sealed(incident_id)

    def _follow(self, story: Story, track: Track | None, now: FrameClock) -> list[Step]:
        if story.has_left:
            steps = self._docket.after(story, now)
            return steps if story.has_left else steps + self._merge(story, now)
        if story.is_candidate:
            return self._weigh(story, track, now)
        if story.asked_s is None and track is not None:
            return self._docket.ask(story, track.box_px, now)
        if story.moved_away(track, now):
            return self._docket.end(story, story.moved_at or now)
        if story.missing_too_long(now):
            return self._docket.end(story, story.missing or now)
        return []

    def _merge(self, back: Story, now: FrameClock) -> list[Step]:
        """A vehicle of an earlier incident is back: what was suspected at its place in the meantime was it."""
        steps: list[Step] = []
        for other in self._docket:
            if other.is_candidate and iou(other.incident.box_px, back.incident.box_px) >= 0.5:
                steps += self._drop(other, trace.dropped("same_story", now), now)
        return steps

    def _weigh(self, story: Story, track: Track | None, now: FrameClock) -> list[Step]:
        """What becomes of a candidate in this look."""
        if story.zone is None:
            return self._drop(story, trace.dropped("zone_gone", now), now)
        if story.asked_s is None:
            return self._resume(story, track, now)
        holds = story.zone.holds_at(now.captured_at)
        if holds is None:
            return [
                *self._told.unsure_hours(story.zone, now),
                *self._drop(story, trace.dropped("hours_unsure", now), now),
            ]
        if not holds:
            return self._drop(story, trace.dropped("hours", now), now)
        permit = self._permit(story.incident.box_px, story.incident.class_name, now)
        if permit is not None and permit.max_stay_s is None:
            return self._drop(story, trace.permitted(permit), now)
        if permit is not story.bay:
            # Time under a permit and time without one are not one stay.
            return self._drop(story, trace.dropped("other_ground", now), now)
        if story.moved_away(track, now):
            return self._drop(story, trace.dropped("moved", now), now)
        if (more := self._weigh_more(story, now)) is not None:
            return more
        if story.verdict is not Stillness.STILL:
            return self._unproven(story, now)
        story.count(now)
        if story.stay_s < story.need_s:
            return self._remind(story, story.zone, now) or self._docket.keep_now_and_then(story, now)
        if story.inside * 2 < story.sightings:
            return self._drop(story, trace.dropped("outside", now), now)
        held = self._held(story, now)
        return self._docket.verdict(story, now, self._grounds(story)) if held is None else held

    def _remind(self, story: Story, zone: Zone, now: FrameClock) -> list[Step]:
        """A reminder first, where the zone wants one; it is stored, so nobody is reminded twice."""
        wanted = zone.remind_s and story.bay is None and story.stay_s >= zone.dwell_s
        if not wanted or any(reason.code == trace.REMINDED for reason in story.noted):
            return []
        why = trace.reminded(zone, now, self._camera.timezone)
        story.note(why)
        text = f"{story.incident.class_name} in zone {zone.id} ({story.incident.kind}): {why.en}"
        return [self._told.notice("remind", text), Keep(story.written())]

    def _unproven(self, story: Story, now: FrameClock) -> list[Step]:
        """No "still" in this look: wait, within limits."""
        if not story.answered and now.media_s - (story.asked_s or 0.0) > self._limits.max_gap_s:
            text = (
                f"nobody answered whether the {story.incident.class_name} in zone {story.incident.zone_id} stands still"
            )
            return [self._told.notice("no_proof", text), *self._drop(story, trace.dropped("no_proof", now), now)]
        if story.missing_too_long(now):
            return self._drop(story, trace.dropped("gone", now), now)
        if story.proven_s is not None and now.media_s - story.proven_s > self._limits.cover_s:
            return self._drop(story, trace.dropped("covered", now), now)
        return []

    def _resume(self, story: Story, track: Track | None, now: FrameClock) -> list[Step]:
        """A candidate from before a restart goes on only if it is there again within the longest gap."""
        if not 0 <= now.media_s - story.last_seen.media_s <= self._limits.max_gap_s:
            return self._drop(story, trace.dropped("gap", now), now)
        if track is None:
            return []
        story.bay = self._permit(story.incident.box_px, story.incident.class_name, now)
        story.proven_s = now.media_s  # the restart itself was seen by nobody: it does not count
        return [*self._docket.ask(story, track.box_px, now), *self._opened(story)]

    def _new(self, standing: Sequence[Standing], now: FrameClock) -> list[Step]:
        """What came to a stand and belongs to no story."""
        boxes = as_array([thing.track.box_px for thing in standing])
        zones = self._zones.containing(boxes, [thing.track.class_name for thing in standing])
        begun: list[Box] = []
        steps: list[Step] = []
        for thing, there in zip(standing, zones, strict=True):
            fitting = [zone for zone in there if thing.track.class_name in zone.classes]
            # Two boxes over one vehicle, car and truck, are one vehicle.
            if (
                not fitting
                or shorter_side(thing.track.box_px) < self._limits.least_side_px
                or any(iou(box, thing.track.box_px) >= 0.5 for box in begun)
            ):
                continue
            found = self._suspect(thing, fitting, now)
            begun += [thing.track.box_px] * any(isinstance(step, Keep) for step in found)
            steps += found
        return steps

    def _suspect(self, thing: Standing, zones: Sequence[Zone], now: FrameClock) -> list[Step]:
        """A vehicle stands in zones: is it forbidden now?"""
        answers = [(zone, zone.holds_at(now.captured_at)) for zone in zones]
        zone = next((zone for zone, holds in answers if holds), None)
        if zone is None:
            return [step for zone, holds in answers if holds is None for step in self._told.unsure_hours(zone, now)]
        if zone.near_line(thing.track.box_px):
            return self._told.once(
                "unsure_place", zone, now, f"within {zone.error_px:.0f} px of its line, which is as exact"
            )
        permit = self._permit(thing.track.box_px, thing.track.class_name, now)
        if permit is not None and permit.max_stay_s is None:
            return self._near_miss(thing, zone, permit, now)
        # Time outside the hours or under another permit does not count, nor does more than one gap before the proof.
        was_free = (
            not zone.holds_at(thing.since.captured_at)
            or self._permit(thing.track.box_px, thing.track.class_name, thing.since) is not permit
        )
        long_ago = now.media_s - thing.since.media_s > self._limits.max_gap_s
        incident = suspected(self._camera.camera, thing, zone, now if was_free or long_ago else thing.since, now)
        if incident.id in self._docket:
            return []
        story = Story(incident, zone, self._limits, permit, proven_s=now.media_s, inside=1, sightings=1)
        return [*self._docket.open(story, thing.track.box_px, now), *self._opened(story)]

    def _near_miss(self, thing: Standing, zone: Zone, permit: Zone, now: FrameClock) -> list[Step]:
        """A stay that would be a violation but for a permit is told once, and is none."""
        box, patience_s = thing.track.box_px, self._limits.max_gap_s
        fresh = [(b, s) for b, s in self._allowed if now.media_s - s <= patience_s]
        told = any(iou(b, box) >= 0.5 for b, _ in fresh)
        self._allowed = [(b, now.media_s if iou(b, box) >= 0.5 else s) for b, s in fresh]
        if told or now.media_s - thing.since.media_s < zone.dwell_s:
            return []
        self._allowed.append((box, now.media_s))
        story = Story(suspected(self._camera.camera, thing, zone, thing.since, now), zone, self._limits)
        why = (*story.reasons(self._camera.timezone, now), trace.permitted(permit))
        return [Keep(replace(story.incident, trace=why).moved(IncidentState.DROPPED))]

    def _drop(self, story: Story, why: Reason, now: FrameClock) -> list[Step]:
        # What still stands there counts from now: its stay so far was judged.
        self._settling.restart(story.incident.box_px, now)
        return self._docket.drop(story, why, self._grounds(story))

    def _permit(self, box: Box, class_name: str, now: FrameClock) -> Zone | None:
        for zone in self._permits:
            if class_name in zone.classes and zone.contains(box, class_name) and zone.holds_at(now.captured_at):
                return zone
        return None
