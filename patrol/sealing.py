"""From a raised incident to a committed packet and a queued case: never in the loop's thread, never half."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from api.cases import report_of
from api.incidents import SealedPacket
from api.outgoing import Outgoing
from api.store import Store
from evidence.ledger import LedgerDamaged
from patrol.evidence_room import EvidenceRoom
from patrol.recorder import Recording
from rules.incident import Incident, IncidentState
from rules.steps import Notice

log = logging.getLogger(__name__)

RETRY_S = 10.0
"""Pause before sealing is tried again, on a full disk for example."""
STAMP_LOOK_S, STAMP_AGAIN_S = 0.5, 60.0
"""How often the stamping thread looks whether something was sealed; its pause after an authority did not answer."""


@dataclass(slots=True)
class _Job:
    incident: Incident
    recording: Callable[[], Recording]
    not_before: float = 0.0


class BoxDesk:
    """The desk of a box that watches: incidents into the store, packets into the evidence room, cases into the outbox.

    One worker seals for all cameras, so that packets have one order. A job that fails is tried again until it succeeds:
    a finding must not be lost to a full disk.

    Args:
        store: of the site.
        room: where packets are made.
        targets: names of the dispatch targets that get each case.
        queued: told after each commit, so that the outbox need not wait for its next round.
    """

    def __init__(
        self, store: Store, room: EvidenceRoom, targets: Sequence[str], queued: Callable[[], None] = lambda: None
    ) -> None:
        self._store, self._room, self._targets, self._queued = store, room, tuple(targets), queued
        self._jobs: queue.Queue[_Job] = queue.Queue()
        self._done: dict[str, Callable[[str], None]] = {}
        self._sealed: set[str] = set()
        self._lock = threading.Lock()
        self._unstamped = threading.Event()
        self.problem = ""

    def keep(self, incident: Incident) -> None:
        """Store it, whatever happens next."""
        self._store.keep_incident(incident, datetime.now(UTC))

    def notice(self, notice: Notice) -> None:
        """Into the log."""
        log.warning("%s: %s: %s", notice.camera, notice.code, notice.text)

    def seal(self, incident: Incident, recording: Callable[[], Recording], done: Callable[[str], None]) -> None:
        """Queue it for the worker; of a second request for the same incident only the newest `done` counts."""
        with self._lock:
            known = incident.id in self._done
            self._done[incident.id] = done
            sealed = incident.id in self._sealed
        if sealed:
            done(incident.id)
        elif not known:
            self._jobs.put(_Job(incident, recording))

    def no_room(self) -> str:
        """Why nothing new may be recorded, in words; empty while there is room."""
        return self._room.no_room()

    @property
    def backlog(self) -> int:
        """Incidents waiting to be sealed."""
        return self._jobs.qsize()

    def work(self, stop: threading.Event) -> None:
        """Seal what is queued until `stop`; what then waits for its retry is found in the store at the next start."""
        # A thread of its own, and one that nobody waits for: an authority may take its time, or all of it.
        threading.Thread(target=self._stamp, args=(stop,), name="stamp", daemon=True).start()
        while not (stop.is_set() and self._jobs.empty()):
            try:
                job = self._jobs.get(timeout=0.2)
            except queue.Empty:
                continue
            if job.not_before > time.monotonic():
                self._jobs.put(job)
                if stop.wait(0.2):
                    return
            else:
                self._seal(job)

    def _stamp(self, stop: threading.Event) -> None:
        """After each sealing, once a day, and again while something waits: reading a ledger of years is not free."""
        today, again_at = "", 0.0
        while not stop.wait(STAMP_LOOK_S):
            now = datetime.now(UTC)
            if (not self._unstamped.is_set() and f"{now:%Y-%m-%d}" == today) or time.monotonic() < again_at:
                continue
            self._unstamped.clear()
            today = f"{now:%Y-%m-%d}"
            try:
                done = self._room.stamp(now)
                trouble = f"{done.waiting} packets wait: {done.problem}" if done.problem else ""
            except (OSError, LedgerDamaged) as problem:
                trouble = str(problem)
            if trouble:
                log.warning("time stamps: %s", trouble)
                self._unstamped.set()
                again_at = time.monotonic() + STAMP_AGAIN_S

    def _seal(self, job: _Job) -> None:
        now = datetime.now(UTC)
        try:
            packet = self._room.seal(job.incident, job.recording(), now)
        except OSError as problem:
            # The incident stays raised in the store; nothing is lost while there is no room for its packet.
            self.problem = f"incident {job.incident.id} is not sealed yet: {problem}; free some disk space"
            log.exception("sealing %s", job.incident.id)
            job.not_before = time.monotonic() + RETRY_S
            self._jobs.put(job)
            return
        self.problem = ""
        report = report_of(job.incident, packet.sha256).body()
        outgoing = [Outgoing(target, job.incident.id, report, packet.path) for target in self._targets]
        sealed = job.incident.moved(IncidentState.SEALED)
        self._store.commit_sealed(sealed, SealedPacket(packet.path, packet.sha256), outgoing, now)
        log.info("%s: sealed incident %s: %s", job.incident.camera, job.incident.id, packet.path)
        self._queued()
        self._unstamped.set()
        with self._lock:
            self._sealed.add(job.incident.id)
            done = self._done[job.incident.id]
        done(job.incident.id)
