"""What a check found."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a packet is not sound.

    Attributes:
        file: the file it was seen in or at, relative to the packet.
        expected, found: in words or digests.
    """

    file: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.file}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on one packet.

    Attributes:
        sha256: the packet's identity, of the bytes of `tagmanifest-sha256.txt`; empty where there is none.
        problems: none: the packet is sound.
        notes: what a reader should know although it is no problem.
        incident: the id that the packet gives itself; only worth something when it is sound.
        sequence: its number in its vault, 0 where it does not say.
        fingerprint: sha256 of the signer's certificate; empty where there is none.
        stamped_at: the time-stamping authority's time; None where there is no sound stamp.
    """

    sha256: str
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()
    incident: str = ""
    sequence: int = 0
    fingerprint: str = ""
    stamped_at: datetime | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.problems
