"""One incident as it unfolds: its counted stay, what the pixels said, when it left, whether its packet was asked for.

A stay is counted from proof to proof: when the pixels say "still", the time since the last proof counts, if it is no
longer than `max_gap_s`; a longer stretch, covered or unanswered, does not count, and the trace says how much that was.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detector.observation import AppearanceFact, Box, Stillness, StillnessFact, Track
from rules import trace
from rules.boxes import as_array, iou, rounded, same_things
from rules.incident import Incident, IncidentState, Reason
from rules.kinds import TWO_WHEELERS
from rules.limits import TICK_S, Limits
from rules.settling import Standing
from rules.zone import Zone
from streams.clock import FrameClock

_NAMESPACE = uuid.UUID("6f0f5b5e-6d3c-5b8e-9d55-2a8f9b1f3f11")
_VERY_SAME_IOU = 0.8


def incident_id(camera: str, zone: Zone, started: FrameClock, box: Box) -> str:
    """The same footage gives the same ids: made from camera, zone, kind, start to the millisecond, and box."""
    start = started.captured_at.isoformat(timespec="milliseconds")
    name = f"{camera}|{zone.id}|{zone.kind.incident}|{start}|{rounded(box)}"
    return str(uuid.uuid5(_NAMESPACE, name))


@dataclass(slots=True)
class Story:
    """An incident and what is known about it between its moves. Belongs to one rule of one camera.

    Attributes:
        incident: as it was last written down; `written` brings stay and last sight up to date.
        zone: it is judged by; None when a restored one's zone is no longer in the site.
        limits: how patient to be.
        bay: the permitted zone it stands in that allows a stay of limited length; None: none does.
        asked_s: media time at which the pixels were asked; None: not yet.
        proven_s: media time of the last proof that it stands there.
        verdict: newest answer; None: none yet.
        answered: whether the pixels ever said anything.
        answers, shift_px, similarity: how often "still" was said, the largest shift and the least similarity in it.
        uncounted_s: stretches between proofs that were too long to count.
        inside, sightings: how often the detector saw it in the zone, of how often at all.
        people_looks, with_people: looks in which people could be seen, and in which one was with it.
        appearance: when it came and who was there; None: not asked, or not answered yet.
        moved_at: when the pixels began to say "moved".
        back_s: media time since when an ended one is said to be back at its place.
        missing: since when neither detector nor pixels show it.
        left_s: media time at which it left.
        stay_s, last_seen: the counted stay, and when it was last known to be there.
        seal_at_s: media time at which its packet is due; None: asked for already, or no verdict yet.
        kept_s: media time at which it was last stored.
    """

    incident: Incident
    zone: Zone | None
    limits: Limits
    bay: Zone | None = None
    asked_s: float | None = None
    proven_s: float | None = None
    verdict: Stillness | None = None
    answered: bool = False
    answers: int = 0
    shift_px: float = 0.0
    similarity: float = 1.0
    uncounted_s: float = 0.0
    inside: int = 0
    sightings: int = 0
    people_looks: int = 0
    with_people: int = 0
    appearance: AppearanceFact | None = None
    moved_at: FrameClock | None = None
    back_s: float | None = None
    missing: FrameClock | None = None
    left_s: float | None = None
    seal_at_s: float | None = None
    stay_s: float = 0.0
    last_seen: FrameClock = field(init=False)
    kept_s: float = float("-inf")

    def __post_init__(self) -> None:
        self.stay_s, self.last_seen = self.incident.dwell_s, self.incident.last_seen

    @property
    def is_candidate(self) -> bool:
        """Not judged yet."""
        return self.incident.state is IncidentState.CANDIDATE

    @property
    def has_left(self) -> bool:
        """Raised, and gone."""
        return self.incident.ended is not None

    @property
    def need_s(self) -> float:
        """The stay that makes it a violation: the bay's limit where it stands in one, else the zone's."""
        if self.bay is not None and self.bay.max_stay_s is not None:
            return self.bay.max_stay_s
        return self.zone.dwell_s + self.zone.remind_s if self.zone else 0.0

    @property
    def noted(self) -> tuple[Reason, ...]:
        """What a candidate's trace holds before anything was decided: it is stored, so a restart knows it."""
        return self.incident.trace if self.is_candidate and self.zone is not None else ()

    def note(self, reason: Reason) -> None:
        """Add to it."""
        self.incident = replace(self.incident, trace=(*self.incident.trace, reason))

    def answer(self, fact: StillnessFact | None, track: Track | None, could_see: bool, now: FrameClock) -> None:
        """Take what the pixels and the detector say in this look; `could_see`: its class was looked for."""
        self.verdict = fact.verdict if fact else None
        self.answered |= fact is not None
        if fact and fact.verdict is Stillness.STILL:
            self.answers += 1
            self.shift_px = max(self.shift_px, fact.shift_px)
            self.similarity = min(self.similarity, fact.similarity)
            self.moved_at = None
        elif fact and fact.verdict is Stillness.MOVED:
            self.moved_at = self.moved_at or now
        # What was not looked for is not missed.
        self.missing = None if fact or track or not could_see else self.missing or now
        # While its place is covered, what the detector sees there may be what covers it.
        if self.verdict is Stillness.STILL or (track and fact is None):
            self.last_seen = now
        if track and self.is_candidate and self.verdict is Stillness.STILL:
            self._sighted(track)  # only while the pixels say that what is seen there is the thing itself

    def count(self, now: FrameClock) -> None:
        """The pixels prove that it still stands: the stretch since the last proof counts, unless it was too long."""
        stretch_s = max(0.0, now.media_s - (now.media_s if self.proven_s is None else self.proven_s))
        if stretch_s <= self.limits.max_gap_s + TICK_S:
            self.stay_s += stretch_s
        else:
            self.uncounted_s += stretch_s
        self.proven_s = now.media_s

    def written(self) -> Incident:
        """The incident as it stands now."""
        # Once a move and not once a look: a hundred parked cars are looked at five times a second.
        self.incident = replace(self.incident, dwell_s=self.stay_s, last_seen=self.last_seen)
        return self.incident

    def moved_away(self, track: Track | None, now: FrameClock) -> bool:
        """Whether "moved" was said for long enough to be believed.

        One bad answer ends no story. While the detector sees something in the very same box, the answer has to last
        longer: light that changes at once over the whole picture looks like another thing for a moment.
        """
        if self.moved_at is None or self.verdict is not Stillness.MOVED:
            return False
        same_box = track is not None and iou(track.box_px, self.incident.box_px) >= _VERY_SAME_IOU
        need_s = self.limits.moved_seen_s if same_box else self.limits.moved_s
        return now.media_s - self.moved_at.media_s >= need_s - TICK_S

    def missing_too_long(self, now: FrameClock) -> bool:
        """Whether nothing showed it for longer than a detector may miss it."""
        return self.missing is not None and now.media_s - self.missing.media_s > self.limits.max_gap_s

    def is_back(self, now: FrameClock) -> bool:
        """Whether an ended one is at its place again, by its pixels, for long enough to be believed."""
        if self.verdict is not Stillness.STILL:
            self.back_s = None
            return False
        self.back_s = now.media_s if self.back_s is None else self.back_s
        return now.media_s - self.back_s >= self.limits.moved_s - TICK_S

    def shift_time(self, delta_s: float) -> None:
        """The stream's time jumped by `delta_s`: what is waited for stays as far away as it was."""
        self.moved_at = self.missing = None
        self.back_s = None
        self.asked_s = None if self.asked_s is None else self.asked_s + delta_s
        self.left_s = None if self.left_s is None else self.left_s + delta_s
        self.seal_at_s = None if self.seal_at_s is None else self.seal_at_s + delta_s

    def reasons(self, timezone: ZoneInfo, end: FrameClock) -> tuple[Reason, ...]:
        """Why, as far as it is known at `end`."""
        incident, zone = self.incident, self.zone
        if zone is None:
            return incident.trace
        return (
            trace.thing(incident.class_name, incident.score),
            trace.in_zone(zone, incident.box_px, incident.started, end, timezone),
            trace.hours(zone),
            trace.still(self.answers, self.shift_px, self.similarity),
            trace.dwell(self.stay_s, self.need_s, self.uncounted_s),
            trace.phase(incident.phase),
        )

    def _sighted(self, track: Track) -> None:
        self.sightings += 1
        self.inside += self.zone is not None and self.zone.contains(track.box_px, track.class_name)
        if track.score > self.incident.score:
            # The surest sighting shows it best: the first one is often half hidden or still rolling.
            self.incident = replace(self.incident, box_px=track.box_px, score=track.score, class_name=track.class_name)


def suspected(camera: str, thing: Standing, zone: Zone, started: FrameClock, now: FrameClock) -> Incident:
    """A candidate: the thing came to a stand in the zone, and it counts from `started`."""
    return Incident(
        id=incident_id(camera, zone, started, thing.track.box_px),
        camera=camera,
        kind=zone.kind.incident,
        class_name=thing.track.class_name,
        zone_id=zone.id,
        phase=zone.phase,
        state=IncidentState.CANDIDATE,
        box_px=thing.track.box_px,
        started=started,
        last_seen=now,
        dwell_s=now.media_s - started.media_s,
        score=thing.track.score,
    )


def matches(stories: Sequence[Story], tracks: Sequence[Track]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which track may show which story's thing, and how well; shapes (stories, tracks)."""
    incidents = [story.incident for story in stories]
    same, overlap = same_things(as_array([i.box_px for i in incidents]), as_array([t.box_px for t in tracks]))
    two_a = np.array([i.class_name in TWO_WHEELERS for i in incidents], bool)
    two_b = np.array([t.class_name in TWO_WHEELERS for t in tracks], bool)
    return same & (two_a[:, None] == two_b[None, :]), overlap


def taken(stories: Sequence[Story], same: NDArray[np.bool_], tracks: Sequence[Track]) -> set[int]:
    """Ids of the tracks that belong to a story: any but one whose thing has left and is not back."""
    blocks = [n for n, s in enumerate(stories) if not (s.has_left and s.verdict is not Stillness.STILL)]
    return {tracks[int(n)].id for n in np.flatnonzero(same[blocks].any(axis=0))} if blocks else set()
