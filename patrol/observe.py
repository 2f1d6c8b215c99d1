"""From a frame to an observation: the detectors, the tracker and the open proofs of one camera, in one place."""

from collections.abc import Sequence

from detector.change import CleanReference
from detector.detections import Detections
from detector.detector import Detector
from detector.observation import Appearance, AppearanceFact, Box, Observation, SceneState, StillnessFact, Track
from detector.scene import SceneGuard
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
        reference: past pictures of this camera, where its zones ask when something came; None: nobody asks.
    """

    def __init__(
        self,
        camera: str,
        size_px: tuple[int, int],
        detectors: Sequence[Detector],
        tracker: Tracker,
        reference: CleanReference | None = None,
    ) -> None:
        self.camera, self.size_px = camera, size_px
        self._detectors, self._tracker = tuple(detectors), tracker
        self._guard, self._reference = SceneGuard(), reference
        self._appearances: list[AppearanceFact] = []
        self._proofs: dict[str, RegionProof] = {}
        self._regions: dict[str, Box] = {}
        self._frame: Frame | None = None
        self._looked_for = frozenset(name for detector in detectors for name in detector.names)

    def detect(self, frame: Frame) -> Detections:
        """What the detectors see in a frame, in pixels of `size_px`; changes nothing here."""
        found = Detections.empty()
        for detector in self._detectors:
            found = found.joined(detector.detect(frame))
        width, height = frame.size_px
        return found.scaled(self.size_px[0] / width, self.size_px[1] / height)

    def observe(self, frame: Frame, found: Detections | None = None) -> Observation:
        """One look: what is there, what stays, and what the open questions' regions say.

        Args:
            frame: newer than the last one.
            found: what `detect` said of this frame; None: not asked yet.
        """
        before, self._frame = self._frame, frame
        if before is not None and before.size_px != frame.size_px:
            self._begin_again()
        if found is None:
            found = self.detect(frame)
        tracks = self._tracker.update(found, frame.clock.media_s)
        scene = self._guard.look(frame)
        self._remember(frame, tracks, scene)
        answered, self._appearances = tuple(self._appearances), []
        return Observation(
            camera=self.camera,
            clock=frame.clock,
            tracks=tracks,
            stillness=tuple(self._answers(frame, [t.box_px for t in tracks if t.last_seen_s == frame.clock.media_s])),
            scene=scene,
            looked_for=self._looked_for,
            appearances=answered,
        )

    def _answers(self, frame: Frame, seen: Sequence[Box]) -> list[StillnessFact]:
        return [proof.look(frame, seen) for proof in self._proofs.values()]

    def prove_still(self, question: str, box_px: Box) -> None:
        """Begin to watch a region, as the newest look shows it; asking again starts anew."""
        self._regions[question] = box_px
        if self._frame is not None:
            self._proofs[question] = RegionProof(question, self._frame, box_px, self.size_px)

    def stop_proof(self, question: str) -> None:
        """The question is settled; an unknown one is none."""
        self._regions.pop(question, None)
        self._proofs.pop(question, None)

    def look_back(self, question: str, box_px: Box) -> None:
        """Find when what a region shows in the newest look came there; the next look answers."""
        if self._frame is None or self._reference is None:
            self._appearances.append(AppearanceFact(question, Appearance.UNKNOWN, None, 0.0))
        else:
            self._appearances.append(self._reference.appearance(question, self._frame, box_px))

    def _remember(self, frame: Frame, tracks: Sequence[Track], scene: SceneState) -> None:
        if self._reference is None:
            return
        if scene is SceneState.SOUND:
            self._reference.note(frame, tracks)
        elif scene is SceneState.BUMPED:
            self._reference.forget()

    def _begin_again(self) -> None:
        """The stream changed its resolution: pixels before and after do not compare, so each proof starts anew."""
        for question, box_px in self._regions.items():
            self.prove_still(question, box_px)
