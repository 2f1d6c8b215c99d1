"""What was seen around an incident, kept for the boxes beside its clip."""

import threading
from collections import deque

from detector.observation import Observation
from patrol.sampling import in_sample
from rules.incident import Incident, IncidentState

BEFORE_S, AFTER_S = 10.0, 10.0
"""An uncut clip runs from 10 s before the stop to 10 s after the verdict (docs/verify.md, evidence minimum)."""

FOLLOWED = frozenset({IncidentState.CANDIDATE, IncidentState.RAISED})


def wanted_s(incident: Incident) -> tuple[float, float]:
    """Media time that the clip of a raised incident should cover."""
    verdict = incident.raised or incident.last_seen
    return incident.started.media_s - BEFORE_S, verdict.media_s + AFTER_S


class LookLog:
    """The observations of one camera, as far back as the ring goes or a followed incident needs.

    Written by the camera's thread, read by the one that seals.
    """

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._lock = threading.Lock()
        self._looks: deque[Observation] = deque()
        self._held: list[Observation] = []
        self._followed: dict[str, float] = {}

    def note(self, seen: Observation) -> None:
        """Add one look and forget what nobody needs."""
        with self._lock:
            self._looks.append(seen)
            while self._looks and self._looks[0].clock.media_s < seen.clock.media_s - self._keep_s:
                old = self._looks.popleft()
                if any(in_sample(old.clock.media_s, first_s) for first_s in self._followed.values()):
                    self._held.append(old)

    def follow(self, incident: Incident) -> None:
        """Hold the looks of an open incident."""
        with self._lock:
            if incident.state in FOLLOWED:
                self._followed[incident.id] = wanted_s(incident)[0]
            else:
                self._followed.pop(incident.id, None)
                oldest = min(self._followed.values(), default=float("inf"))
                self._held = [seen for seen in self._held if seen.clock.media_s >= oldest]

    def between(self, from_s: float, to_s: float) -> tuple[Observation, ...]:
        """The looks of a range of media time."""
        with self._lock:
            return tuple(seen for seen in (*self._held, *self._looks) if from_s <= seen.clock.media_s <= to_s)
