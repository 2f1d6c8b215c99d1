"""Which models this release ships, and the proof that a file is the one that was released.

`registry.toml` beside this module is the list; `ModelEntry.load_bytes` is the only way weights reach a
runtime, so a file that was swapped, truncated or only half fetched never runs. Nothing heavy is imported
here: reading the list costs milliseconds on any box.
"""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

SHIPPED_TOML = Path(__file__).with_name("registry.toml")


class RegistryError(Exception):
    """Anything wrong with the list of models or with a file it names."""


class UnknownModel(RegistryError):
    """A name that the registry does not list.

    Attributes:
        name: what was asked for.
        known: every name and alias that would have worked, sorted.
    """

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name = name
        self.known = known
        super().__init__(f"no model named {name!r}; the registry lists: {', '.join(known) or 'none'}")


class WrongHash(RegistryError):
    """A weight file that is not, byte for byte, the one that the registry lists.

    Attributes:
        name: the model.
        expected: sha256 of the registry, lower-case hex.
        found: sha256 of the file, or "missing" when there is none.
    """

    def __init__(self, name: str, expected: str, found: str) -> None:
        self.name = name
        self.expected = expected
        self.found = found
        super().__init__(
            f"model {name}: expected sha256 {expected}, found {found}; restore the file from the "
            "release (git checkout, or install again); if you trained it yourself, enter its hash in registry.toml"
        )


class BrokenRegistry(RegistryError):
    """A registry.toml that cannot be used; the text names file, model and key."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model as the registry lists it.

    Attributes:
        name: its name in the registry, never an alias.
        file: absolute path of the ONNX file.
        sha256: of that file, lower-case hex.
        version: of the weights; evidence packets name it.
        input_size: long side in pixels that the model was trained for and is run at.
        classes: class names in the order of the score rows.
        thresholds: class name to the least score that counts, 0 to 1; one for each class.
        raising: classes that can raise an incident (a bin cannot, an overflowing one can).
        stride: height and width of the input are multiples of this many pixels.
        license: SPDX identifier of the weights.
        card: absolute path of the model card.
        tile_px: side of the square tiles that large pictures are cut into before this model sees
            them, in pixels of the picture; None when it sees the picture whole.
    """

    name: str
    file: Path
    sha256: str
    version: str
    input_size: int
    classes: tuple[str, ...]
    thresholds: Mapping[str, float]
    raising: tuple[str, ...]
    stride: int
    license: str
    card: Path
    tile_px: int | None = None

    def __post_init__(self) -> None:
        if len(self.sha256) != 64 or not set(self.sha256) <= set("0123456789abcdef"):
            raise ValueError(f"sha256 must be 64 lower-case hex digits, got {self.sha256!r}")
        if not self.classes or len(set(self.classes)) != len(self.classes):
            raise ValueError(f"classes must be distinct names, got {self.classes}")
        if set(self.thresholds) != set(self.classes):
            odd = sorted(set(self.thresholds) ^ set(self.classes))
            raise ValueError(f"thresholds must name each class once, these do not match: {odd}")
        if not all(0.0 < value < 1.0 for value in self.thresholds.values()):
            raise ValueError(f"thresholds must lie between 0 and 1, got {dict(self.thresholds)}")
        if not set(self.raising) <= set(self.classes):
            raise ValueError(f"raising must be among the classes, got {self.raising}")
        if self.stride <= 0 or self.input_size <= 0 or self.input_size % self.stride:
            raise ValueError(f"input_size must be a multiple of {self.stride}, got {self.input_size}")
        if self.tile_px is not None and self.tile_px <= 0:
            raise ValueError(f"tile_px must be positive, got {self.tile_px}")

    def load_bytes(self) -> bytes:
        """Read the weights and check them against the registry.

        Raises:
            WrongHash: the file is missing or is another one.
        """
        try:
            data = self.file.read_bytes()
        except FileNotFoundError:
            raise WrongHash(self.name, self.sha256, "missing") from None
        found = hashlib.sha256(data).hexdigest()
        if found != self.sha256:
            raise WrongHash(self.name, self.sha256, found)
        return data


@dataclass(frozen=True, slots=True)
class Registry:
    """The models by name, and older names that still work.

    Attributes:
        entries: name to model.
        aliases: other name to name, for models that were merged or renamed.
    """

    entries: Mapping[str, ModelEntry]
    aliases: Mapping[str, str]

    @classmethod
    def shipped(cls) -> "Registry":
        """The registry of this release."""
        return cls.read(SHIPPED_TOML)

    @classmethod
    def read(cls, path: Path) -> "Registry":
        """Read a registry file; the paths in it are relative to its folder.

        Raises:
            BrokenRegistry: naming the file and, where it is one model's, the model and what is wrong.
        """
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise BrokenRegistry(f"{path}: {error}") from error
        entries = {name: _entry(path, name, row) for name, row in table.get("models", {}).items()}
        aliases = dict(table.get("aliases", {}))
        for alias, name in aliases.items():
            if name not in entries or alias in entries:
                raise BrokenRegistry(f"{path}: alias {alias!r} must be a new name for a listed model, got {name!r}")
        return cls(MappingProxyType(entries), MappingProxyType(aliases))

    def get(self, name: str) -> ModelEntry:
        """The model of that name or alias.

        Raises:
            UnknownModel: there is none.
        """
        try:
            return self.entries[self.aliases.get(name, name)]
        except KeyError:
            raise UnknownModel(name, self.names) from None

    @property
    def names(self) -> tuple[str, ...]:
        """Every name and alias, sorted."""
        return tuple(sorted({*self.entries, *self.aliases}))

    def __iter__(self) -> Iterator[ModelEntry]:
        return iter(self.entries.values())


def _entry(path: Path, name: str, row: Mapping[str, Any]) -> ModelEntry:
    """One `[models.NAME]` table as a ModelEntry."""
    try:
        return ModelEntry(
            name=name,
            file=path.parent / row["file"],
            sha256=row["sha256"],
            version=row["version"],
            input_size=row["input_size"],
            classes=tuple(row["classes"]),
            thresholds=MappingProxyType(dict(row["thresholds"])),
            raising=tuple(row.get("raising", row["classes"])),
            stride=row.get("stride", 32),
            license=row["license"],
            card=path.parent / row["card"],
            tile_px=row.get("tile_px"),
        )
    except KeyError as error:
        raise BrokenRegistry(f"{path}: model {name} lacks the key {error}") from error
    except (TypeError, ValueError) as error:
        raise BrokenRegistry(f"{path}: model {name}: {error}") from error
