"""The loop that joins the stages: frame, observation, steps. Everything else is a stage's own business."""

import logging
import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from detector.detections import Detections
from patrol.attention import Attention
from patrol.observe import Observer
from patrol.recorder import Recorder, Recording
from patrol.rounds import Rounds
from rules.engine import Engine
from rules.incident import Incident, IncidentState
from rules.steps import Keep, LookBack, Notice, ProveStill, Seal, Step, StopProof
from streams.cadence import Cadence
from streams.clock import FrameClock
from streams.decode import PictureDecoder
from streams.frame import Frame
from streams.packets import Codec, StreamPacket

log = logging.getLogger(__name__)

SETTLED_S = 4.0
"""A camera that was woken is watched at least this long: twice what the rules need to see that a thing stands."""

SELDOM_PER_S = 0.5
"""Looks a second while nothing is undecided, at a camera whose key frames are too rare to patrol on."""

HURRIED_PER_S = 1.0
"""Looks a second at a camera that is watched by a box that cannot keep up."""

_UNDECIDED = frozenset({IncidentState.CANDIDATE, IncidentState.RAISED})


class Desk(Protocol):
    """Who keeps incidents and makes packets: the box's store and sealer, or a replay's list."""

    def keep(self, incident: Incident) -> None:
        """Store the incident as it stands, before anything else happens."""

    def seal(self, incident: Incident, recording: Callable[[], Recording], done: Callable[[str], None]) -> None:
        """Make its packet and queue its case; `done(incident_id)` once both are committed, from any thread."""

    def notice(self, notice: Notice) -> None:
        """Tell a person."""


class CameraPatrol:
    """One camera from its packets to its incidents.

    With an `attention` it patrols: it glances at key frames until something has come to stand in a zone, then looks
    back to its arrival and watches every picture until nothing is left undecided. Without one it always watches.

    `record` belongs to the thread that reads the camera, everything else to the one that looks (which may be the
    same); only `seal_now` may come from others.

    Args:
        camera: its id.
        observer: looks at its pictures.
        engine: the rules.
        recorder: keeps what evidence is made of.
        cadence: of the looks while it is watched.
        desk: keeps incidents, makes packets.
        attention: None: every picture is decoded, always.
        restored: incidents that a restart left open.

    Attributes:
        newest: of the newest look that the rules saw.
        looks: that the rules saw so far.
        watching: whether every picture is decoded.
    """

    def __init__(
        self,
        camera: str,
        observer: Observer,
        engine: Engine,
        recorder: Recorder,
        cadence: Cadence,
        desk: Desk,
        attention: Attention | None = None,
        restored: Sequence[Incident] = (),
    ) -> None:
        self.camera = camera
        self._observer, self._engine, self._recorder = observer, engine, recorder
        self._cadence, self._seldom, self._hurried = cadence, Cadence(SELDOM_PER_S), Cadence(HURRIED_PER_S)
        self._desk, self._hurries = desk, False
        self._rounds = None if attention is None else Rounds(camera, attention, observer.detect, self._look)
        self._undecided = {i.id for i in restored if i.camera == camera and i.state in _UNDECIDED}
        self._woke_s = -math.inf
        self._decoder: PictureDecoder | None = None
        self._sealed: deque[str] = deque()
        self._recording = threading.Lock()
        self.newest: FrameClock | None = None
        self.looks = 0
        self.watching = attention is None

    def take(self, packet: StreamPacket) -> None:
        """Record one packet and look at the pictures that come out of it."""
        self.record(packet)
        self.look_at(packet)

    def record(self, packet: StreamPacket) -> None:
        """Keep it for evidence, whether or not anybody has time to look at it."""
        with self._recording:
            self._recorder.record(packet)

    def look_at(self, packet: StreamPacket, *, hurry: bool = False) -> None:
        """Patrol or watch; in a `hurry` no glance is made, and a watched camera is looked at less often."""
        self._hurries = hurry
        if self._rounds is None:
            self._watch(packet)
            return
        if packet.is_key:
            self._rounds.keys.note(packet.clock)
        rare = self._rounds.keys.rare(packet.clock)
        if self.watching and packet.is_key and not rare and not self._alert(packet.clock):
            self._rest(self._rounds)
        if self.watching:
            self._watch(packet)
        elif self._rounds.take(packet, glance=not hurry) or self._undecided or rare:
            self._wake(self._rounds, packet.clock)

    def finish(self) -> None:
        """The footage is over: look at what was not looked at yet, seal what is raised, drop what is not."""
        if self._rounds is not None and not self.watching and self.newest is not None:
            self._wake(self._rounds, self.newest)
        for frame in self._decoder.flush() if self._decoder else ():
            self._look_if_due(frame)
        if self.newest is not None:
            self._carry_out(self._engine.finish(self.camera, self.newest))
            self._settle()

    @property
    def problem(self) -> str:
        """What keeps evidence from being recorded; empty when all is well."""
        return self._recorder.problem

    @property
    def always_watched(self) -> bool:
        """Whether it never patrols."""
        return self._rounds is None

    @property
    def glances(self) -> int:
        """Key frames looked at on patrol so far."""
        return 0 if self._rounds is None else self._rounds.glances

    @property
    def undecided(self) -> bool:
        """Whether a candidate lives, or an incident is raised and not sealed yet."""
        return bool(self._undecided)

    def seal_now(self, incident: Incident) -> None:
        """Seal with what there is, because the camera does not deliver the rest; may come from another thread."""
        self._seal(incident)

    def _watch(self, packet: StreamPacket) -> None:
        for frame in self._decoded(packet):
            self._look_if_due(frame)

    def _alert(self, now: FrameClock) -> bool:
        return bool(self._undecided) or 0 <= now.media_s - self._woke_s < SETTLED_S

    def _wake(self, rounds: Rounds, now: FrameClock) -> None:
        """Something came to stand: look at all that happened since the last look, then go on watching."""
        packets, known = rounds.look_back()
        self.watching, self._woke_s = True, now.media_s
        looked_s = -math.inf if self.newest is None else self.newest.media_s
        for packet in packets:
            for frame in self._decoded(packet):
                if frame.clock.media_s > looked_s and self._cadence.due(frame.clock):
                    self._look(frame, known.get(frame.clock.media_s))

    def _rest(self, rounds: Rounds) -> None:
        """Nothing is undecided: back on patrol. The decoder goes, it holds several pictures."""
        for frame in self._decoder.flush() if self._decoder else ():
            self._look_if_due(frame)
        self._decoder, self.watching = None, False
        rounds.begin()

    def _look_if_due(self, frame: Frame) -> None:
        if self._rounds is None or self._alert(frame.clock):
            if (self._hurried if self._hurries else self._cadence).due(frame.clock):
                self._look(frame)
        # Key frames are too rare for a patrol: every picture is decoded, but few are looked at.
        elif self._seldom.due(frame.clock):
            found = self._observer.detect(frame)
            if self._rounds.suspicious(found, frame.clock):
                self._woke_s = frame.clock.media_s
            self._look(frame, found)

    def _look(self, frame: Frame, found: Detections | None = None) -> None:
        self._settle()
        seen = self._observer.observe(frame, found)
        self._recorder.note(seen)
        self.newest, self.looks = frame.clock, self.looks + 1
        self._carry_out(self._engine.judge(seen))

    def _keep(self, incident: Incident) -> None:
        self._desk.keep(incident)
        with self._recording:
            self._recorder.follow(incident)
        if incident.state in _UNDECIDED:
            self._undecided.add(incident.id)
        else:
            self._undecided.discard(incident.id)
        if self._rounds is not None:
            if incident.ended is None:
                self._rounds.attention.accept([incident.box_px])
            else:
                self._rounds.attention.forget(incident.box_px)

    def _carry_out(self, steps: Sequence[Step]) -> None:
        for step in steps:
            match step:
                case ProveStill(question, _, box_px):
                    self._observer.prove_still(question, box_px)
                case LookBack(question, _, box_px):
                    self._observer.look_back(question, box_px)
                case StopProof(question, _):
                    self._observer.stop_proof(question)
                case Keep(incident):
                    self._keep(incident)
                case Seal(incident):
                    self._seal(incident)
                case Notice():
                    self._desk.notice(step)

    def _seal(self, incident: Incident) -> None:
        self._desk.seal(incident, lambda: self._recorder.recording(incident), self._sealed.append)

    def _settle(self) -> None:
        """Tell the rules which packets are committed; done here so that the engine has one thread."""
        while self._sealed:
            self._carry_out(self._engine.sealed(self._sealed.popleft()))

    def _decoded(self, packet: StreamPacket) -> list[Frame]:
        if self._decoder is None or self._decoder_codec != packet.codec:
            self._decoder, self._decoder_codec = PictureDecoder(packet.codec, camera=self.camera), packet.codec
        return self._decoder.decode(packet)

    _decoder_codec: Codec | None = None
