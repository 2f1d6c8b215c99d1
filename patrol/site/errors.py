"""What is wrong with a site folder, in the form an operator can act on: file, line, what, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class SiteError:
    """One thing to mend.

    Attributes:
        file: path within the site folder, as `cameras/cam-1.toml`.
        line: counted from 1.
        what: what is wrong.
        do: what to do about it.
    """

    file: str
    line: int
    what: str
    do: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}; {self.do}"


class SiteErrors(Exception):
    """A site folder that cannot be used, with every error found in it."""

    def __init__(self, folder: Path, errors: Sequence[SiteError]) -> None:
        self.folder, self.errors = folder, tuple(sorted(errors))
        super().__init__("\n".join(str(error) for error in self.errors))
