"""The loop that joins the stages: frame, observation, steps. Everything else is a stage's own business."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from patrol.observe import Observer
from patrol.recorder import Recorder, Recording
from rules.engine import Engine
from rules.incident import Incident
from rules.steps import Keep, Notice, ProveStill, Seal, Step, StopProof
from streams.cadence import Cadence
from streams.clock import FrameClock
from streams.decode import PictureDecoder
from streams.frame import Frame
from streams.packets import Codec, StreamPacket

log = logging.getLogger(__name__)


class Desk(Protocol):
    """Who keeps incidents and makes packets: the box's store and sealer, or a replay's list."""

    def keep(self, incident: Incident) -> None:
        """Store the incident as it stands, before anything else happens."""

    def seal(self, incident: Incident, recording: Callable[[], Recording], done: Callable[[str], None]) -> None:
        """Make its packet and queue its case; `done(incident_id)` once both are committed, from any thread."""

    def notice(self, notice: Notice) -> None:
        """Tell a person."""


class CameraPatrol:
    """One camera from its packets to its incidents. Belongs to one thread; only `seal_now` may come from others."""

    def __init__(
        self, camera: str, observer: Observer, engine: Engine, recorder: Recorder, cadence: Cadence, desk: Desk
    ) -> None:
        self.camera = camera
        self._observer, self._engine, self._recorder = observer, engine, recorder
        self._cadence, self._desk = cadence, desk
        self._decoder: PictureDecoder | None = None
        self._sealed: deque[str] = deque()
        self.newest: FrameClock | None = None
        self.looks = 0

    def take(self, packet: StreamPacket) -> None:
        """Record one packet and look at the pictures that come out of it."""
        self._recorder.record(packet)
        for frame in self._decoded(packet):
            if self._cadence.due(frame.clock):
                self._look(frame)

    def finish(self) -> None:
        """The footage is over: look at what the decoder still holds, seal what is raised, drop what is not."""
        for frame in self._decoder.flush() if self._decoder else ():
            if self._cadence.due(frame.clock):
                self._look(frame)
        if self.newest is not None:
            self._carry_out(self._engine.finish(self.camera, self.newest))
            self._settle()

    @property
    def problem(self) -> str:
        """What keeps evidence from being recorded; empty when all is well."""
        return self._recorder.problem

    def seal_now(self, incident: Incident) -> None:
        """Seal with what there is, because the camera does not deliver the rest; may come from another thread."""
        self._seal(incident)

    def _look(self, frame: Frame) -> None:
        self._settle()
        seen = self._observer.observe(frame)
        self._recorder.note(seen)
        self.newest, self.looks = frame.clock, self.looks + 1
        self._carry_out(self._engine.judge(seen))

    def _carry_out(self, steps: Sequence[Step]) -> None:
        for step in steps:
            match step:
                case ProveStill(question, _, box_px):
                    self._observer.prove_still(question, box_px)
                case StopProof(question, _):
                    self._observer.stop_proof(question)
                case Keep(incident):
                    self._desk.keep(incident)
                    self._recorder.follow(incident)
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
