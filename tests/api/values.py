"""Plausible values for the tests of the case service."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.incidents import SealedPacket
from api.outgoing import Outgoing
from rules.incident import Incident, IncidentState, Phase, Reason
from streams.clock import ClockSource, FrameClock

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def clock_at(media_s: float) -> FrameClock:
    """A frame's clock so many seconds into the stream."""
    return FrameClock(NOW + timedelta(seconds=media_s), ClockSource.RTCP, 0.06, media_s)


def incident(number: int = 1, state: IncidentState = IncidentState.RAISED) -> Incident:
    """A car at a gate, at some point of its life."""
    candidate = Incident(
        id=f"00000000-0000-5000-8000-{number:012d}",
        camera="cam-1",
        kind="illegal_parking",
        class_name="car",
        zone_id="gate",
        phase=Phase.LIVE,
        state=IncidentState.CANDIDATE,
        box_px=(600.5, 40.25, 728.0, 130.125),
        started=clock_at(number + 0.04),
        last_seen=clock_at(number + 61.3333333333),
        dwell_s=61.2933333333,
        score=0.6875,
        trace=(Reason("dwell", {"dwell_s": 61.29, "limit_s": 60}, "It stood for 61 s.", "停留 61 秒。"),),
    )
    if state in (IncidentState.CANDIDATE, IncidentState.DROPPED):
        return replace(candidate, state=state)
    return replace(candidate, state=state, raised=clock_at(number + 61.0))


def packet(number: int = 1, folder: Path = Path("/packets")) -> SealedPacket:
    """A packet's name on the box; nothing lies there."""
    return SealedPacket(folder / f"packet-{number}", f"{number:064x}")


def outgoing(number: int = 1, target: str = "own", packet_path: Path | None = None) -> Outgoing:
    """A case to send."""
    found = incident(number)
    payload = {"incident_id": found.id, "kind": found.kind, "number": number}
    return Outgoing(target, f"{found.id}:report", payload, packet_path)
