"""Sealing: an incident and its packets become a folder that exists whole or not at all."""

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Protocol

from evidence import ledger, stills
from evidence.clip import cut
from evidence.disk import Disk
from evidence.event import SCHEMA_FILE, canonical, event, moments
from evidence.finding import Finding, PacketContents
from evidence.ledger_lines import Entry
from evidence.overlay import overlay
from evidence.seal import BAGIT_TXT, SHA256, SHA512, SIGNATURE, TAGMANIFEST, Link, bag_info, checked_name, manifest

DATA = "data"


class Signer(Protocol):
    """Whoever holds the key."""

    @property
    def fingerprint(self) -> str:
        """The sha256 of the certificate, lower-case hex."""
        ...

    def sign(self, content: bytes) -> bytes:
        """A detached CMS signature over `content`, DER, certificate inside."""
        ...


@dataclass(frozen=True, slots=True)
class SealedPacket:
    """A whole packet on disk.

    Attributes:
        path: absolute, of its folder, which is named after the incident.
        sha256: its identity: of the bytes of `tagmanifest-sha256.txt`.
        sequence: its number in the vault.
    """

    path: Path
    sha256: str
    sequence: int


def packet_folder(vault: Path, finding: Finding) -> Path:
    """Where the packet of an incident lies: by the day of the verdict, which no restart changes."""
    raised = finding.incident.raised or finding.incident.last_seen
    return vault / raised.captured_at.astimezone(UTC).strftime("%Y/%m/%d") / checked_name(finding.incident.id)


def seal_packet(
    vault: Path,
    contents: PacketContents,
    signer: Signer,
    sealed_at: datetime,
    disk: Disk | None = None,
    authority: str = "",
) -> SealedPacket:
    """Make the packet of an incident, or find the one that was made before.

    May be killed anywhere: the packet is then there whole or not at all, and the next call brings the vault in
    order first. Calls from several processes wait for each other.

    Args:
        vault: folder of all packets, made when it is not there. One file system.
        contents: the facts and the camera's packets.
        signer: of this box.
        sealed_at: the box's time, UTC.
        disk: how files are written; another one in tests only.
        authority: address of the time-stamping authority that will be asked later (`evidence.stamping`).

    Returns:
        The packet. Sealing an incident again returns its packet unchanged, whatever `contents` holds by now.

    Raises:
        OSError: something could not be written (disk full). Nothing is there then; try again later.
        LedgerDamaged: the vault contradicts itself; a person must look.
        ValueError: the incident's id is not fit for a folder, or a fact is no JSON value.
    """
    disk = disk or Disk()
    vault = vault.resolve()
    disk.make_folders(vault)
    with ledger.locked(vault):
        newest = ledger.recover(vault, disk)
        final = packet_folder(vault, contents.finding)
        if final.is_dir():
            return _sealed(ledger.entry_of(final, vault), vault)
        draft = vault / ledger.PARTIAL / final.name
        try:
            link = ledger.next_link(vault, newest)
            _make(draft, contents, signer, link, sealed_at, disk, authority)
            entry = _entry(draft, final, vault, link, contents.finding.incident.id)
            disk.make_folders(final.parent)
            ledger.announce(vault, entry, disk)
            disk.rename(draft, final)
        except BaseException:
            # The next call would sweep it as well, but a full disk wants its room back now.
            with contextlib.suppress(OSError):
                disk.remove_tree(draft)
            raise
        ledger.commit(vault, entry, disk)
        return _sealed(entry, vault)


def find_packet(vault: Path, finding: Finding) -> SealedPacket | None:
    """The packet of an incident, if it was sealed before."""
    vault = vault.resolve()
    final = packet_folder(vault, finding)
    return _sealed(ledger.entry_of(final, vault), vault) if final.is_dir() else None


def _sealed(entry: Entry, vault: Path) -> SealedPacket:
    return SealedPacket(vault / entry.path, entry.sha256, entry.sequence)


def _entry(draft: Path, final: Path, vault: Path, link: Link, incident: str) -> Entry:
    return Entry(
        sequence=link.sequence,
        incident=incident,
        path=final.relative_to(vault).as_posix(),
        sha256=sha256((draft / TAGMANIFEST).read_bytes()).hexdigest(),
        p7s_sha256=sha256((draft / SIGNATURE).read_bytes()).hexdigest(),
        previous=link.previous_sha256,
    )


def _make(
    draft: Path,
    contents: PacketContents,
    signer: Signer,
    link: Link,
    sealed_at: datetime,
    disk: Disk,
    authority: str,
) -> None:
    """The whole folder, every file on the disk."""
    data = draft / DATA
    disk.make_folders(data)
    _write_payload(data, contents, sealed_at, disk)
    # Read back: what is sealed is what stands on the disk, not what was meant to stand there.
    payload = sorted(data.iterdir())
    finding = contents.finding
    tags = {
        "bagit.txt": BAGIT_TXT,
        "bag-info.txt": bag_info(
            finding.incident.id,
            finding.provenance.site,
            finding.provenance.software,
            [path.stat().st_size for path in payload],
            link,
            sealed_at,
            signer.fingerprint,
            authority,
        ),
        SHA256: manifest({f"{DATA}/{path.name}": _digest(path, "sha256") for path in payload}),
        SHA512: manifest({f"{DATA}/{path.name}": _digest(path, "sha512") for path in payload}),
    }
    tagmanifest = manifest({path: sha256(content).hexdigest() for path, content in tags.items()})
    for name, content in {**tags, TAGMANIFEST: tagmanifest, SIGNATURE: signer.sign(tagmanifest)}.items():
        disk.write(draft / name, content)
    for folder in (data, draft):
        disk.sync_folder(folder)


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return file_digest(file, algorithm).hexdigest()


def _write_payload(data: Path, contents: PacketContents, sealed_at: datetime, disk: Disk) -> None:
    finding = contents.finding
    box_px = finding.incident.box_px
    clip = disk.fill(data, lambda: cut(contents.packets, data / "clip"))
    camera, landmark = finding.incident.camera, finding.reference_px
    taken = stills.take(contents.packets, moments(finding), box_px, finding.size_px, camera, landmark)
    for still in taken.taken:
        disk.write(data / still.name, still.jpeg)
    disk.write(data / "overlay.json", canonical(overlay(finding.looks, box_px, clip)))
    disk.write(data / SCHEMA_FILE.name, SCHEMA_FILE.read_bytes())
    disk.write(data / "event.json", canonical(event(finding, clip, taken, sealed_at)))
