"""What becomes of sealed packets: legal holds, deletion that leaves a tombstone, and how much room is left.

A tombstone is `tombstones/INCIDENT/`: the packet's manifests, signature and stamp, which hold no picture, and
`tombstone.json`, which says who had it deleted, when and why. So the packet's digest can still be compared, and the
chain stays whole. Each step may be cut off by a kill: doing it again finishes it.
"""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import rfc8785

from evidence import ledger
from evidence.disk import Disk
from evidence.ledger_lines import Entry, Held, Removed
from evidence.seal import SHA256, SHA512, SIGNATURE, STAMP, TAGMANIFEST
from evidence.timestamps import utc_text

TOMBSTONES = "tombstones"
_KEPT = ("bag-info.txt", SHA256, SHA512, TAGMANIFEST, SIGNATURE, STAMP)
"""Without bagit.txt: a tombstone is no bag, and nobody shall take it for a packet."""


class NoSuchIncident(Exception):
    """The vault never held a packet of this incident."""


class PacketHeld(Exception):
    """A legal hold is on the packet: nothing deletes it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One packet of a vault as the ledger knows it.

    Attributes:
        entry: its line.
        held: whether a legal hold is on it.
        removed: whether it was deleted.
    """

    entry: Entry
    held: bool = False
    removed: bool = False


def contents(vault: Path) -> dict[str, Kept]:
    """Every packet that a vault ever held, by incident, in order.

    Raises:
        LedgerDamaged: a line cannot be read.
    """
    packets: dict[int, Entry] = {}
    held: dict[int, bool] = {}
    removed: set[int] = set()
    for line in ledger.lines(vault):
        match line:
            case Entry():
                packets[line.sequence] = line
            case Held():
                held[line.held] = line.active
            case Removed():
                removed.add(line.removed)
    return {e.incident: Kept(e, held.get(n, False), n in removed) for n, e in packets.items()}


def hold(
    vault: Path, incident: str, active: bool, reason: str, by: str, now: datetime, disk: Disk | None = None
) -> None:
    """Begin a legal hold, or end it; either is a line of the ledger.

    Raises:
        NoSuchIncident: there is no packet of it, or it was deleted.
        ValueError: no reason was given.
    """
    if not reason.strip():
        raise ValueError("a legal hold needs a reason: a file number, a court's letter")
    disk = disk or Disk()
    with ledger.locked(vault):
        ledger.recover(vault, disk)
        kept = _find(vault, incident)
        ledger.add(vault, Held(kept.entry.sequence, active, reason.strip(), by, utc_text(now)), disk)


def delete(vault: Path, incident: str, reason: str, by: str, now: datetime, disk: Disk | None = None) -> None:
    """Delete a packet's media for good; its tombstone and a line of the ledger stay.

    Raises:
        NoSuchIncident: there is no packet of it, or it was deleted.
        PacketHeld: a legal hold is on it, whatever the reason.
        OSError: the disk refuses; doing it again goes on where it stopped.
    """
    disk = disk or Disk()
    with ledger.locked(vault):
        ledger.recover(vault, disk)
        kept = _find(vault, incident)
        if kept.held:
            raise PacketHeld(f"a legal hold is on {incident}: it is not deleted")
        entry = kept.entry
        _bury(vault, entry, reason, by, now, disk)
        ledger.add(vault, Removed(entry.sequence, entry.sha256, reason, by, utc_text(now)), disk)
        _clear(vault, entry, disk)


def finish_deletions(vault: Path, disk: Disk | None = None) -> None:
    """Take away what a killed deletion left behind its line in the ledger."""
    disk = disk or Disk()
    with ledger.locked(vault):
        ledger.recover(vault, disk)
        for kept in contents(vault).values():
            if kept.removed:
                _clear(vault, kept.entry, disk)


def room_problem(vault: Path, quota_bytes: int | None, floor_bytes: int) -> str:
    """Why nothing new may be recorded, in words for an alarm; empty while there is room.

    New recording stops first: what is sealed is never touched to make room for what is not.
    """
    there = next(folder for folder in (vault, *vault.parents) if folder.is_dir())
    free = shutil.disk_usage(there).free
    if free < floor_bytes:
        return (
            f"{free >> 20} MiB free, {floor_bytes >> 20} MiB are kept free: no new recording; free space on this disk"
        )
    if quota_bytes is not None and (used := _size(vault)) >= quota_bytes:
        return f"packets take {used / 1e9:.2f} of {quota_bytes / 1e9:.2f} GB: no new recording; raise evidence.quota_gb"
    return ""


def _find(vault: Path, incident: str) -> Kept:
    kept = contents(vault).get(incident)
    if kept is None or kept.removed:
        raise NoSuchIncident(f"{vault}: no packet of incident {incident!r}")
    return kept


def _bury(vault: Path, entry: Entry, reason: str, by: str, now: datetime, disk: Disk) -> None:
    grave = vault / TOMBSTONES / entry.incident
    if grave.is_dir():
        return  # a killed deletion came this far
    draft = vault / ledger.PARTIAL / entry.incident
    disk.make_folders(draft)
    for name in _KEPT:
        if (file := vault / entry.path / name).is_file():
            disk.write(draft / name, file.read_bytes())
    said: dict[str, str | int] = {"incident": entry.incident, "sequence": entry.sequence, "sha256": entry.sha256}
    said |= {"reason": reason, "by": by, "at": utc_text(now)}
    disk.write(draft / "tombstone.json", rfc8785.dumps(dict(said)))
    disk.sync_folder(draft)
    disk.make_folders(grave.parent)
    disk.rename(draft, grave)


def _clear(vault: Path, entry: Entry, disk: Disk) -> None:
    """First out of sight in one step, then file by file: no packet is ever seen half."""
    packet = vault / entry.path
    if packet.is_dir():
        going = vault / ledger.PARTIAL / entry.incident
        disk.make_folders(going.parent)
        disk.rename(packet, going)
        disk.remove_tree(going)


def _size(vault: Path) -> int:
    return sum(path.stat().st_size for path in vault.rglob("*") if path.is_file()) if vault.is_dir() else 0
