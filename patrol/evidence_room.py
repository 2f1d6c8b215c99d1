"""Where a site's packets are made: it knows what every packet of the site has in common."""

import importlib.metadata
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from detector.detector import Detector
from detector.observation import Box
from evidence.authority import HttpAuthority
from evidence.finding import Finding, ModelUsed, PacketContents, Papers, Position, Provenance
from evidence.ledger import LEDGER
from evidence.packet import SealedPacket, seal_packet
from evidence.signing import load_or_make
from evidence.stamping import Round, stamp_waiting
from evidence.vault import room_problem
from patrol.recorder import Recording
from patrol.site import CameraSite, Site
from rules.boxes import ground_point
from rules.incident import Incident
from streams.geo import BeyondHorizon

SOFTWARE = f"street-patrol {importlib.metadata.version('street-patrol')}"
ROOM_LOOK_S = 60.0
"""A full disk does not come in seconds, and measuring a vault of years takes some."""


class EvidenceRoom:
    """Makes the packets of one site.

    Args:
        vault: folder of its packets.
        site: whose files and zones the packets name.
        detectors: whose weights the packets name.
    """

    def __init__(self, vault: Path, site: Site, detectors: Iterable[Detector]) -> None:
        self._vault, self._site = vault, site
        self._full, self._look_again_at = "", 0.0
        self._provenance = Provenance(
            site=site.name,
            site_sha256=site.digest,
            files_sha256=site.files_sha256,
            rules_version=importlib.metadata.version("street-patrol"),
            models=tuple(_model_used(detector) for detector in detectors),
            software=SOFTWARE,
        )

    def seal(
        self, incident: Incident, recording: Recording, sealed_at: datetime, why_missing: str = ""
    ) -> SealedPacket:
        """The packet of a raised incident, made now or found as it was made before.

        Raises:
            OSError: the disk is full or refuses; nothing half-made stays, and it may be tried again.
        """
        camera = self._site.cameras[incident.camera]
        finding = Finding(
            incident=incident,
            size_px=camera.size_px,
            zone=_zone_as_used(camera, incident.zone_id),
            provenance=self._provenance,
            clip_s=recording.wanted_s,
            looks=recording.looks,
            position=_position(camera, incident.box_px),
            why_missing=why_missing or recording.why_missing,
            reference_px=camera.reference_px,
            papers=_papers(camera),
            sampled_s=recording.sampled_s,
        )
        signer = load_or_make(self._site.data / "keys", self._site.name, sealed_at)
        contents = PacketContents(finding, recording.packets)
        return seal_packet(self._vault, contents, signer, sealed_at, authority=self._site.evidence.tsa or "")

    def no_room(self) -> str:
        """Why nothing new may be recorded, in words for an alarm; empty while there is room."""
        if time.monotonic() >= self._look_again_at:
            named = self._site.evidence
            self._full = room_problem(self._vault, named.quota_bytes, named.free_floor_bytes)
            self._look_again_at = time.monotonic() + ROOM_LOOK_S
        return self._full

    def stamp(self, now: datetime) -> Round:
        """Have what waits for a time stamp stamped, as far as the authority answers; nothing where the site names none.

        Raises:
            OSError: a stamp could not be written; it may be tried again.
        """
        named = self._site.evidence
        if named.tsa is None or not (self._vault / LEDGER).exists():
            return Round(0, 0)
        return stamp_waiting(self._vault, HttpAuthority(named.tsa, named.tsa_certificate), now)


def _zone_as_used(camera: CameraSite, zone_id: str) -> Mapping[str, object]:
    zones = {zone.id: zone for zone in camera.rules.zones}
    if zone_id in zones:
        return zones[zone_id].as_drawn()
    # The zone was taken out of the site while its incident was open: say so instead of losing the finding.
    gone: Mapping[str, object] = {
        "id": zone_id,
        "kind": "removed",
        "polygon_px": None,
        "hours": "",
        "dwell_s": None,
        "phase": "",
        "legal_basis": "",
    }
    return gone


def _position(camera: CameraSite, box_px: Box) -> Position | None:
    if camera.calibration is None:
        return None
    foot = ground_point(box_px)
    try:
        place = camera.calibration.to_map(foot)
    except BeyondHorizon:
        return None
    return Position(place.lat, place.lon, camera.calibration.error_m(foot))


def _papers(camera: CameraSite) -> Papers | None:
    had = camera.approval
    return None if had is None else Papers(had.number, had.calibrated, had.sign, had.published)


def _model_used(detector: Detector) -> ModelUsed:
    name, _, version = detector.model.rpartition(" ")
    return ModelUsed(name, version, detector.sha256)
