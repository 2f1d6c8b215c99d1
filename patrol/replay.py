"""The same verdicts from recorded footage: the loop of `run`, fed from a file, with a list in place of the store."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from detector.detector import Detector
from evidence.packet import SealedPacket
from patrol import assembly
from patrol.evidence_room import SOFTWARE, EvidenceRoom
from patrol.recorder import FootageRecorder, Recording
from patrol.site import CameraSite, Site
from rules.incident import Incident, IncidentState, Phase
from rules.steps import Notice
from streams.footage import Footage

SHOWN = frozenset({Phase.WARNING, Phase.LIVE})
_PROVEN = frozenset({IncidentState.RAISED, IncidentState.SEALED, IncidentState.CLOSED})


@dataclass(slots=True)
class ReplayDesk:
    """Keeps incidents in a list and makes packets at once; posts nothing."""

    room: EvidenceRoom
    sealed_at: datetime
    tell: Callable[[str], None]
    incidents: dict[str, Incident] = field(default_factory=dict)
    packets: dict[str, SealedPacket] = field(default_factory=dict)

    def keep(self, incident: Incident) -> None:
        """The newest state counts."""
        self.incidents[incident.id] = incident

    def notice(self, notice: Notice) -> None:
        """To whoever watches the replay."""
        self.tell(f"{notice.camera}: {notice.code}: {notice.text}")

    def seal(self, incident: Incident, recording: Callable[[], Recording], done: Callable[[str], None]) -> None:
        """Here and now: a replay has nobody to keep waiting."""
        self.packets[incident.id] = self.room.seal(incident, recording(), self.sealed_at)
        done(incident.id)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What one replay found.

    Attributes:
        raised: incidents that count, in the order of their verdicts, each with its packet.
        others: those in phase shadow, and candidates that came to nothing.
        problems: what of the footage could not be read.
    """

    raised: tuple[tuple[Incident, SealedPacket], ...]
    others: tuple[Incident, ...]
    problems: tuple[str, ...]


def replay(
    site: Site,
    camera: CameraSite,
    detectors: Sequence[Detector],
    footage: Footage,
    *,
    tell: Callable[[str], None],
    progress: Callable[[float], None],
    patrols: bool = False,
) -> Verdicts:
    """Judge one file as if the camera had just sent it.

    The same file, site and models always give the same verdicts and the same packets: they lie in a folder of their
    own that is named after all of these, apart from those of the live cameras.

    Args:
        tell: told notices, as text.
        progress: told how far it came, seconds of footage.
        patrols: look as a live camera is looked at, on key frames until something stands where it should not.

    Raises:
        UnreadableFootage: the file is gone.
        OSError: no packet could be written.
    """
    digest = _digest_of(site, camera, detectors, footage, patrols)
    room = EvidenceRoom(site.data / "replay" / digest / "packets", site, detectors)
    desk = ReplayDesk(room, datetime.now(UTC), tell)
    patrol = assembly.patrol_of(camera, detectors, FootageRecorder(footage), desk, patrols=patrols)
    for packet in footage.packets():
        patrol.take(packet)
        progress(packet.clock.media_s)
    patrol.finish()
    proven = [i for i in desk.incidents.values() if i.state in _PROVEN]
    shown = sorted((i for i in proven if i.phase in SHOWN), key=_order)
    others = [i for i in desk.incidents.values() if i not in shown]
    return Verdicts(tuple((i, desk.packets[i.id]) for i in shown), tuple(sorted(others, key=_order)), footage.problems)


def line_of(incident: Incident, packet: Path) -> Mapping[str, object]:
    """One incident as `replay --json` prints it; times in seconds from the start of the footage."""
    raised = incident.raised or incident.last_seen
    return {
        "kind": incident.kind,
        "class": incident.class_name,
        "zone": incident.zone_id,
        "box_px": [round(v, 1) for v in incident.box_px],
        "started_s": round(incident.started.media_s, 3),
        "raised_s": round(raised.media_s, 3),
        "ended_s": None if incident.ended is None else round(incident.ended.media_s, 3),
        "packet": str(packet),
    }


def _order(incident: Incident) -> tuple[float, str]:
    return (incident.raised or incident.last_seen).media_s, incident.id


def _digest_of(site: Site, camera: CameraSite, detectors: Iterable[Detector], footage: Footage, patrols: bool) -> str:
    with footage.path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    parts = (
        content,
        site.digest,
        camera.id,
        footage.start.at.isoformat(),
        SOFTWARE,
        *(f"{detector.model} {detector.sha256}" for detector in detectors),
        *(["patrol"] if patrols else []),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
