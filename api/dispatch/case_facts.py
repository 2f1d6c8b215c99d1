"""What drivers say of a case: the report that is queued, and the facts of its packet where that lies on this box."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from api.cases import Place, place_in
from api.categories import CATEGORIES, code_of
from api.dispatch.driver import Refused
from api.outgoing import Outgoing


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of the packet.

    Attributes:
        view: `far`, `near`, `reference`.
        moment: `arrival`, `verdict`, …
        taken_at: ISO 8601; empty where unknown.
    """

    path: Path
    view: str
    moment: str
    taken_at: str


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case as every protocol needs it."""

    key: str
    incident_id: str
    kind: str
    class_name: str
    zone: str
    camera: str
    raised_at: datetime
    packet_sha256: str
    category: str
    place: Place | None
    photos: tuple[Photo, ...]

    @property
    def words(self) -> str:
        """One line for a person, in both languages."""
        row = CATEGORIES.get(self.category)
        name = f"{row.zh} / {row.en}" if row else self.kind
        return f"{name}: {self.class_name}, zone {self.zone}, camera {self.camera}, {self.raised_at.isoformat()}"


def facts_of(outgoing: Outgoing) -> CaseFacts:
    """The facts of a row of the outbox.

    Raises:
        Refused: the row is no report of a case.
    """
    said = outgoing.payload
    try:
        kind, class_name = str(said["kind"]), str(said["class"])
        raised_at = datetime.fromisoformat(str(said["raised_at"]))
        event = _event(outgoing.packet_path)
        return CaseFacts(
            key=outgoing.idempotency_key,
            incident_id=str(said["incident_id"]),
            kind=kind,
            class_name=class_name,
            zone=str(said["zone"]),
            camera=str(said["camera"]),
            raised_at=raised_at,
            packet_sha256=str(said["packet_sha256"]),
            category=code_of(kind, class_name),
            place=place_in(event),
            photos=_photos(event, outgoing.packet_path),
        )
    except (KeyError, ValueError) as exc:
        raise Refused(f"the row is no report of a case: {type(exc).__name__}: {exc}") from exc


def _event(packet: Path | None) -> Mapping[str, Any]:
    """The packet's `event.json`; a packet that was moved away leaves the report, which still can be sent."""
    if packet is None:
        return {}
    try:
        event = json.loads((packet / "data" / "event.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return event if isinstance(event, dict) else {}


def _photos(event: Mapping[str, Any], packet: Path | None) -> tuple[Photo, ...]:
    stills = event.get("stills")
    if packet is None or not isinstance(stills, list):
        return ()
    found = [s for s in stills if isinstance(s, Mapping) and isinstance(s.get("path"), str)]
    return tuple(
        Photo(packet / s["path"], str(s.get("view", "")), str(s.get("moment", "")), str(s.get("captured_at", "")))
        for s in found
        if (packet / s["path"]).resolve().is_relative_to(packet.resolve())
    )
