"""Real sealed packets for the tests: a short encoded clip, sealed by the product's own writer."""

from dataclasses import dataclass
from pathlib import Path

from api.cases import CaseReport, report_of
from api.outgoing import Outgoing
from detector.observation import Observation, Track
from evidence.export import zip_chunks
from evidence.finding import Finding, ModelUsed, PacketContents, Provenance
from evidence.packet import SealedPacket, seal_packet
from evidence.signing import load_or_make
from rules.incident import Incident, IncidentState, Phase, Reason
from tests.evidence.camera import START, clock, record

BOX = (20.0, 90.0, 120.0, 170.0)


@dataclass(frozen=True, slots=True)
class Sealed:
    """An incident, its packet and everything a box sends about it."""

    incident: Incident
    packet: SealedPacket

    @property
    def sha256(self) -> str:
        """The packet's identity."""
        return self.packet.sha256

    @property
    def report(self) -> CaseReport:
        """What the box reports."""
        return report_of(self.incident, self.sha256)

    def zipped(self) -> bytes:
        """The packet as it is uploaded."""
        return b"".join(zip_chunks(self.packet.path))

    def outgoing(self, target: str = "own") -> Outgoing:
        """The row of the outbox."""
        return Outgoing(target, self.incident.id, self.report.body(), self.packet.path)


def seal(folder: Path, number: int = 1, *, camera: str = "cam-1", zone: str = "gate", words: str = "停留") -> Sealed:
    """Seal the packet of one more incident into a vault under `folder`."""
    start = clock(0.5)
    incident = Incident(
        id=f"00000000-0000-5000-8000-{number:012d}",
        camera=camera,
        kind="illegal_parking",
        class_name="car",
        zone_id=zone,
        phase=Phase.LIVE,
        state=IncidentState.RAISED,
        box_px=BOX,
        started=start,
        last_seen=clock(1.5),
        dwell_s=1.0,
        score=0.75,
        raised=clock(1.5),
        trace=(Reason("dwell", {"dwell_s": 1.0}, f"It stood too long: {words}", f"停留过久：{words}"),),
    )
    packets = record(pictures=50, gop=25)
    zone_used = {
        "id": zone,
        "kind": "no_parking",
        "polygon_px": [[0, 0], [320, 0], [320, 240]],
        "hours": "24/7",
        "dwell_s": 1.0,
        "phase": "live",
        "legal_basis": "",
    }
    looks = tuple(
        Observation(camera, p.clock, (Track(1, "car", 0.75, BOX, 0.0, p.clock.media_s, 1),)) for p in packets[::5]
    )
    model = ModelUsed("street-objects", "1", "e" * 64)
    made = Provenance("Campus", "d" * 64, {"site.toml": "c" * 64}, "0.1.0", (model,), "street-patrol 0.1.0")
    finding = Finding(incident, (320, 240), zone_used, made, (0.0, 2.0), looks)
    signer = load_or_make(folder / "keys", "Campus", START)
    packet = seal_packet(folder / "sealed", PacketContents(finding, packets), signer, START)
    return Sealed(incident, packet)
