"""An incident as JSON and back, whole: clocks, box and trace, so that a restart goes on where the program stopped."""

from datetime import UTC, datetime
from typing import Any

from rules.incident import Incident, IncidentState, Phase, Reason
from streams.clock import ClockSource, FrameClock


def incident_to_json(incident: Incident) -> dict[str, Any]:
    """The incident as JSON values only; `incident_from_json` gives an equal one back."""
    return {
        "id": incident.id,
        "camera": incident.camera,
        "kind": incident.kind,
        "class": incident.class_name,
        "zone": incident.zone_id,
        "phase": incident.phase.value,
        "state": incident.state.value,
        "box_px": list(incident.box_px),
        "started": clock_to_json(incident.started),
        "last_seen": clock_to_json(incident.last_seen),
        "dwell_s": incident.dwell_s,
        "score": incident.score,
        "raised": clock_to_json(incident.raised) if incident.raised else None,
        "ended": clock_to_json(incident.ended) if incident.ended else None,
        "trace": [{"code": r.code, "data": dict(r.data), "en": r.en, "zh": r.zh} for r in incident.trace],
    }


def incident_from_json(body: dict[str, Any]) -> Incident:
    """The incident that `incident_to_json` wrote.

    Raises:
        KeyError, ValueError, TypeError: the body was not written by it.
    """
    left, top, right, bottom = body["box_px"]
    return Incident(
        id=body["id"],
        camera=body["camera"],
        kind=body["kind"],
        class_name=body["class"],
        zone_id=body["zone"],
        phase=Phase(body["phase"]),
        state=IncidentState(body["state"]),
        box_px=(left, top, right, bottom),
        started=clock_from_json(body["started"]),
        last_seen=clock_from_json(body["last_seen"]),
        dwell_s=body["dwell_s"],
        score=body["score"],
        raised=clock_from_json(body["raised"]) if body["raised"] else None,
        ended=clock_from_json(body["ended"]) if body["ended"] else None,
        trace=tuple(Reason(r["code"], r["data"], r["en"], r["zh"]) for r in body["trace"]),
    )


def clock_to_json(clock: FrameClock) -> dict[str, Any]:
    """A frame's clock; the moment as ISO 8601 with microseconds."""
    return {
        "captured_at": clock.captured_at.isoformat(),
        "source": clock.source.value,
        "error_s": clock.error_s,
        "media_s": clock.media_s,
        "epoch": clock.epoch,
    }


def clock_from_json(body: dict[str, Any]) -> FrameClock:
    """The clock that `clock_to_json` wrote."""
    return FrameClock(
        captured_at=datetime.fromisoformat(body["captured_at"]).astimezone(UTC),
        source=ClockSource(body["source"]),
        error_s=body["error_s"],
        media_s=body["media_s"],
        epoch=body["epoch"],
    )
