"""The lines of a ledger: packets in their order, and what became of them later. Canonical JSON, one object a line."""

import json
from dataclasses import asdict, dataclass
from typing import ClassVar

import rfc8785


@dataclass(frozen=True, slots=True)
class Entry:
    """A packet that was sealed.

    Attributes:
        sequence: 1 for the first packet of a vault, then without holes.
        incident: id of the incident.
        path: of the packet, relative to the vault.
        sha256: of the packet (of its tag manifest).
        p7s_sha256: of its signature file.
        previous: sha256 of the packet before, `none` for the first.
    """

    mark: ClassVar[str] = "sequence"
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
        found = parse(line)
        if not isinstance(found, cls):
            raise ValueError(f"not a ledger entry: {line[:200]!r}")
        return found


@dataclass(frozen=True, slots=True)
class Stamped:
    """A time stamp that came for a packet.

    Attributes:
        stamped: number of the packet.
        tsr_sha256: of the stamp's file.
        at: the authority's time, ISO 8601.
    """

    mark: ClassVar[str] = "stamped"
    stamped: int
    tsr_sha256: str
    at: str

    def line(self) -> bytes:
        """As it stands in the ledger."""
        return rfc8785.dumps(asdict(self)) + b"\n"


@dataclass(frozen=True, slots=True)
class Removed:
    """A packet whose media were deleted, because the time to keep it was over.

    Attributes:
        removed: number of the packet.
        sha256: of the packet: its tombstone still holds the file with this digest.
        reason: the rule that asked for it, in words.
        by: who had it done.
        at: the box's time, ISO 8601.
    """

    mark: ClassVar[str] = "removed"
    removed: int
    sha256: str
    reason: str
    by: str
    at: str

    def line(self) -> bytes:
        """As it stands in the ledger."""
        return rfc8785.dumps(asdict(self)) + b"\n"


@dataclass(frozen=True, slots=True)
class Held:
    """A legal hold on a packet that began, or ended.

    Attributes:
        held: number of the packet.
        active: whether it holds from here on.
        reason: in words: a file number, a court's letter.
        by: who said so.
        at: the box's time, ISO 8601.
    """

    mark: ClassVar[str] = "held"
    held: int
    active: bool
    reason: str
    by: str
    at: str

    def line(self) -> bytes:
        """As it stands in the ledger."""
        return rfc8785.dumps(asdict(self)) + b"\n"


Line = Entry | Stamped | Removed | Held
_KINDS: tuple[type[Line], ...] = (Entry, Stamped, Removed, Held)


def parse(line: bytes) -> Line:
    """Read a line back.

    Raises:
        ValueError: it is no line of a ledger.
    """
    value = json.loads(line)
    for kind in _KINDS:
        if isinstance(value, dict) and kind.mark in value:
            try:
                return kind(**value)
            except TypeError as error:
                raise ValueError(f"not a line of a ledger: {line[:200]!r}") from error
    raise ValueError(f"not a line of a ledger: {line[:200]!r}")
