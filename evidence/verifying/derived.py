"""`derived.json` of a copy: which sealed packet it names, and that each of its files says what it was made from."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rfc8785

from evidence.verifying.report import Problem

NAME = "data/derived.json"
SCHEMA, VERSION = "street-patrol/derived", 1
MAX_JSON = 1 << 20
_FIELDS = {"schema", "schema_version", "derivation", "of", "files", "method"}
_DIGEST = re.compile(r"[0-9a-f]{64}")


def check_derived(root: Path, info: Mapping[str, str]) -> tuple[list[Problem], list[str]]:
    """Check a copy whose `bag-info.txt` says `info`; the note says of which packet it is a copy."""
    try:
        content = (root / NAME).read_bytes()[: MAX_JSON + 1]
        derived = json.loads(content)
        if rfc8785.dumps(derived) != content:
            return [Problem(NAME, "canonical JSON (RFC 8785)", "another form of it")], []
        problems = [Problem(NAME, want, found) for want, found in _wrong(root, derived, info)]
    except (ValueError, RecursionError, KeyError, TypeError, rfc8785.CanonicalizationError) as error:
        return [Problem(NAME, f"the fields of {SCHEMA}", f"something else: {error!r}"[:200])], []
    return problems, [f"a {derived['derivation']} copy of the sealed packet {derived['of']['packet_sha256']}"]


def _wrong(root: Path, derived: dict[str, Any], info: Mapping[str, str]) -> list[tuple[str, str]]:
    if derived.keys() != _FIELDS or (derived["schema"], derived["schema_version"]) != (SCHEMA, VERSION):
        return [(f"{SCHEMA} version {VERSION}", f"{derived.get('schema')} {derived.get('schema_version')}")]
    wrong: list[tuple[str, str]] = []
    wanted = {
        "Derived-From-SHA256": derived["of"]["packet_sha256"],
        "External-Identifier": derived["of"]["incident"],
        "Derivation": derived["derivation"],
    }
    wrong += [(f"{k} {v} as in bag-info.txt", info.get(k, "nothing")) for k, v in wanted.items() if info.get(k) != v]
    named = {file["path"] for file in derived["files"]} | {NAME}
    there = {f"data/{path.name}" for path in (root / "data").iterdir()}
    wrong += [(f"{path}, which it names", "nothing") for path in sorted(named - there)]
    wrong += [("a mention of each file", f"none of {path}") for path in sorted(there - named)]
    wrong += [
        (f"what {file['path']} was made from, with its sha256", str(file))
        for file in derived["files"]
        if not _DIGEST.fullmatch(file["of_sha256"]) or not file["of"].startswith("data/")
    ]
    return wrong
