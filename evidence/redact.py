"""Which parts of a picture nobody outside may see, and how they are made unseeable: pixels replaced, nothing under it.

Faces are blurred wherever they are found, also through the window of the subject; of the people that the detector saw,
the head's part of their box as well, because far heads are too small for any face finder. Text of a plate's shape is
blurred unless it lies on the subject of the case. A subject that is a person keeps its face.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np

from detector.observation import Box
from evidence.reencode import Picture

HEAD = 0.28
"""A head with its hair takes this share of a person's box, from the top."""
GROW = 0.35
"""A found box grows by this share on each side: finders mark the face, and people walk on between two looks."""
LOOK_EVERY_S = 0.2
HOLD_S = 0.45
"""What was found in one picture is blurred this long before and after it: finders blink."""
CUT = 12.0
"""Mean difference of grey levels from which a picture shows something else: it is looked at by itself."""
_NEAR_LOOK_S = 0.35


class Finder(Protocol):
    """Finds one kind of thing in a picture."""

    def find(self, rgb: Picture, longest: int = ...) -> list[Box]:
        """Boxes in the picture's own pixels."""
        ...


@dataclass(frozen=True, slots=True)
class Finders:
    """Who looks for what."""

    faces: Finder
    plates: Finder


@dataclass(frozen=True, slots=True)
class Scene:
    """What the packet already knows about a picture, in the picture's own pixels.

    Attributes:
        heads: of people that the detector saw, the subject's own excepted.
        subject: box of the subject; None where it is not in the picture.
        person: whether the subject is a person, whose face then stays.
    """

    heads: tuple[Box, ...]
    subject: Box | None
    person: bool


def hidden(rgb: Picture, scene: Scene, finders: Finders, scales: Sequence[int] = (960,)) -> list[Box]:
    """The parts of one picture that are to be blurred, grown to be safe.

    Args:
        rgb: the picture.
        scene: what the packet knows about it.
        finders: who looks.
        scales: pixels of the longer side at which it is looked at; plates at the first.
    """
    keep_face = scene.subject if scene.person else None
    faces = [box for scale in scales for box in finders.faces.find(rgb, scale) if not _centred(box, keep_face)]
    plates = [box for box in finders.plates.find(rgb, scales[0]) if not _centred(box, scene.subject)]
    return [*(_grown(box, GROW) for box in faces), *(_grown(box, 0.1) for box in plates), *scene.heads]


def blur(rgb: Picture, boxes: Sequence[Box]) -> Picture:
    """A copy in which each box holds its mean colour alone: a softer blur still looks like a face to a finder."""
    height, width = rgb.shape[:2]
    out = rgb.copy()
    for left, top, right, bottom in boxes:
        x0, y0, x1, y1 = max(0, int(left)), max(0, int(top)), min(width, int(right) + 1), min(height, int(bottom) + 1)
        if x1 - x0 < 1 or y1 - y0 < 1:
            continue
        out[y0:y1, x0:x1] = rgb[y0:y1, x0:x1].mean(axis=(0, 1)).astype(np.uint8)
    return out


class ClipWatch:
    """Goes through a clip twice: first it finds, then it blurs, with what was found shortly before and after."""

    def __init__(self, scene_at: Callable[[float], Scene], finders: Finders) -> None:
        self._scene_at, self._finders = scene_at, finders
        self._found: list[tuple[float, list[Box]]] = []
        self._looked_s = float("-inf")
        self._thumb: Picture | None = None

    def look(self, clip_s: float, rgb: Picture) -> None:
        """First time: find, a few times a second and wherever the picture changes."""
        thumb = np.asarray(cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (64, 36)), np.uint8)
        cut = self._thumb is None or float(np.abs(thumb.astype(np.int16) - self._thumb).mean()) > CUT
        if cut or clip_s - self._looked_s >= LOOK_EVERY_S - 1e-6:
            self._found.append((clip_s, hidden(rgb, self._scene_at(clip_s), self._finders)))
            self._looked_s, self._thumb = clip_s, thumb

    def cover(self, clip_s: float, rgb: Picture) -> Picture:
        """Second time: the picture without what nobody may see."""
        near = [box for at, boxes in self._found if abs(at - clip_s) <= HOLD_S for box in boxes]
        return blur(rgb, [*near, *self._scene_at(clip_s).heads])

    @property
    def count(self) -> int:
        """Boxes found in all pictures looked at."""
        return sum(len(boxes) for _, boxes in self._found)


def scene_of(boxes: Sequence[Mapping[str, Any]], place: Callable[[Box], Box], default: Box, class_name: str) -> Scene:
    """A scene from entries of `overlay.json`.

    Args:
        boxes: `boxes` of one or several entries.
        place: from the packet's pixels to the picture's own.
        default: the incident's box, for pictures in which the subject itself was not seen.
        class_name: of the subject.
    """
    heads = []
    subject: Box | None = None
    for box in boxes:
        placed = place(_box(box["box_px"]))
        if box["subject"]:
            subject = placed
        elif box["class"] == "person":
            left, top, right, bottom = placed
            heads.append(_grown((left, top, right, top + HEAD * (bottom - top)), 0.1))
    return Scene(tuple(heads), subject or place(default), class_name == "person")


def looks_near(
    overlay: Sequence[Mapping[str, Any]], key: str, at_s: float, file: str | None
) -> list[Mapping[str, Any]]:
    """Boxes of the looks around a moment, by `clip_s` in one file or by `media_s`."""
    return [
        box
        for entry in overlay
        if entry[key] is not None and abs(entry[key] - at_s) <= _NEAR_LOOK_S and (file is None or entry["file"] == file)
        for box in entry["boxes"]
    ]


def _box(values: Sequence[float]) -> Box:
    return values[0], values[1], values[2], values[3]


def _grown(box: Box, share: float) -> Box:
    left, top, right, bottom = box
    x, y = share * (right - left), share * (bottom - top)
    return left - x, top - y, right + x, bottom + y


def _centred(box: Box, inside: Box | None) -> bool:
    """Whether a box has its middle in another."""
    if inside is None:
        return False
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return inside[0] <= x <= inside[2] and inside[1] <= y <= inside[3]
