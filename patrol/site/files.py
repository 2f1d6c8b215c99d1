"""Reading the files of a site folder: text, syntax, and which line is which."""

import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

from patrol.site.errors import SiteError
from patrol.site.lines import Lines, json_lines, toml_lines
from patrol.site.schema import FeatureCollection, read_as


class Folder:
    """A site folder that is being read: collects what is wrong and what was read.

    Attributes:
        path: absolute.
        errors: everything found so far.
        files_sha256: of each file read, by path within the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.errors: list[SiteError] = []
        self.files_sha256: dict[str, str] = {}

    def error(self, file: str, line: int, what: str, do: str) -> None:
        """Note one error."""
        self.errors.append(SiteError(file, line, what, do))

    def digest(self) -> str:
        """sha256 over the lines `HASH  PATH`, sorted by path: the output of `sha256sum` over the files."""
        listing = "".join(f"{self.files_sha256[name]}  {name}\n" for name in sorted(self.files_sha256))
        return hashlib.sha256(listing.encode()).hexdigest()

    def toml(self, name: str) -> tuple[dict[str, Any], Lines] | None:
        """A TOML file; None when it is missing (which is no error here) or does not parse (which is)."""
        text = self._text(name)
        if text is None:
            return None
        try:
            return tomllib.loads(text), toml_lines(text)
        except tomllib.TOMLDecodeError as error:
            at = re.search(r"at line (\d+)", str(error))
            line = int(at[1]) if at else max(1, len(text.splitlines()))
            self.error(name, line, f"not TOML: {str(error).split(' (at ')[0]}", "correct the line or the one before it")
            return None

    def geojson(self, name: str) -> tuple[list[Any], Lines]:
        """The features of a GeoJSON file; none when it is missing or wrong."""
        nothing: tuple[list[Any], Lines] = ([], Lines({}))
        text = self._text(name)
        if text is None:
            return nothing
        try:
            parsed = json.loads(text, parse_constant=_no_constant)
        except json.JSONDecodeError as error:
            self.error(name, error.lineno, f"not JSON: {error.msg}", "correct the line or the one before it")
            return nothing
        except ValueError as error:
            self.error(name, 1, f"not JSON: {error}", "write a number")
            return nothing
        lines = json_lines(text)
        collection, errors = read_as(FeatureCollection, parsed, name, lines)
        self.errors += errors
        return (collection.features, lines) if collection else nothing

    def _text(self, name: str) -> str | None:
        try:
            data = (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self.error(name, 1, f"cannot be read: {error.strerror}", "give the program the right to read it")
            return None
        self.files_sha256[name] = hashlib.sha256(data).hexdigest()
        try:
            return data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.error(name, line, "not UTF-8 text", "save it as UTF-8")
            return None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
