"""A candidate becomes the shipped model of its name: its file is copied, its entry replaces the old one.

The card comes first: a model whose card does not name the hash of the new file is not promoted. Look at
`models.workshop.compare` before.

`python -m models.workshop.promote CANDIDATE.toml [--into registry.toml]`
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import tomlkit

from models.registry import SHIPPED_TOML, ModelEntry, Registry, RegistryError


class NoCard(Exception):
    """The card of a candidate is missing or speaks of another file."""

    def __init__(self, card: Path, sha256: str) -> None:
        super().__init__(
            f"{card} must exist and name sha256 {sha256}: write down what the new model can do and what not"
        )


def promote(candidate: Path, into: Path = SHIPPED_TOML) -> ModelEntry:
    """Put the only model of a candidate's registry file into a registry.

    Args:
        candidate: registry file as `export` prints it, its weights beside it.
        into: the registry to change; comments and other entries stay as they are.

    Returns:
        The entry as it stands in the registry now.

    Raises:
        RegistryError: the candidate cannot be read, is not the file its hash says, or is not one model.
        NoCard: the registry's card of that name does not name the candidate's hash.
    """
    entries = tuple(Registry.read(candidate))
    if len(entries) != 1:
        raise RegistryError(f"{candidate} must list one model, got {[entry.name for entry in entries]}")
    (entry,) = entries
    entry.load_bytes()
    table = tomlkit.parse(candidate.read_text(encoding="utf-8"))["models"][entry.name]
    card = into.parent / str(table["card"])
    if not card.exists() or entry.sha256 not in card.read_text(encoding="utf-8"):
        raise NoCard(card, entry.sha256)
    shutil.copyfile(entry.file, into.parent / str(table["file"]))
    registry = tomlkit.parse(into.read_text(encoding="utf-8"))
    registry.setdefault("models", tomlkit.table(is_super_table=True))[entry.name] = table
    half_written = into.with_suffix(".part")
    half_written.write_text(tomlkit.dumps(registry), encoding="utf-8")
    half_written.replace(into)
    return Registry.read(into).get(entry.name)


def main(arguments: Sequence[str] | None = None) -> int:
    """The thin command line of this step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("candidate", type=Path)
    parser.add_argument("--into", type=Path, default=SHIPPED_TOML)
    given = parser.parse_args(arguments)
    try:
        entry = promote(given.candidate, given.into)
    except (RegistryError, NoCard) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{entry.name} {entry.version} is shipped: {entry.file}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
