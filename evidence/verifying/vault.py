"""A whole vault, read again: its ledger, each packet in it, and that they agree."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evidence.verifying.bag import check_bag
from evidence.verifying.chain import LEDGER, Chain, check_heads, check_ledger, check_link, check_places
from evidence.verifying.report import Problem, Report


@dataclass(frozen=True, slots=True)
class VaultReport:
    """The verdict on a vault or on a ledger alone.

    Attributes:
        problems: none: it is sound.
        notes: what a reader should know although it is no problem, each once.
        packets: how many the ledger names.
        removed: how many of them were deleted, each with its tombstone.
    """

    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    packets: int
    removed: int

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.problems


def check_chain(path: Path, authority: bytes | None) -> VaultReport:
    """A ledger without its packets: a file that somebody kept or sent."""
    problems, chain = check_ledger(path)
    wrong, notes = check_heads(path.parent, authority) if path.name == LEDGER else ([], [])
    return _report([*problems, *wrong], notes, chain)


def check_vault(
    vault: Path, verify: Callable[[Path], Report], authority: bytes | None, told: Callable[[int, int], None]
) -> VaultReport:
    """Read a whole vault again.

    Args:
        vault: its folder.
        verify: checks one packet.
        authority: who is trusted to stamp the ledger; None: anybody, with a note.
        told: how many packets were read, of how many.
    """
    problems, chain = check_ledger(vault / LEDGER)
    wrong, notes = check_heads(vault, authority)
    problems += [*wrong, *check_places(vault, chain)]
    present = [line for line in chain.packets.values() if (vault / line["path"]).is_dir()]
    for done, line in enumerate(present, 1):
        packet = vault / line["path"]
        report = verify(packet)
        problems += [Problem(f"{line['path']}/{p.file}", p.expected, p.found) for p in report.problems]
        notes += [note for note in report.notes if note not in notes]
        if report.sound:
            problems += check_link(line["path"], check_bag(packet)[1], chain)
        told(done, len(present))
    return _report(problems, notes, chain)


def _report(problems: list[Problem], notes: list[str], chain: Chain) -> VaultReport:
    unique = tuple(dict.fromkeys(problems))
    return VaultReport(unique, tuple(dict.fromkeys(notes)), len(chain.packets), len(chain.removed))
