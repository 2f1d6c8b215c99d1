"""One flight: its looks, what they show, where that is, and each thing once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from detector.detections import Detections
from detector.detector import Detector
from detector.observation import Box
from patrol.flight.batch import VideoFile
from patrol.flight.looks import Camera, Look, looks_of
from patrol.flight.motion import Mosaic
from patrol.flight.things import STANDS_S, GroundTracker, Sighting, Thing
from streams.frame import Frame
from streams.geo import BeyondHorizon, GeoPoint, LocalPlane
from streams.pose import CameraPose

_STEEP_DEG = 60.0
"""From steeper than this a thing is seen on its roof: its middle is over its place, not its box's lower edge."""

_LOOKS_WITHOUT = 2
_MARGIN_M = 2.0
"""A detector may miss a thing that the picture's edge cuts: there its absence says nothing."""

Lab = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Flight:
    """What a flight saw.

    Attributes:
        name: of its video, or of the folder of its stills.
        began: UTC.
        length_s: from its first look to its last.
        things: each once, those that drove past left out.
        passed: how many those were.
        footprints: the ground of each look, corners; looks without a place leave none.
        looks: how many pictures were looked at.
        notes: what should be known.
        problems: what could not be read.
    """

    name: str
    began: datetime
    length_s: float
    things: tuple[Thing, ...]
    passed: int
    footprints: tuple[tuple[GeoPoint, ...], ...]
    looks: int
    notes: tuple[str, ...]
    problems: tuple[str, ...]


class Surveyor:
    """Takes looks, one after the other, and keeps what they show.

    Args:
        detectors: what looks for things.
    """

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = detectors
        self._on_map, self._on_mosaic = GroundTracker(), GroundTracker()
        self._mosaic = Mosaic()
        self._plane: LocalPlane | None = None
        self._why: dict[str, int] = {}
        self._beyond = 0
        self.looks: list[tuple[float, datetime]] = []
        self.footprints: list[tuple[GeoPoint, ...]] = []
        self._views: list[tuple[float, shapely.Geometry]] = []

    def take(self, look: Look) -> None:
        """One look."""
        seen = Detections.empty()
        for detector in self._detectors:
            seen = seen.joined(detector.detect(look.frame))
        colours = _colours(look.frame, seen)
        self.looks.append((look.media_s, look.at))
        if isinstance(look.pose, CameraPose):
            self._plane = self._plane or LocalPlane(look.pose.point)
            if look.footprint:
                self.footprints.append(look.footprint)
                corners = self._plane.to_metres([(p.lat, p.lon) for p in look.footprint])
                self._views.append((look.media_s, shapely.MultiPoint(corners).convex_hull.buffer(-_MARGIN_M)))
            self._on_map.take(list(self._placed(look, look.pose, seen, colours)))
        else:
            self._why[look.pose] = self._why.get(look.pose, 0) + 1
            self._on_mosaic.take(list(self._unplaced(look, seen, colours)))

    def flight(self, name: str, notes: Sequence[str], problems: Sequence[str], began: datetime) -> Flight:
        """Everything so far."""
        things = [*self._on_map.things, *self._on_mosaic.things]
        kept = tuple(thing for thing in things if thing.stands is not False and not self._gone_at_once(thing))
        said = [f"{name}: {count} looks without a place: {why}" for why, count in self._why.items()]
        if self._beyond:
            said.append(f"{name}: {self._beyond} sightings at or above the horizon were left out")
        length_s = self.looks[-1][0] - self.looks[0][0] if self.looks else 0.0
        return Flight(
            name,
            self.looks[0][1] if self.looks else began,
            length_s,
            kept,
            len(things) - len(kept),
            tuple(self.footprints),
            len(self.looks),
            (*notes, *said),
            tuple(problems),
        )

    def _gone_at_once(self, thing: Thing) -> bool:
        """Whether its place was seen in several other looks, and it in none of them: it drove past."""
        sighting = thing.sightings[0]
        if len(thing.sightings) > 1 or sighting.point is None:
            return False
        here = shapely.Point(sighting.ground)
        others = [
            at_s for at_s, view in self._views if abs(at_s - sighting.media_s) >= STANDS_S and view.contains(here)
        ]
        return len(others) >= _LOOKS_WITHOUT

    def _placed(self, look: Look, pose: CameraPose, seen: Detections, colours: Sequence[Lab]) -> Iterable[Sighting]:
        assert self._plane is not None  # noqa: S101 - `take` has set it
        for n, name in enumerate(seen.class_names()):
            box = _box(seen, n)
            foot = (box[0] + box[2]) / 2, ((box[1] + box[3]) / 2 if _is_steep(pose, box) else box[3])
            try:
                place = pose.to_ground(foot)
                across = pose.to_ground((box[2], foot[1])).point, pose.to_ground((box[0], foot[1])).point
            except BeyondHorizon:
                self._beyond += 1
                continue
            metres = self._plane.to_metres([(p.lat, p.lon) for p in (place.point, *across)])
            size = float(np.linalg.norm(metres[1] - metres[2]))
            ground = float(metres[0, 0]), float(metres[0, 1])
            score = float(seen.score[n])
            yield Sighting(
                name,
                score,
                box,
                ground,
                size,
                place.point,
                place.error,
                0,
                look.media_s,
                look.at,
                colours[n],
                look.seen_from,
            )

    def _unplaced(self, look: Look, seen: Detections, colours: Sequence[Lab]) -> Iterable[Sighting]:
        matrix = self._mosaic.place(look.frame)
        for n, name in enumerate(seen.class_names()):
            box = _box(seen, n)
            middle = np.array([[[(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]]])
            x, y = cv2.perspectiveTransform(middle, matrix)[0, 0]
            size = max(box[2] - box[0], box[3] - box[1])
            score, part = float(seen.score[n]), self._mosaic.part
            yield Sighting(
                name,
                score,
                box,
                (float(x), float(y)),
                size,
                None,
                None,
                part,
                look.media_s,
                look.at,
                colours[n],
                look.seen_from,
            )


def survey_video(
    video: VideoFile, camera: Camera, detectors: Sequence[Detector], progress: Callable[[float], None]
) -> Flight:
    """A flight from its video; `progress` is told how far it came, seconds.

    Raises:
        UnreadableFootage: the file is gone.
        UndecodableRange: FFmpeg has no decoder for it.
    """
    surveyor = Surveyor(detectors)
    for look, at_s in looks_of(video, camera):
        if look is not None:
            surveyor.take(look)
        progress(at_s)
    problems = list(video.footage.problems)
    if not surveyor.looks:
        problems.append(f"{video.footage.path}: not one picture of it could be decoded")
    return surveyor.flight(video.footage.path.name, video.notes, problems, video.start)


def _box(seen: Detections, n: int) -> Box:
    left, top, right, bottom = (float(v) for v in seen.xyxy[n])
    return left, top, right, bottom


def _is_steep(pose: CameraPose, box: Box) -> bool:
    return pose.depression_deg(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)) >= _STEEP_DEG


def _colours(frame: Frame, seen: Detections) -> list[Lab]:
    """Mean colour of the inner part of each box, in CIE Lab, against the whole picture's: light changes fall out."""
    if not len(seen):
        return []
    lab: NDArray[np.float32] = cv2.cvtColor(frame.to_rgb(), cv2.COLOR_RGB2LAB).astype(np.float32)
    usual = lab[::8, ::8].reshape(-1, 3).mean(axis=0)
    found = []
    for left, top, right, bottom in seen.xyxy.tolist():
        inset_x, inset_y = (right - left) * 0.2, (bottom - top) * 0.2
        rows = slice(int(top + inset_y), max(int(top + inset_y) + 1, int(bottom - inset_y)))
        columns = slice(int(left + inset_x), max(int(left + inset_x) + 1, int(right - inset_x)))
        inner = lab[rows, columns].reshape(-1, 3)
        mean = inner.mean(axis=0) - usual if len(inner) else np.zeros(3)
        found.append((float(mean[0]), float(mean[1]), float(mean[2])))
    return found
