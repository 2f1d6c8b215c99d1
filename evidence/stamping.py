"""Time stamps for what was sealed: asked for after the sealing, so that no authority can hold it up.

What still waits for a stamp is not kept in a list of its own: it is every packet of the ledger without one. Once a day
the ledger itself is stamped: `heads/DATE.json` names how long it was and its digest then, `heads/DATE.json.tsr` is
the stamp, so that nobody can take away its last lines unnoticed.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Protocol

import rfc8785

from evidence import ledger
from evidence.authority import NoStamp, Stamp
from evidence.disk import Disk
from evidence.ledger_lines import Entry, Removed, Stamped
from evidence.seal import STAMP, TAGMANIFEST
from evidence.timestamps import utc_text
from evidence.verifying.stamp import check_stamp

HEADS = "heads"


class Authority(Protocol):
    """Whoever stamps."""

    def stamp(self, content: bytes) -> Stamp:
        """A stamp over `content`, checked; raises `NoStamp`."""
        ...


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of stamping came to.

    Attributes:
        stamped: packets that got their stamp.
        waiting: packets that still wait.
        problem: why, in words; empty when all is well.
    """

    stamped: int
    waiting: int
    problem: str = ""


def stamp_waiting(vault: Path, authority: Authority, now: datetime, disk: Disk | None = None) -> Round:
    """Ask for every stamp that a vault lacks, oldest first, and for the day's stamp of its ledger.

    The vault is not held while the authority is asked: sealing goes on. May be killed anywhere and run again.

    Args:
        vault: folder of the packets.
        authority: whom to ask; the first packet that it refuses ends the round.
        now: the box's time, UTC: names the day.
        disk: how files are written; another one in tests only.

    Raises:
        OSError: a stamp could not be written; nothing half-written stays.
        LedgerDamaged: the ledger cannot be read.
    """
    disk = disk or Disk()
    waiting = _waiting(vault)
    done = 0
    try:
        for entry in waiting:
            _stamp_packet(vault, entry, authority, disk)
            done += 1
        if waiting or (vault / ledger.LEDGER).exists():
            _stamp_head(vault, authority, now, disk)
    except NoStamp as problem:
        return Round(done, len(waiting) - done, str(problem))
    return Round(done, 0)


def _waiting(vault: Path) -> list[Entry]:
    found: dict[int, Entry] = {}
    for line in ledger.lines(vault):
        match line:
            case Entry():
                found[line.sequence] = line
            case Stamped():
                found.pop(line.stamped, None)
            case Removed():
                found.pop(line.removed, None)
    return list(found.values())


def _stamp_packet(vault: Path, entry: Entry, authority: Authority, disk: Disk) -> None:
    packet = vault / entry.path
    if not packet.is_dir():
        return  # taken away: `patrol vault check` says so, and the others must get theirs
    content = (packet / TAGMANIFEST).read_bytes()
    if sha256(content).hexdigest() != entry.sha256:
        return  # rot or worse: a stamp would vouch for it
    stamp = _placed(packet / STAMP, content) or authority.stamp(content)
    with ledger.locked(vault):
        ledger.recover(vault, disk)
        if not packet.is_dir():
            return  # deleted meanwhile, rightly
        _place(packet / STAMP, stamp.tsr, vault, disk)
        ledger.add(vault, Stamped(entry.sequence, sha256(stamp.tsr).hexdigest(), utc_text(stamp.at)), disk)


def _placed(path: Path, content: bytes) -> Stamp | None:
    """A stamp that was written before the program was killed, if it is whole."""
    if not path.is_file():
        return None
    tsr = path.read_bytes()
    problems, _, at = check_stamp(content, tsr, path.name, None)
    return Stamp(tsr, at) if at is not None and not problems else None


def _place(path: Path, content: bytes, vault: Path, disk: Disk) -> None:
    """A new file in a sealed packet, whole or not at all."""
    draft = vault / ledger.DRAFT
    disk.write(draft, content)
    disk.rename(draft, path)


def _stamp_head(vault: Path, authority: Authority, now: datetime, disk: Disk) -> None:
    """The ledger as it is now, once a day."""
    head = vault / HEADS / f"{now:%Y-%m-%d}.json"
    stamp_file = head.with_name(head.name + ".tsr")
    if stamp_file.exists():
        return
    with ledger.locked(vault):
        newest = ledger.recover(vault, disk)
        if newest is None:
            return
        disk.make_folders(head.parent)
        if not head.exists():
            _place(head, _facts(vault / ledger.LEDGER, newest.sequence, now), vault, disk)
    stamp = authority.stamp(head.read_bytes())
    with ledger.locked(vault):
        _place(stamp_file, stamp.tsr, vault, disk)


def _facts(path: Path, sequence: int, now: datetime) -> bytes:
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
        size = file.tell()
    return rfc8785.dumps({"sequence": sequence, "ledger_bytes": size, "ledger_sha256": digest, "at": utc_text(now)})
