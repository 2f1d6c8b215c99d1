"""The unit of everything: one violation at one place, whatever happens to the boxes that show it.

An incident begins as a `candidate` when something that may not stay stands in a zone. It is `raised` when the rule's
conditions held long enough, and from then on it is a finding that can no longer vanish: it is `sealed` once its packet
is on disk and its case is queued, and `closed` when the thing has left and the packet is sealed. A candidate that
leaves in time, or turns out to be allowed, is `dropped`. Nothing else can happen:

    candidate -> raised -> sealed -> closed
        \\-> dropped

The thing may leave at any time after the verdict; `ended` says when, independent of the state of its evidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from detector.observation import Box
from streams.clock import FrameClock


class IncidentState(StrEnum):
    """Where an incident is in its life."""

    CANDIDATE = "candidate"
    RAISED = "raised"
    SEALED = "sealed"
    CLOSED = "closed"
    DROPPED = "dropped"


MOVES: Mapping[IncidentState, frozenset[IncidentState]] = MappingProxyType(
    {
        IncidentState.CANDIDATE: frozenset({IncidentState.RAISED, IncidentState.DROPPED}),
        IncidentState.RAISED: frozenset({IncidentState.SEALED}),
        IncidentState.SEALED: frozenset({IncidentState.CLOSED}),
        IncidentState.CLOSED: frozenset(),
        IncidentState.DROPPED: frozenset(),
    }
)


class IllegalMove(Exception):
    """Somebody asked an incident for a step that its table does not have."""

    def __init__(self, incident_id: str, old: IncidentState, new: IncidentState) -> None:
        super().__init__(f"incident {incident_id} cannot go from {old} to {new}; see MOVES in rules/incident.py")
        self.incident_id, self.old, self.new = incident_id, old, new


class Phase(StrEnum):
    """How much weight a rule carries."""

    SHADOW = "shadow"  # counted, never shown as a finding
    WARNING = "warning"  # a notice, no penalty
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of a verdict, as data and as a sentence.

    Attributes:
        code: stable name: `in_zone`, `dwell`, `hours`, `still`, `permit`, ...
        data: the figures behind it; JSON values only.
        en, zh: the same in words.
    """

    code: str
    data: Mapping[str, object]
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Incident:
    """One violation, or the suspicion of one.

    Attributes:
        id: a UUID made from camera, zone, kind and start, so that replaying footage gives the same ids.
        camera: id of the camera that saw it.
        kind: `illegal_parking`, `street_vending`, `dumped_waste`, ...
        class_name: the detector's class of the thing.
        zone_id: the zone it is judged by.
        phase: of the zone, when the incident began.
        state: see the module.
        box_px: of the thing at rest, in pixels of the camera's `size_px`.
        started: when it came to a stand in the zone (or its permit ended).
        last_seen: when it was last known to be there.
        dwell_s: counted stay, seconds; time that does not count is not in it.
        raised: when the verdict fell.
        ended: when it was gone.
        trace: why, in order.
    """

    id: str
    camera: str
    kind: str
    class_name: str
    zone_id: str
    phase: Phase
    state: IncidentState
    box_px: Box
    started: FrameClock
    last_seen: FrameClock
    dwell_s: float = 0.0
    score: float = 0.0
    raised: FrameClock | None = None
    ended: FrameClock | None = None
    trace: tuple[Reason, ...] = field(default=())

    @property
    def is_open(self) -> bool:
        """Whether rules still have to do with it: what a restart hands to `Engine(restored=...)`.

        A thing that came back within minutes after its record was closed is still the same story, so a closed record
        without an end is open.
        """
        settled = (IncidentState.SEALED, IncidentState.CLOSED)
        if self.state in settled:
            return self.ended is None
        return self.state is not IncidentState.DROPPED

    def moved(self, new: IncidentState) -> "Incident":
        """The incident in its next state.

        Raises:
            IllegalMove: the table has no such move.
        """
        if new not in MOVES[self.state]:
            raise IllegalMove(self.id, self.state, new)
        return replace(self, state=new)
