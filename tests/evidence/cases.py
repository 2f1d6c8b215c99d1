"""A finding as `patrol/` would make it: a van that stood 8 s in a zone, seen by the test camera."""

import math
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from detector.observation import Box, Observation, Track
from evidence.finding import Finding, ModelUsed, PacketContents, Position, Provenance
from rules.incident import Incident, IncidentState, Phase, Reason
from streams.packets import StreamPacket
from tests.evidence.camera import START, clock, record

SIZE_PX = (640, 480)
VAN: Box = (200.0, 200.0, 320.0, 320.0)
STARTED_S, RAISED_S = 2.0, 6.0
CLIP_S = (0.0, 8.0)
SEALED_AT = START + timedelta(seconds=20)
DIGEST = "ab" * 32


def incident(number: int = 1, **changes: Any) -> Incident:
    """A raised parking incident; `number` makes its id."""
    made = Incident(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"test-{number}")),
        camera="cam-1",
        kind="illegal_parking",
        class_name="truck",
        zone_id="gate",
        phase=Phase.LIVE,
        state=IncidentState.RAISED,
        box_px=VAN,
        started=clock(STARTED_S),
        last_seen=clock(RAISED_S),
        dwell_s=RAISED_S - STARTED_S,
        score=0.69,
        raised=clock(RAISED_S),
        trace=(
            Reason("in_zone", {"zone": "gate"}, "The truck stands in the zone gate.", "卡车停在 gate 区域内。"),
            Reason("still", {"shift_px": 0.4}, "It did not move.", "未移动。"),
        ),
    )
    return replace(made, **changes)


def looks(from_s: float = 0.0, to_s: float = 8.0, every_s: float = 0.2) -> tuple[Observation, ...]:
    """What the detector saw: the van from 2 s on, and somebody who walks through."""
    seen = []
    for n in range(math.ceil((to_s - from_s) / every_s)):
        at = from_s + n * every_s
        walker = Track(7, "person", 0.8, (at * 20, 100.0, at * 20 + 30, 180.0), from_s, at, n + 1)
        gone = Track(3, "car", 0.5, (10.0, 10.0, 60.0, 50.0), from_s, from_s - 1.0, 1)
        van = (Track(4, "truck", 0.69, VAN, STARTED_S, at, n + 1),) if at >= STARTED_S else ()
        seen.append(Observation("cam-1", clock(at), (walker, gone, *van)))
    return tuple(seen)


def finding(number: int = 1, **changes: Any) -> Finding:
    """The incident with everything that judged it."""
    made = Finding(
        incident=incident(number),
        size_px=SIZE_PX,
        zone={
            "id": "gate",
            "kind": "no_parking",
            "polygon_px": {"type": "Polygon", "coordinates": [[[180, 180], [340, 180], [340, 340], [180, 180]]]},
            "hours": "24/7",
            "classes": ["truck"],
            "dwell_s": 4.0,
            "phase": "live",
            "legal_basis": "",
        },
        provenance=Provenance(
            site="Campus 校园",
            site_sha256=DIGEST,
            files_sha256={"site.toml": DIGEST, "cameras/cam-1.toml": DIGEST},
            rules_version="1",
            models=(ModelUsed("street-objects", "1", DIGEST),),
            software="street-patrol 0.1.0",
        ),
        clip_s=CLIP_S,
        looks=looks(),
        position=Position(24.4798, 118.0894, 2.5),
    )
    return replace(made, **changes)


def contents(number: int = 1, packets: Sequence[StreamPacket] | None = None, **changes: Any) -> PacketContents:
    """All that `seal_packet` needs."""
    return PacketContents(finding(number, **changes), film() if packets is None else packets)


_FILM: list[StreamPacket] = []


def film() -> list[StreamPacket]:
    """Eight seconds of the test camera, encoded once."""
    if not _FILM:
        _FILM.extend(record(pictures=200, gop=50))
    return list(_FILM)


def now() -> datetime:
    """A moment that certificates of the tests are valid at: the real one, since OpenSSL asks the clock itself."""
    return datetime.now(UTC)
