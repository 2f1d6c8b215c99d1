"""The open stories of one rule at one camera, and what happens to every story whatever rule it is judged by.

A verdict is followed by a request for its packet ten seconds later; a committed packet makes it sealed; a thing that
left makes it closed. A thing that is back at its very place within `return_s` continues its story: its pixels are
asked for that long. A record that was closed by then stays closed, but its end is taken back until it leaves again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from detector.observation import Box
from rules import trace
from rules.incident import Incident, IncidentState, Reason
from rules.limits import Limits
from rules.steps import Keep, ProveStill, Seal, Step, StopProof
from rules.story import Story
from rules.zone import Zone
from streams.clock import FrameClock


class Docket:
    """Keeps stories and writes down their moves.

    Args:
        camera: whose.
        timezone: of the site, in which times are told.
        limits: how patient to be.
        restored: incidents that a restart left open.
        zones: by id, for the restored ones.
    """

    def __init__(
        self,
        camera: str,
        timezone: ZoneInfo,
        limits: Limits,
        restored: Iterable[Incident],
        zones: Mapping[str, Zone],
    ) -> None:
        self._camera, self._timezone, self._limits = camera, timezone, limits
        self._stories = {incident.id: self._again(incident, zones) for incident in restored}

    def __iter__(self) -> Iterator[Story]:
        return iter(tuple(self._stories.values()))

    def __contains__(self, incident_id: str) -> bool:
        return incident_id in self._stories

    def open(self, story: Story, box: Box, now: FrameClock) -> list[Step]:
        """A new candidate: store it, and ask its pixels."""
        self._stories[story.incident.id] = story
        return [Keep(story.incident), *self.ask(story, box, now)]

    def ask(self, story: Story, box: Box, now: FrameClock) -> list[Step]:
        """Have the pixels say from now on whether it stands still."""
        story.asked_s = story.kept_s = now.media_s
        return [ProveStill(story.incident.id, self._camera, box)]

    def keep_now_and_then(self, story: Story, now: FrameClock) -> list[Step]:
        """Store a candidate's stay every few seconds."""
        if now.media_s - story.kept_s < self._limits.keep_every_s:
            return []
        story.kept_s = now.media_s
        return [Keep(story.written())]

    def drop(self, story: Story, why: Reason, grounds: Iterable[Reason] = ()) -> list[Step]:
        """The candidate came to nothing; its trace says why."""
        reasons = (*story.reasons(self._timezone, story.last_seen), *story.noted, *grounds, why)
        story.incident = replace(story.written(), trace=reasons)
        del self._stories[story.incident.id]
        return [*self._stop_asking(story), *self._move(story, IncidentState.DROPPED)]

    def verdict(self, story: Story, now: FrameClock, grounds: Iterable[Reason] = ()) -> list[Step]:
        """The candidate is a violation; `grounds`: reasons of its rule besides those of every stay."""
        why = (*story.reasons(self._timezone, now), *story.noted, *grounds, trace.no_permit(story.bay))
        story.last_seen = now
        story.incident = replace(story.written(), raised=now, trace=why)
        story.seal_at_s = now.media_s + self._limits.seal_after_s
        return self._move(story, IncidentState.RAISED)

    def end(self, story: Story, when: FrameClock) -> list[Step]:
        """The thing has left."""
        story.incident, story.left_s = replace(story.written(), ended=when), when.media_s
        return self._close(story) or [Keep(story.incident)]

    def after(self, story: Story, now: FrameClock) -> list[Step]:
        """The thing has left: it may come back for a while, then the story is over."""
        incident, left_s = story.incident, now.media_s if story.left_s is None else story.left_s
        if story.is_back(now) and incident.ended is not None:
            back = trace.returned(incident.ended, now, self._timezone)
            story.last_seen = now
            story.incident = replace(story.written(), ended=None, trace=(*incident.trace, back))
            story.moved_at = story.back_s = story.left_s = None
            return [Keep(story.incident)]
        if now.media_s - left_s <= self._limits.return_s:
            return []
        if incident.state is IncidentState.CLOSED:
            del self._stories[incident.id]
        return self._stop_asking(story)

    def due(self, now: FrameClock) -> list[Step]:
        """The packets whose seconds after the verdict are over."""
        return [self._seal(story) for story in self if story.seal_at_s is not None and now.media_s >= story.seal_at_s]

    def finish(self, now: FrameClock) -> list[Step]:
        """The footage is over: candidates are dropped, packets are made of what there is, no pixels come any more."""
        steps: list[Step] = []
        for story in self:
            if story.is_candidate:
                steps += self.drop(story, trace.dropped("footage_ended", now))
                continue
            steps += [self._seal(story)] if story.seal_at_s is not None else []
            steps += self._stop_asking(story)
        return steps

    def sealed(self, incident_id: str) -> list[Step]:
        """The packet of an incident is committed; said twice, or of one that is not here, it changes nothing."""
        story = self._stories.get(incident_id)
        if story is None or story.incident.state is not IncidentState.RAISED:
            return []
        return [*self._move(story, IncidentState.SEALED), *self._close(story)]

    def _again(self, incident: Incident, zones: Mapping[str, Zone]) -> Story:
        story = Story(incident, zones.get(incident.zone_id), self._limits)
        if incident.state is IncidentState.RAISED:
            story.seal_at_s = (incident.raised or incident.last_seen).media_s + self._limits.seal_after_s
        if incident.ended is not None:
            story.left_s = incident.ended.media_s
        return story

    def _seal(self, story: Story) -> Seal:
        story.seal_at_s = None
        return Seal(story.written())

    def _close(self, story: Story) -> list[Step]:
        if story.has_left and story.incident.state is IncidentState.SEALED:
            return self._move(story, IncidentState.CLOSED)
        return []

    def _move(self, story: Story, state: IncidentState) -> list[Step]:
        story.incident = story.written().moved(state)
        return [Keep(story.incident)]

    def _stop_asking(self, story: Story) -> list[Step]:
        if story.asked_s is None:
            return []
        story.asked_s = None
        return [StopProof(story.incident.id, self._camera)]
