"""Which pictures of a flight are looked at: chosen by the ground they show, so nothing is seen fifty times.

A new look is due when the view shares less than `OVERLAP` of its ground with the last one, and after `AGAIN_S` over
the same ground: two looks at one place tell what drives from what stands. Without telemetry only the clock is left.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from patrol.flight.batch import VideoFile
from streams.decode import PictureDecoder
from streams.frame import Frame
from streams.geo import GeoPoint
from streams.lens import Lens
from streams.pose import CameraPose, overlap_share, pose_of
from streams.telemetry.route import Route
from streams.telemetry.track import Sample
from streams.terrain import Terrain

OVERLAP = 0.6
AGAIN_S = 3.0
_DENSE_KEYS_S = 2.0
_ASK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Look:
    """A picture that is looked at.

    Attributes:
        frame: the picture.
        media_s: its position in the video.
        at: when it was taken, UTC.
        pose: of the camera, or why there is none, in words.
        footprint: corners of the ground in view; empty: unknown.
        seen_from: the place of the camera itself; None: unknown.
    """

    frame: Frame
    media_s: float
    at: datetime
    pose: CameraPose | str
    footprint: tuple[GeoPoint, ...]
    seen_from: GeoPoint | None = None


class Camera:
    """The camera of one video as a function of its position.

    Args:
        video: with its log, or without.
        terrain: of the site; None: flat.
        aircraft: in the table of lenses; None: the log's focal length counts.
    """

    def __init__(self, video: VideoFile, terrain: Terrain | None, aircraft: str | None) -> None:
        log = video.telemetry
        self._route = Route(log, start=video.start) if log is not None else None
        self._step_m = log.step_m if log is not None else 0.0
        fixes = log.fixes if log is not None else ()
        self._take_off = fixes[0].point if fixes and (fixes[0].rel_alt_m or 99.0) < 5 else None
        self._terrain, self._aircraft, self._size_px = terrain, aircraft, video.footage.size_px

    def at(self, media_s: float) -> CameraPose | str:
        """Where it was, or why that is not known."""
        if self._route is None:
            return "no telemetry"
        sample = self._route.at(media_s)
        if sample is None:
            return "the log has no sound fix there"
        lens = self._lens(sample)
        if lens is None:
            return "the log has no focal length, and the aircraft is not named"
        return pose_of(sample, lens, step_m=self._step_m, terrain=self._terrain, take_off=self._take_off)

    def place(self, media_s: float) -> GeoPoint | None:
        """Where it was itself: all that the log of a vehicle tells, which knows no angles."""
        sample = self._route.at(media_s) if self._route is not None else None
        return sample.point if sample is not None else None

    def _lens(self, sample: Sample) -> Lens | None:
        zoom = sample.zoom or 1.0
        if self._aircraft is not None:
            return Lens.of_aircraft(self._aircraft, self._size_px, zoom)
        if sample.hfov_deg is not None and 0 < sample.hfov_deg < 170:
            return Lens.of_hfov(sample.hfov_deg, self._size_px)
        if sample.focal_mm is not None:
            # Beyond 100 mm the log has the zoom in its focal length already (Mavic 3T: 162 mm, four times).
            return Lens.of_focal(sample.focal_mm, self._size_px, zoom if sample.focal_mm < 100 else 1.0)
        return None


def looks_of(video: VideoFile, camera: Camera) -> Iterator[tuple[Look | None, float]]:
    """The looks of a video, each with the position in it; None with a position: so far, for progress."""
    keys = [packet.clock.media_s for packet in video.footage.packets() if packet.is_key]
    gaps = [b - a for a, b in zip(keys, [*keys[1:], video.footage.duration_s], strict=True)]
    decoder = PictureDecoder(
        video.footage.codec, camera=video.footage.camera, key_frames_only=max(gaps, default=0.0) <= _DENSE_KEYS_S
    )
    chooser = _Chooser(camera)
    for packet in video.footage.packets():
        for frame in decoder.decode(packet):
            yield chooser.look(video, frame), frame.clock.media_s
    for frame in decoder.flush():
        yield chooser.look(video, frame), frame.clock.media_s


class _Chooser:
    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._asked_s = self._looked_s = -1e9
        self._seen: tuple[GeoPoint, ...] = ()

    def look(self, video: VideoFile, frame: Frame) -> Look | None:
        """This picture as a look, or None when the last one shows enough of its ground."""
        media_s = frame.clock.media_s
        if media_s - self._asked_s < _ASK_EVERY_S:
            return None
        self._asked_s = media_s
        pose = self._camera.at(media_s)
        footprint = pose.footprint() if isinstance(pose, CameraPose) else ()
        moved = bool(footprint) and overlap_share(self._seen, footprint) < OVERLAP
        if not moved and media_s - self._looked_s < AGAIN_S:
            return None
        self._looked_s, self._seen = media_s, footprint
        at = video.start + timedelta(seconds=media_s)
        return Look(frame, media_s, at, pose, footprint, self._camera.place(media_s))
