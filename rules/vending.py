"""A stall that stands where nothing may be sold, and somebody who stays with it.

Goods that nobody is with are goods on the road and no sale, so the stay alone (`rules/stay.py`) is not enough: in at
least half of the looks a person stood at the stall or sat in it. Customers come and go, so nobody asks that it be the
same person; passers-by do not stay that long. A permitted point that the stall mostly stands in allows it while the
point's hours hold; who stays after they ended is counted from then. A cart that moves on begins anew at each stop.

Where the detectors cannot see people nothing is raised, and a person is told.
"""

from typing import ClassVar

from detector.observation import Observation
from rules import trace
from rules.boxes import grown, touch
from rules.incident import Reason
from rules.kinds import VENDING
from rules.stay import StayRule
from rules.steps import Step
from rules.story import Story
from streams.clock import FrameClock

PERSON = "person"

_REACH = 0.15
"""How far beside the stall's box somebody may stand who is with it, as a share of the box's mean side."""

_MOST_LOOKS = 0.5


class VendingRule(StayRule):
    """Judges zones whose kind has the rule `vending`."""

    rule: ClassVar[str] = VENDING

    def _behold(self, story: Story, seen: Observation) -> None:
        if not story.is_candidate or PERSON not in seen.looked_for:
            return
        reach = grown(story.incident.box_px, _REACH)
        people = (t for t in seen.tracks if t.class_name == PERSON and t.last_seen_s == seen.clock.media_s)
        story.people_looks += 1
        story.with_people += any(touch(reach, person.box_px) for person in people)

    def _held(self, story: Story, now: FrameClock) -> list[Step] | None:
        if not story.people_looks:
            assert story.zone is not None  # noqa: S101 - a candidate without a zone was dropped
            return self._told.once("no_people", story.zone, now, "no detector of the site finds people; add one")
        if story.with_people >= _MOST_LOOKS * story.people_looks:
            return None
        return self._docket.keep_now_and_then(story, now)

    def _grounds(self, story: Story) -> tuple[Reason, ...]:
        return (trace.attended(story.with_people, story.people_looks),)
