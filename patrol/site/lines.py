"""On which line of a file a value stands. Neither tomllib nor tomlkit nor json tells, and an operator has to know."""

import re
from collections.abc import Mapping, Sequence

Path = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY_PART = r"""(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)"""
_KEY = re.compile(rf"^\s*({_KEY_PART}(?:\s*\.\s*{_KEY_PART})*)\s*=(.*)$", re.DOTALL)
_STRINGS = re.compile(r"\"\"\".*?\"\"\"|'''.*?'''|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|#[^\n]*", re.DOTALL)
_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')


class Lines:
    """Where the values of one file stand.

    Args:
        known: line by path, as `("zones", 0, "hours")`.
    """

    def __init__(self, known: Mapping[Path, int]) -> None:
        self._known = known

    def of(self, path: Sequence[str | int]) -> int:
        """The line of a value, or of the nearest table around it; 1 for the file as a whole."""
        for length in range(len(path), 0, -1):
            if (line := self._known.get(tuple(path[:length]))) is not None:
                return line
        return 1


def toml_lines(text: str) -> Lines:
    """Lines of the keys of a TOML document that parses. Values within an array or inline table count as its key's."""
    known: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    depth = 0
    # Strings and comments may hold anything; blanked out (line breaks kept), only structure is left to see.
    blank = _STRINGS.sub(_blanked, text)
    for number, (line, shape) in enumerate(zip(text.split("\n"), blank.split("\n"), strict=True), start=1):
        if depth == 0 and (header := _HEADER.match(line)) and not _KEY.match(line):
            table = _within(_keys(header[2]), counts, new=header[1] == "[[")
            known.setdefault(table, number)
            known.setdefault(table[:-1] if isinstance(table[-1], int) else table, number)
        elif depth == 0 and (key := _KEY.match(line)):
            path = (*table, *_keys(key[1]))
            for length in range(len(table) + 1, len(path) + 1):
                known.setdefault(path[:length], number)
            depth = _depth(shape.partition("=")[2])
        elif depth:
            depth += _depth(shape)
    return Lines(known)


def json_lines(text: str) -> Lines:
    """Lines of the values of a JSON document that parses."""
    known: dict[Path, int] = {}
    # One entry for each open array or object: its own path, and the index or key of the value to come.
    stack: list[tuple[Path, int | str | None]] = []
    marks = [(mark, n) for n, line in enumerate(text.split("\n"), start=1) for mark in _JSON.findall(line)]
    for n, (mark, line) in enumerate(marks):
        if mark in "]}":
            stack.pop()
        elif mark == ",":
            path, at = stack[-1]
            stack[-1] = (path, at + 1 if isinstance(at, int) else None)
        elif mark != ":":
            path, at = stack[-1] if stack else ((), None)
            if stack and at is None and n + 1 < len(marks) and marks[n + 1][0] == ":":
                stack[-1] = (path, mark[1:-1])
                known.setdefault((*path, mark[1:-1]), line)
                continue
            here = (*path, at) if at is not None else path
            known.setdefault(here, line)
            if mark in "[{":
                stack.append((here, 0 if mark == "[" else None))
    return Lines(known)


def _keys(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in re.findall(_KEY_PART, dotted))


def _within(keys: Path, counts: dict[Path, int], new: bool) -> Path:
    """The path of a table header, with the index of each array of tables on its way."""
    path: Path = ()
    for n, key in enumerate(keys):
        path = (*path, key)
        if new and n == len(keys) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _blanked(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def _depth(shape: str) -> int:
    return sum(shape.count(c) for c in "[{") - sum(shape.count(c) for c in "]}")
