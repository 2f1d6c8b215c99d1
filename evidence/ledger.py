"""The chain of a vault's packets, one line each, and the repair of what a killed program left behind.

A vault is a folder:

    YYYY/MM/DD/INCIDENT/   whole packets, by the day of the verdict (UTC)
    ledger.jsonl           one line a packet, in order, never changed
    partial/               packets being made; swept at the next start
    pending.json           the line that belongs to the packet being renamed into place

A packet is sealed in three steps: the line is written to `pending.json`, the folder is renamed into place, the line
is appended to the ledger. Killed between any two of them, the next start finishes the last step or takes back the
first: the rename alone decides whether the packet exists.
"""

import contextlib
import fcntl
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import rfc8785

from evidence.disk import Disk
from evidence.seal import FIRST, SIGNATURE, TAGMANIFEST, Link

LEDGER, PENDING, PARTIAL, LOCK = "ledger.jsonl", "pending.json", "partial", ".lock"
_PACKETS = "[0-9]" * 4 + "/" + "[0-9]" * 2 + "/" + "[0-9]" * 2 + "/*"
_LONGEST_LINE = 4096


class LedgerDamaged(Exception):
    """The ledger does not say what the packets say; a person must look before anything else is sealed."""

    def __init__(self, ledger: Path, why: str) -> None:
        super().__init__(f"{ledger}: {why}; restore it from a backup, or move it away to have it rebuilt")
        self.ledger, self.why = ledger, why


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger.

    Attributes:
        sequence: 1 for the first packet of a vault, then without holes.
        incident: id of the incident.
        path: of the packet, relative to the vault.
        sha256: of the packet (of its tag manifest).
        p7s_sha256: of its signature file.
        previous: sha256 of the packet before, `none` for the first.
    """

    sequence: int
    incident: str
    path: str
    sha256: str
    p7s_sha256: str
    previous: str

    def line(self) -> bytes:
        """The entry as it stands in the ledger: canonical JSON and a line end."""
        return rfc8785.dumps(asdict(self)) + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Entry":
        """Read a line back.

        Raises:
            ValueError: it is no entry.
        """
        try:
            return cls(**json.loads(line))
        except TypeError as error:
            raise ValueError(f"not a ledger entry: {line[:200]!r}") from error


@contextlib.contextmanager
def locked(vault: Path) -> Iterator[None]:
    """Hold the vault: one packet is sealed at a time, by one process. A killed process lets go by itself."""
    with (vault / LOCK).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def recover(vault: Path, disk: Disk) -> Entry | None:
    """Bring a vault in order after whatever happened, and say which packet is the newest.

    Call it with the vault held (`locked`). It sweeps half-made packets, cuts off a torn last line, settles the
    packet that was being renamed, and makes the ledger anew where packets are there and it is not.

    Raises:
        LedgerDamaged: the ledger or the packets contradict themselves.
    """
    for leftover in _listed(vault / PARTIAL):
        disk.remove_tree(leftover)
    ledger = vault / LEDGER
    if ledger.exists():
        _cut_torn_line(ledger, disk)
    elif any(vault.glob(_PACKETS)):
        _rebuild(vault, disk)
    _settle(vault, disk)
    return head(vault)


def head(vault: Path) -> Entry | None:
    """The newest packet of the ledger; None in an empty vault.

    Raises:
        LedgerDamaged: the last line cannot be read.
    """
    ledger = vault / LEDGER
    if not ledger.exists() or not (size := ledger.stat().st_size):
        return None
    with ledger.open("rb") as file:
        file.seek(max(0, size - _LONGEST_LINE))
        last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
    try:
        return Entry.from_line(last)
    except ValueError as error:
        raise LedgerDamaged(ledger, f"its last line is no entry: {last[:80]!r}") from error


def entries(vault: Path) -> Iterator[Entry]:
    """All packets of the ledger, oldest first."""
    ledger = vault / LEDGER
    if ledger.exists():
        with ledger.open("rb") as file:
            yield from (Entry.from_line(line) for line in file)


def announce(vault: Path, entry: Entry, disk: Disk) -> None:
    """Write down which packet is about to be renamed into place."""
    disk.write(vault / PENDING, entry.line())
    # Its name must be there after a power cut as well: the rename that follows must never be seen without it.
    disk.sync_folder(vault)


def commit(vault: Path, entry: Entry, disk: Disk) -> None:
    """Append the line of a packet that is in place, and forget that it was pending."""
    disk.append(vault / LEDGER, entry.line())
    disk.sync_folder(vault)
    disk.remove(vault / PENDING)


def next_link(newest: Entry | None) -> Link:
    """The place in the chain of the packet after the newest."""
    return Link(1) if newest is None else Link(newest.sequence + 1, newest.sha256, newest.p7s_sha256)


def entry_of(packet: Path, vault: Path) -> Entry:
    """The line of a whole packet, read from its own files.

    Raises:
        LedgerDamaged: it has no readable place in the chain.
    """
    info = (packet / "bag-info.txt").read_text("utf-8")
    labels = dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", info, re.MULTILINE))
    try:
        return Entry(
            sequence=int(labels["Packet-Sequence"]),
            incident=labels["External-Identifier"],
            path=packet.relative_to(vault).as_posix(),
            sha256=sha256((packet / TAGMANIFEST).read_bytes()).hexdigest(),
            p7s_sha256=sha256((packet / SIGNATURE).read_bytes()).hexdigest(),
            previous=labels["Previous-Packet-SHA256"],
        )
    except (KeyError, ValueError, OSError) as error:
        raise LedgerDamaged(vault / LEDGER, f"packet {packet.name} has no place in the chain ({error!r})") from error


def _listed(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _cut_torn_line(ledger: Path, disk: Disk) -> None:
    """A line without its end was never finished: its packet is still pending and comes again."""
    size = ledger.stat().st_size
    with ledger.open("rb") as file:
        file.seek(max(0, size - _LONGEST_LINE))
        tail = file.read()
    torn = len(tail) - (tail.rfind(b"\n") + 1)
    if torn:
        disk.truncate(ledger, size - torn)


def _settle(vault: Path, disk: Disk) -> None:
    pending = vault / PENDING
    if not pending.exists():
        return
    with contextlib.suppress(ValueError):  # torn: it was not finished, so nothing was renamed after it
        entry = Entry.from_line(pending.read_bytes())
        newest = head(vault)
        in_place = (vault / entry.path).is_dir()
        if in_place and (newest is None or newest.sequence < entry.sequence):
            disk.append(vault / LEDGER, entry.line())
    disk.remove(pending)


def _rebuild(vault: Path, disk: Disk) -> None:
    found = sorted((entry_of(packet, vault) for packet in vault.glob(_PACKETS)), key=lambda entry: entry.sequence)
    previous = FIRST
    for number, entry in enumerate(found, 1):
        if (entry.sequence, entry.previous) != (number, previous):
            raise LedgerDamaged(
                vault / LEDGER,
                f"expected packet {number} after {previous[:12]}, found {entry.sequence} after {entry.previous[:12]}",
            )
        previous = entry.sha256
    fresh = vault / PARTIAL / LEDGER
    disk.make_folders(fresh.parent)
    disk.write(fresh, b"".join(entry.line() for entry in found))
    disk.rename(fresh, vault / LEDGER)
