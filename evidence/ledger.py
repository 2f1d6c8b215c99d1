"""The chain of a vault's packets, one line each, and the repair of what a killed program left behind.

A vault is a folder:

    YYYY/MM/DD/INCIDENT/   whole packets, by the day of the verdict (UTC)
    ledger.jsonl           one line a packet, in order, never changed; and one for each stamp, hold and deletion
    partial/               packets being made; swept at the next start
    pending.json           the line that belongs to the packet being renamed into place

A packet is sealed in three steps: the line is written to `pending.json`, the folder is renamed into place, the line
is appended to the ledger. Killed between any two of them, the next start finishes the last step or takes back the
first: the rename alone decides whether the packet exists.
"""

import contextlib
import fcntl
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from evidence.disk import Disk
from evidence.ledger_lines import Entry, Line, parse
from evidence.seal import FIRST, SIGNATURE, STAMP, TAGMANIFEST, Link

LEDGER, PENDING, PARTIAL, LOCK, DRAFT = "ledger.jsonl", "pending.json", "partial", ".lock", ".draft"
_PACKETS = "[0-9]" * 4 + "/" + "[0-9]" * 2 + "/" + "[0-9]" * 2 + "/*"
_LONGEST_LINE = 4096
_BLOCK = 1 << 16


class LedgerDamaged(Exception):
    """The ledger does not say what the packets say; a person must look before anything else is sealed."""

    def __init__(self, ledger: Path, why: str) -> None:
        super().__init__(f"{ledger}: {why}; restore it from a backup, or move it away to have it rebuilt")
        self.ledger, self.why = ledger, why


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
    for line in _backwards(ledger, size):
        try:
            found = parse(line)
        except ValueError as error:
            raise LedgerDamaged(ledger, f"a line of it is no entry: {line[:80]!r}") from error
        if isinstance(found, Entry):
            return found
    return None


def _backwards(ledger: Path, size: int) -> Iterator[bytes]:
    """The lines of a file, last one first: stamps may stand behind the newest packet, and a ledger grows for years."""
    rest = b""
    with ledger.open("rb") as file:
        while size:
            begin = max(0, size - _BLOCK)
            file.seek(begin)
            first, *whole = (file.read(size - begin) + rest).split(b"\n")
            yield from (line for line in reversed(whole) if line)
            rest, size = first, begin
    if rest:
        yield rest


def lines(vault: Path) -> Iterator[Line]:
    """All lines of the ledger, oldest first.

    Raises:
        LedgerDamaged: one cannot be read.
    """
    ledger = vault / LEDGER
    if ledger.exists():
        with ledger.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return  # being written, or torn by a kill: `recover` settles it before anything is added
                try:
                    yield parse(line)
                except ValueError as error:
                    raise LedgerDamaged(ledger, f"line {number} is no entry: {line[:80]!r}") from error


def entries(vault: Path) -> Iterator[Entry]:
    """All packets of the ledger, oldest first."""
    return (line for line in lines(vault) if isinstance(line, Entry))


def add(vault: Path, line: Line, disk: Disk) -> None:
    """Append what became of a packet; call it with the vault held."""
    disk.append(vault / LEDGER, line.line())


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


def next_link(vault: Path, newest: Entry | None) -> Link:
    """The place in the chain of the packet after the newest."""
    if newest is None:
        return Link(1)
    stamp = vault / newest.path / STAMP
    stamped = sha256(stamp.read_bytes()).hexdigest() if stamp.is_file() else FIRST
    return Link(newest.sequence + 1, newest.sha256, newest.p7s_sha256, stamped)


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
