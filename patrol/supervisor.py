"""Everything that runs while a site is watched, and when it is started again. One thread a row:

thread            what it does                                             ends
watch-CAMERA      packets -> ring and spool -> lookers                      at stop; restarted after any defect
look-N            frames -> observations -> steps, for all cameras          at stop; one a core
seal              raised incidents -> packets -> outbox                     at stop, when its queue is empty
outbox            cases -> dispatch targets, until acknowledged             at stop
(caller)          health to the store, overdue incidents to the sealer      at stop
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from api.cameras import WATCHED, CameraHealth
from api.dispatch.outbox import Outbox
from api.store import Store
from patrol.lookers import Lookers, Seat
from patrol.pipeline import CameraPatrol
from patrol.sealing import BoxDesk
from patrol.sources import Source
from rules.incident import Incident, IncidentState
from streams.camera_health import CameraState

log = logging.getLogger(__name__)

HEALTH_EVERY_S = 2.0
RESTART_AFTER_S = 2.0
STUCK_S = 45.0
"""A turn of looks takes a second or two; one that takes this long will not end by itself."""
OVERDUE_S = 30.0
"""A raised incident whose camera stays silent is sealed with what there is this long after the verdict."""


@dataclass(slots=True)
class Watch:
    """One camera: where its packets come from, and how its patrol is made anew after a defect.

    Attributes:
        source: yields packets until it is told to stop.
        build: makes the patrol with the incidents that are open in the store.
        patrol: the living one.
    """

    camera: str
    source: Source
    build: Callable[[Sequence[Incident]], CameraPatrol]
    patrol: CameraPatrol | None = None
    defect: str = ""
    seat: Seat | None = None
    shed_before: int = 0


@dataclass(slots=True)
class Supervisor:
    """Runs a site until it is told to stop.

    Attributes:
        watches: the cameras.
        desk: seals.
        outbox: sends; None where nobody is to be told.
        workers: threads that look.
        beat: called every few seconds while no look hangs; a service manager restarts us when it stays away.
    """

    store: Store
    watches: Sequence[Watch]
    desk: BoxDesk
    outbox: Outbox | None
    workers: int = 1
    beat: Callable[[], None] = lambda: None
    _raised: dict[str, float] = field(default_factory=dict)

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set; returns when every thread has ended."""
        self.store.keep_cameras(frozenset(watch.camera for watch in self.watches))
        threads = [threading.Thread(target=self.desk.work, args=(stop,), name="seal")]
        if self.outbox is not None:
            threads.append(threading.Thread(target=self.outbox.run, args=(stop,), name="outbox"))
        with Lookers(self.workers) as lookers:
            threads += [
                threading.Thread(target=self._watch, args=(watch, lookers, stop), name=f"watch-{watch.camera}")
                for watch in self.watches
            ]
            for thread in threads:
                thread.start()
            while not stop.wait(HEALTH_EVERY_S):
                self._tell_health()
                self._seal_overdue()
                if lookers.longest_turn_s < STUCK_S:
                    self.beat()
            for thread in threads:
                thread.join()

    def _watch(self, watch: Watch, lookers: Lookers, stop: threading.Event) -> None:
        """The worker of one camera. The program's one broad except is here: no camera takes another one down."""
        while not stop.is_set():
            try:
                mine = [incident for incident in self.store.open_incidents() if incident.camera == watch.camera]
                watch.patrol = watch.build(mine)
                watch.seat, watch.defect, watch.shed_before = lookers.seat(watch.patrol), "", 0
                for packet in watch.source.packets(stop):
                    watch.patrol.record(packet)
                    lookers.offer(watch.seat, packet)
                return
            except Exception:
                log.exception("watch-%s failed; it starts again in %.0f s", watch.camera, RESTART_AFTER_S)
                watch.defect = "the watcher failed and is being restarted; see the log"
            stop.wait(RESTART_AFTER_S)

    def _tell_health(self) -> None:
        for watch in self.watches:
            self.store.note_camera(_health(watch, self.desk.problem))

    def _seal_overdue(self) -> None:
        now = time.monotonic()
        raised = {i.id: i for i in self.store.open_incidents() if i.state is IncidentState.RAISED}
        self._raised = {name: self._raised.get(name, now) for name in raised}
        for watch in self.watches:
            if watch.patrol is None:
                continue
            for incident in (i for i in raised.values() if i.camera == watch.camera):
                if now - self._raised[incident.id] > OVERDUE_S:
                    watch.patrol.seal_now(incident)


def _shed(watch: Watch) -> str:
    """Whether looks were shed since the last time this was asked."""
    so_far = watch.seat.shed if watch.seat is not None else 0
    new, watch.shed_before = so_far - watch.shed_before, so_far
    return f"this box is too busy: {new} looks left out in the last {HEALTH_EVERY_S:.0f} s" if new > 0 else ""


def _health(watch: Watch, problem: str) -> CameraHealth:
    state = watch.source.health
    newest = watch.patrol.newest if watch.patrol is not None else None
    trouble = [watch.defect, watch.patrol.problem if watch.patrol else "", problem, _shed(watch)]
    live = state.state is CameraState.LIVE
    if not live:
        trouble.insert(0, state.last_error)
    return CameraHealth(
        camera=watch.camera,
        state=WATCHED if live and not watch.defect else state.state.value,
        detail="; ".join(text for text in trouble if text),
        frame_at=newest.captured_at if newest is not None else None,
        updated=datetime.now(UTC),
    )
