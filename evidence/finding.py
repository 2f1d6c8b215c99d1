"""What a packet is made from: an incident with everything that was used to judge it. Values only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from detector.observation import Box, Observation
from rules.incident import Incident
from streams.packets import StreamPacket

ZONE_KEYS = frozenset({"id", "kind", "polygon_px", "hours", "dwell_s", "phase", "legal_basis"})
"""What a packet must say at least about the zone; `rules.zone.Zone.as_drawn()` says it."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where on earth the thing stood.

    Attributes:
        lat, lon: WGS84, degrees.
        error_m: bound on the error, metres.
    """

    lat: float
    lon: float
    error_m: float

    def __post_init__(self) -> None:
        if not (-90 <= self.lat <= 90 and -180 <= self.lon <= 180 and self.error_m >= 0):
            raise ValueError(f"expected lat in -90..90, lon in -180..180 and error_m of 0 or more, got {self}")


@dataclass(frozen=True, slots=True)
class ModelUsed:
    """The weights that saw it."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """What it was made with, so that anybody can make it again.

    Attributes:
        site: name of the site.
        site_sha256: digest of the whole site folder.
        files_sha256: of each file of the site, by its path in it.
        rules_version: of the rules that judged.
        models: the weights that saw it.
        software: name and version, `street-patrol 0.1.0`.
    """

    site: str
    site_sha256: str
    files_sha256: Mapping[str, str]
    rules_version: str
    models: tuple[ModelUsed, ...]
    software: str


@dataclass(frozen=True, slots=True)
class Papers:
    """What a camera must have before anybody is fined by what it saw, as the site states it.

    Attributes:
        number: of the approval.
        calibrated: day of its calibration.
        sign: whether a sign says that it watches.
        published: where its location was published.
    """

    number: str
    calibrated: date
    sign: bool
    published: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A raised incident with what is known about it.

    Attributes:
        incident: raised; its boxes are in pixels of `size_px`.
        size_px: the picture that all pixel coordinates here refer to, (width, height).
        zone: as it was used, JSON values: `rules.zone.Zone.as_drawn()`.
        provenance: what it was made with.
        clip_s: media time that the clip was asked to cover, from and to.
        looks: what was seen in that range, oldest first; tracks in pixels of `size_px`.
        position: where on earth, where the camera is calibrated.
        reference_px: box of a landmark that never moves, in pixels of `size_px`; None where none was marked.
        papers: of the camera; None: it has none.
        sampled_s: media time from and to where a stay of hours is there in samples only, on purpose.
        why_missing: what the caller knows about why a part of the range may be missing, in words.

    Raises:
        ValueError: the incident was never raised, the clip's range is empty, or the zone lacks a part.
    """

    incident: Incident
    size_px: tuple[int, int]
    zone: Mapping[str, object]
    provenance: Provenance
    clip_s: tuple[float, float]
    looks: Sequence[Observation] = field(default=())
    position: Position | None = None
    why_missing: str = ""
    reference_px: Box | None = None
    papers: Papers | None = None
    sampled_s: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.incident.raised is None:
            state = self.incident.state
            raise ValueError(f"incident {self.incident.id} must be raised before it is sealed, it is {state}")
        if not self.zone.keys() >= ZONE_KEYS:
            raise ValueError(f"zone must have {sorted(ZONE_KEYS)}, {sorted(ZONE_KEYS - self.zone.keys())} missing")
        if not self.clip_s[0] < self.clip_s[1]:
            raise ValueError(f"clip_s must be from before to, got {self.clip_s}")


@dataclass(frozen=True, slots=True)
class PacketContents:
    """Everything that `seal_packet` needs: the facts, and the camera's packets of the range."""

    finding: Finding
    packets: Sequence[StreamPacket]
