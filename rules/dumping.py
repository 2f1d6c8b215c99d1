"""Waste that was brought where none may lie, and stays.

A heap, bags or an overflowing bin that came to rest in a zone is a candidate, and besides whether it lies still
(`rules/stay.py`) its place is asked when it came: against the camera's own clean reference. What was there as far back
as that reaches is a fixture, a light pole or an old heap: it raises nothing, its near miss says so, and the place is
not asked again while it is seen. Where the camera has not watched for long enough to say, nothing is raised and a
person is told.

Who or which vehicle stood at the place when it came is named: then it is an act of dumping (0123), else a heap that
was found (0102). Waste that is cleared has left: the incident ends. What may lie there is marked by a permitted zone.
"""

from collections.abc import Sequence
from typing import ClassVar

from detector.observation import Appearance, AppearanceFact, Box, Observation
from rules import trace
from rules.boxes import SAME_PLACE_IOU, iou
from rules.incident import Reason
from rules.kinds import DUMPING
from rules.settling import Standing
from rules.stay import StayRule
from rules.steps import LookBack, Step
from rules.story import Story
from rules.zone import Zone
from streams.clock import FrameClock

_FIXTURE_S = 120.0
"""How long a place that always looked so is not asked again after waste was last seen there."""


class DumpingRule(StayRule):
    """Judges zones whose kind has the rule `dumping`."""

    rule: ClassVar[str] = DUMPING
    _fixtures: tuple[tuple[Box, float], ...] = ()

    def _opened(self, story: Story) -> list[Step]:
        # A restart lost the reference, but what it said before is in the trace.
        if _knows_when(story):
            return []
        return [LookBack(story.incident.id, self._camera.camera, story.incident.box_px)]

    def _behold(self, story: Story, seen: Observation) -> None:
        fact = next((fact for fact in seen.appearances if fact.question == story.incident.id), None)
        if fact is None or not story.is_candidate:
            return
        story.appearance = fact
        if fact.verdict is Appearance.NEW:
            story.note(self._came(fact, story, seen.clock))

    def _weigh_more(self, story: Story, now: FrameClock) -> list[Step] | None:
        if story.appearance is None or story.appearance.verdict is Appearance.NEW:
            return None
        self._fixtures = (*self._fixtures, (story.incident.box_px, now.media_s))
        if story.appearance.verdict is Appearance.OLD:
            return self._drop(story, trace.dropped("fixture", now), now)
        assert story.zone is not None  # noqa: S101 - a candidate without a zone was dropped
        text = "waste lies there since before the camera watched; have it looked at, or mark it as permitted_dumping"
        told = self._told.once("unsure_appearance", story.zone, now, text)
        return [*told, *self._drop(story, trace.dropped("unknown_before", now), now)]

    def _held(self, story: Story, now: FrameClock) -> list[Step] | None:
        return None if _knows_when(story) else self._docket.keep_now_and_then(story, now)

    def _suspect(self, thing: Standing, zones: Sequence[Zone], now: FrameClock) -> list[Step]:
        box = thing.track.box_px
        fresh = [(b, s) for b, s in self._fixtures if now.media_s - s <= _FIXTURE_S]
        known = [iou(b, box) >= SAME_PLACE_IOU for b, _ in fresh]
        self._fixtures = tuple((b, now.media_s if same else s) for (b, s), same in zip(fresh, known, strict=True))
        return [] if any(known) else super()._suspect(thing, zones, now)

    def _came(self, fact: AppearanceFact, story: Story, now: FrameClock) -> Reason:
        """When it came and who was there, in the site's time."""
        between_s = fact.between_s or (story.incident.started.media_s, story.incident.started.media_s)
        return trace.came(between_s, fact.by, now, self._camera.timezone)


def _knows_when(story: Story) -> bool:
    return any(reason.code == trace.CAME for reason in story.noted)
