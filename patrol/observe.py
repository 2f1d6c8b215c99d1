"""From a frame to an observation: the detectors, the tracker and the open proofs of one camera, in one place."""

from collections.abc import Sequence

from detector.detections import Detections
from detector.detector import Detector
from detector.observation import Box, Observation, StillnessFact
from detector.stillness import RegionProof
from detector.tracker import Tracker
from streams.frame import Frame


class Observer:
    """Looks at one camera's frames.

    Args:
        camera: id of the camera.
        size_px: the picture that zones and all boxes here refer to, (width, height); None: as the stream comes.
        detectors: run on each look; classes are joined by name.
        tracker: this camera's own.
    """

    def __init__(self, camera: str, size_px: tuple[int, int], detectors: Sequence[Detector], tracker: Tracker) -> None:
        self.camera, self.size_px = camera, size_px
        self._detectors, self._tracker = tuple(detectors), tracker
        self._proofs: dict[str, RegionProof] = {}
        self._frame: Frame | None = None
        self._looked_for = frozenset(name for detector in detectors for name in detector.names)

    def observe(self, frame: Frame) -> Observation:
        """One look: what is there, what stays, and what the open questions' regions say."""
        self._frame = frame
        found = Detections.empty()
        for detector in self._detectors:
            found = found.joined(detector.detect(frame))
        width, height = frame.size_px
        found = found.scaled(self.size_px[0] / width, self.size_px[1] / height)
        tracks = self._tracker.update(found, frame.clock.media_s)
        return Observation(
            camera=self.camera,
            clock=frame.clock,
            tracks=tracks,
            stillness=tuple(self._answers(frame, [t.box_px for t in tracks if t.last_seen_s == frame.clock.media_s])),
            looked_for=self._looked_for,
        )

    def _answers(self, frame: Frame, seen: Sequence[Box]) -> list[StillnessFact]:
        return [proof.look(frame, seen) for proof in self._proofs.values()]

    def prove_still(self, question: str, box_px: Box) -> None:
        """Begin to watch a region, as the newest look shows it; asking again starts anew."""
        if self._frame is not None:
            self._proofs[question] = RegionProof(question, self._frame, box_px, self.size_px)

    def stop_proof(self, question: str) -> None:
        """The question is settled; an unknown one is none."""
        self._proofs.pop(question, None)
