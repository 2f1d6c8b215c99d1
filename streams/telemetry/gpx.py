"""GPX tracks of vehicles and hand-held receivers (GPX 1.0 and 1.1, by `gpxpy`)."""

import re
from datetime import UTC
from pathlib import Path

import gpxpy
from gpxpy.gpx import GPXException, GPXRoutePoint, GPXTrackPoint

from streams.telemetry.track import Sample, Telemetry, UnreadableTelemetry, checked, place

FORMAT = "gpx"


def read_gpx(path: Path, data: bytes) -> Telemetry:
    """Every track point, route points where there is no track.

    Raises:
        UnreadableTelemetry: no XML, one with its own entities, or without a single point.
    """
    if re.search(rb"<!(DOCTYPE|ENTITY)", data, re.IGNORECASE):
        raise UnreadableTelemetry(path, "declares entities of its own", "export the track again; GPX needs none")
    said = []
    text = data.decode("utf-8-sig", errors="replace")
    if "\ufffd" in text:
        said.append("holds bytes that are no UTF-8 text: left out")
    try:
        found = gpxpy.parse(text)
    except (GPXException, ValueError, TypeError, AttributeError) as error:
        raise UnreadableTelemetry(path, f"is no sound GPX: {error}", "export the track again") from error
    points: list[GPXTrackPoint | GPXRoutePoint] = [
        point for track in found.tracks for segment in track.segments for point in segment.points
    ]
    points += [] if points else [point for route in found.routes for point in route.points]
    if not points:
        raise UnreadableTelemetry(path, "holds no track", "name a GPX with track points")
    if sum(len(track.segments) for track in found.tracks) > 1:
        said.append("the track has several segments: between them nothing is known")
    samples = []
    for point in points:
        time = point.time
        samples.append(
            Sample(
                time=time.astimezone(UTC) if time is not None and time.tzinfo is not None else time,
                point=place(point.latitude, point.longitude),
                abs_alt_m=point.elevation,
            )
        )
    if any(sample.time is None for sample in samples):
        said.append("some points have no time: they cannot be matched with pictures")
    return checked(path, FORMAT, samples, said)
