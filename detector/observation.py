"""What one look at a camera established: the value that rules judge. Pure: arrays and numbers, no pixels."""

from dataclasses import dataclass
from enum import StrEnum

from streams.clock import FrameClock

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels of the camera's `size_px`."""


@dataclass(frozen=True, slots=True)
class Track:
    """One thing followed through pictures of one camera.

    Attributes:
        id: unique for a camera and a run of the program; never means the same thing after a restart.
        class_name: the class most often seen on it lately.
        score: of the newest detection, 0 to 1.
        box_px: newest seen box.
        first_seen_s, last_seen_s: `media_s` of the first and the newest detection.
        hits: number of looks in which it was detected.
    """

    id: int
    class_name: str
    score: float
    box_px: Box
    first_seen_s: float
    last_seen_s: float
    hits: int


class Stillness(StrEnum):
    """What the pixels of one fixed region say about the thing that stood there when the proof began."""

    STILL = "still"  # the same thing, at the same place
    MOVED = "moved"  # the same thing shifted, or something else is there now
    COVERED = "covered"  # something stands in front: no proof either way


@dataclass(frozen=True, slots=True)
class StillnessFact:
    """The answer to a rule's question whether one region stayed as it was.

    Attributes:
        question: the id that asked (`ProveStill.question`).
        verdict: still, moved or covered.
        shift_px: estimated displacement of the thing against the start of the proof, pixels.
        similarity: 0 to 1, of the region against the start, after its light was evened out.
    """

    question: str
    verdict: Stillness
    shift_px: float
    similarity: float


class Appearance(StrEnum):
    """Whether what a region shows was there before."""

    NEW = "new"  # it came while the camera watched
    OLD = "old"  # it was there as far back as the reference reaches
    UNKNOWN = "unknown"  # the camera has not watched for long enough to say


@dataclass(frozen=True, slots=True)
class Bystander:
    """Somebody or something that stood at a place.

    Attributes:
        class_name: a person, or which vehicle.
        box_px: halfway through.
        from_s, to_s: media time of the first and the last sight of it there.
    """

    class_name: str
    box_px: Box
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class AppearanceFact:
    """The answer to a rule's question when something came to a place, and who was there.

    Attributes:
        question: the id that asked (`LookBack.question`).
        verdict: new, old or unknown.
        between_s: media time of the last picture without it and the first with it; None unless new.
        similarity: 0 to 1, share of the place that looked before as it does now.
        by: who was there then, the one that stayed longest first.
    """

    question: str
    verdict: Appearance
    between_s: tuple[float, float] | None
    similarity: float
    by: tuple[Bystander, ...] = ()


class SceneState(StrEnum):
    """Whether the picture can be trusted at all."""

    SOUND = "sound"
    BUMPED = "bumped"
    COVERED = "covered"
    FROZEN = "frozen"
    DAZZLED = "dazzled"


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything one look found.

    Attributes:
        camera: id of the camera.
        clock: of the frame looked at.
        tracks: every living track; one was seen in this look when its `last_seen_s` equals `clock.media_s`.
        stillness: answers to the questions that rules asked before.
        scene: whether the picture is sound.
        appearances: answers to the questions when something came.
        looked_for: classes that the detectors of this look could have found; a track of another class is not missed.
    """

    camera: str
    clock: FrameClock
    tracks: tuple[Track, ...] = ()
    stillness: tuple[StillnessFact, ...] = ()
    scene: SceneState = SceneState.SOUND
    looked_for: frozenset[str] = frozenset()
    appearances: tuple[AppearanceFact, ...] = ()
