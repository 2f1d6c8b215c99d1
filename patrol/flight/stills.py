"""A flight of single pictures: each carries its own place, attitude and time."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image

from detector.detector import Detector
from patrol.flight.looks import Look
from patrol.flight.survey import Flight, Surveyor
from streams.clock import ClockSource, FrameClock
from streams.frame import Frame
from streams.lens import Lens
from streams.pose import CameraPose, pose_of
from streams.telemetry.track import Telemetry
from streams.terrain import Terrain


def survey_stills(
    stills: Sequence[tuple[Path, Telemetry]],
    aircraft: str | None,
    terrain: Terrain | None,
    detectors: Sequence[Detector],
    progress: Callable[[float], None],
) -> Flight:
    """A flight from its pictures, in the order of their times."""
    surveyor, problems = Surveyor(detectors), []
    timed = [(log.samples[0].time or _modified(path), path, log) for path, log in stills]
    timed.sort(key=lambda row: row[:2])
    began = timed[0][0]
    for at, path, log in timed:
        try:
            with Image.open(path) as picture:
                rgb = np.asarray(picture.convert("RGB"), np.uint8)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            problems.append(f"{path}: cannot be read as a picture: {error}; copy it again")
            continue
        media_s = (at - began).total_seconds()
        even = np.ascontiguousarray(rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2])
        frame = Frame.from_rgb(path.stem, FrameClock(at, ClockSource.TELEMETRY, 1.0, media_s), even)
        sample = log.samples[0]
        lens = _still_lens(frame.size_px, sample.focal_mm, sample.zoom, aircraft)
        pose = (
            "no focal length, and the aircraft is not named" if lens is None else pose_of(sample, lens, terrain=terrain)
        )
        footprint = pose.footprint() if isinstance(pose, CameraPose) else ()
        surveyor.take(Look(frame, media_s, at, pose, footprint, sample.point))
        progress(1.0)
    return surveyor.flight(timed[0][1].parent.name, (), problems, began)


def _still_lens(
    size_px: tuple[int, int], focal_mm: float | None, zoom: float | None, aircraft: str | None
) -> Lens | None:
    if aircraft is not None:
        return Lens.of_aircraft(aircraft, size_px, zoom or 1.0)
    return None if focal_mm is None else Lens.of_focal(focal_mm, size_px, zoom or 1.0)


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
