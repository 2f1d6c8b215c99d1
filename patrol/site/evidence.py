"""What a site says about its evidence: who stamps it, how long it is kept, a camera's landmark and papers."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from evidence.verify import NotACertificate, load_certificate
from patrol.site.errors import SiteError
from patrol.site.files import Folder
from patrol.site.lines import Lines
from patrol.site.schema import CameraFile, SiteFile
from patrol.site.site import Approval, EvidenceSite, Retention

FILE = "site.toml"


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """A camera's landmark and its papers, where it has them."""

    reference_px: tuple[float, float, float, float] | None
    approval: Approval | None


def facts_of(keys: CameraFile) -> CameraFacts:
    """From a camera file in which `wrong_facts` finds nothing."""
    box, papers = keys.reference, keys.approval
    return CameraFacts(
        (box.box_px[0], box.box_px[1], box.box_px[2], box.box_px[3]) if box else None,
        Approval(papers.number, papers.calibrated, papers.sign, papers.published) if papers else None,
    )


def wrong_facts(keys: CameraFile, name: str, lines: Lines) -> list[SiteError]:
    """A landmark must lie in the picture."""
    if keys.reference is None:
        return []
    left, top, right, bottom = keys.reference.box_px
    width, height = keys.size_px
    if 0 <= left < right <= width and 0 <= top < bottom <= height:
        return []
    what = f"reference.box_px must be left, top, right, bottom inside {width} x {height}, got {keys.reference.box_px}"
    return [SiteError(name, lines.of(("reference", "box_px")), what, "mark the landmark again")]


def evidence_of(folder: Folder, keys: SiteFile, lines: Lines) -> EvidenceSite:
    """Who vouches for the time, and how much room evidence may take."""
    certificate = None
    if (file := keys.evidence.tsa_certificate) is not None:
        try:
            certificate = (folder.path / file).read_bytes()
            load_certificate(certificate)
        except (OSError, NotACertificate) as error:
            what = f"evidence.tsa_certificate {file}: {error}"
            do = "name a PEM or DER file in the site folder"
            folder.error(FILE, lines.of(("evidence", "tsa_certificate")), what, do)
    quota = keys.evidence.quota_gb
    return EvidenceSite(
        keys.evidence.tsa,
        certificate,
        int(quota * 1e9) if quota is not None else None,
        keys.evidence.free_floor_mb << 20,
    )


def retention_of(keys: SiteFile) -> Retention:
    """How long packets are kept."""
    kinds: Mapping[str, Mapping[str, int]] = {
        kind: MappingProxyType({str(state): days for state, days in row.items()})
        for kind, row in keys.retention.kinds.items()
    }
    return Retention(keys.retention.dismissed_days, keys.retention.closed_days, MappingProxyType(kinds))
