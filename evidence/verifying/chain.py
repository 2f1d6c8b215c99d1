"""The ledger of a vault: packets in their order without a hole, and what became of them. Read again, strictly."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rfc8785

from evidence.verifying.report import Problem
from evidence.verifying.stamp import check_stamp

LEDGER, HEADS, TOMBSTONES = "ledger.jsonl", "heads", "tombstones"
MAX_LINE = 4096

_SHAPES: Mapping[str, Mapping[str, type]] = {
    "sequence": {"sequence": int, "incident": str, "path": str, "sha256": str, "p7s_sha256": str, "previous": str},
    "stamped": {"stamped": int, "tsr_sha256": str, "at": str},
    "removed": {"removed": int, "sha256": str, "reason": str, "by": str, "at": str},
    "held": {"held": int, "active": bool, "reason": str, "by": str, "at": str},
}


@dataclass(slots=True)
class Chain:
    """What a ledger says.

    Attributes:
        packets: line of each packet, by number.
        stamps: digest of each packet's time stamp, by number.
        removed: numbers of packets whose media were deleted.
    """

    packets: dict[int, dict[str, Any]] = field(default_factory=dict)
    stamps: dict[int, str] = field(default_factory=dict)
    removed: dict[int, dict[str, Any]] = field(default_factory=dict)


def check_ledger(ledger: Path) -> tuple[list[Problem], Chain]:
    """Read a ledger; each hole and each contradiction is a problem."""
    problems: list[Problem] = []
    chain = Chain()
    before, number_before = "none", 0
    for place, line in _lines(ledger):
        value = _read(line)
        if value is None:
            problems.append(Problem(place, "a line of a ledger as canonical JSON", repr(line[:80])))
        elif "sequence" in value:
            number = value["sequence"]
            if number != number_before + 1:
                problems.append(Problem(place, f"packet {number_before + 1}", f"packet {number}: a gap"))
            elif value["previous"] != before:
                problems.append(Problem(place, f"packet {number} after {before}", f"after {value['previous']}"))
            chain.packets[number] = value
            before, number_before = value["sha256"], number
        else:
            problems += [Problem(place, want, found) for want, found in _follow(chain, value)]
    return problems, chain


def check_heads(vault: Path, authority: bytes | None) -> tuple[list[Problem], list[str]]:
    """The days' stamps of a ledger against the ledger as it is now: its beginning must be what it was then."""
    problems: list[Problem] = []
    notes: list[str] = []
    for head in sorted((vault / HEADS).glob("*.json")):
        name = f"{HEADS}/{head.name}"
        content = head.read_bytes()
        stamp = head.with_name(head.name + ".tsr")
        if stamp.is_file():
            wrong, said, _ = check_stamp(content, stamp.read_bytes(), f"{name}.tsr", authority)
            problems += wrong
            notes += [note for note in said if note not in notes]
        else:
            notes.append(f"{name} has no time stamp yet")
        try:
            facts = json.loads(content)
            size, wanted = int(facts["ledger_bytes"]), str(facts["ledger_sha256"])
        except (ValueError, KeyError, TypeError) as error:
            problems.append(Problem(name, "the length and the digest of a ledger", f"something else: {error!r}"[:160]))
            continue
        with (vault / LEDGER).open("rb") as file:
            found = hashlib.sha256(file.read(size)).hexdigest()
        if found != wanted:
            what = f"a ledger that begins with the {size} bytes of that day, sha256 {wanted}"
            problems.append(Problem(name, what, f"sha256 {found}: lines were taken away or changed"))
    return problems, notes


def check_places(vault: Path, chain: Chain) -> list[Problem]:
    """Packets of the ledger that are not there, those that are there and not in it, and digests that disagree."""
    problems: list[Problem] = []
    for number, line in chain.packets.items():
        packet = vault / line["path"]
        there = packet.is_dir()
        tomb = vault / TOMBSTONES / line["incident"]
        if number in chain.removed:
            if there:
                problems.append(Problem(line["path"], "no packet: it was deleted", "one"))
            packet = tomb
            there = tomb.is_dir()
        if not there:
            what = "its tombstone" if number in chain.removed else "this packet"
            problems.append(Problem(line["path"], f"{what}, number {number} of the ledger", "nothing: a gap"))
            continue
        files = {"tagmanifest-sha256.txt": line["sha256"], "tagmanifest-sha256.txt.p7s": line["p7s_sha256"]}
        if number in chain.stamps:
            files["tagmanifest-sha256.txt.tsr"] = chain.stamps[number]
        problems += _compared(packet, vault, files)
    named = {line["path"] for line in chain.packets.values()}
    for bag in sorted(vault.glob("[0-9]*/[0-9]*/[0-9]*/*")):
        if (path := bag.relative_to(vault).as_posix()) not in named:
            problems.append(Problem(path, "a line in ledger.jsonl", "none"))
    return problems


def check_link(path: str, info: Mapping[str, str], chain: Chain) -> list[Problem]:
    """What a packet says of the one before, against the ledger."""
    number = info.get("Packet-Sequence", "")
    line = chain.packets.get(int(number)) if number.isascii() and number.isdigit() else None
    if line is None or line["path"] != path:
        return [Problem(path, "the number that the ledger has for it", number)]
    before = chain.packets.get(line["sequence"] - 1)
    wanted = {
        "Previous-Packet-SHA256": before["sha256"] if before else "none",
        "Previous-Signature-SHA256": before["p7s_sha256"] if before else "none",
    }
    stamp = info.get("Previous-Stamp-SHA256", "none")
    if stamp != "none":
        wanted["Previous-Stamp-SHA256"] = chain.stamps.get(line["sequence"] - 1, "none")
    return [
        Problem(path, f"{label} {value} as the ledger has it", info.get(label, "nothing"))
        for label, value in wanted.items()
        if info.get(label) != value
    ]


def _compared(packet: Path, vault: Path, files: Mapping[str, str]) -> Iterator[Problem]:
    for name, wanted in files.items():
        path = packet / name
        found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "nothing"
        if found != wanted:
            yield Problem(path.relative_to(vault).as_posix(), f"sha256 {wanted} as the ledger has it", found)


def _lines(ledger: Path) -> Iterator[tuple[str, bytes]]:
    with ledger.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE):
            number += 1
            yield f"{ledger.name}:{number}", line


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
        if not isinstance(value, dict) or rfc8785.dumps(value) + b"\n" != line:
            return None
    except (ValueError, RecursionError, rfc8785.CanonicalizationError):
        return None
    mark = next((mark for mark in _SHAPES if mark in value), "")
    shape = _SHAPES.get(mark, {})
    same = value.keys() == shape.keys() and all(type(value[key]) is kind for key, kind in shape.items())
    return value if same and _inside(value) else None


def _inside(value: Mapping[str, Any]) -> bool:
    """Paths of a stranger's ledger do not lead out of the vault."""
    parts = [str(value.get("path", "x")), str(value.get("incident", "x"))]
    return not any(".." in Path(part).parts or Path(part).is_absolute() for part in parts)


def _follow(chain: Chain, value: dict[str, Any]) -> list[tuple[str, str]]:
    mark = next(mark for mark in ("stamped", "removed", "held") if mark in value)
    number = value[mark]
    if number not in chain.packets:
        return [(f"a packet {number} before it is {mark}", "none")]
    if mark == "stamped":
        if number in chain.stamps:
            return [(f"packet {number} stamped once", "twice")]
        chain.stamps[number] = value["tsr_sha256"]
    if mark == "removed":
        if value["sha256"] != chain.packets[number]["sha256"] or number in chain.removed:
            return [(f"packet {number} deleted once, under its own digest", value["sha256"])]
        chain.removed[number] = value
    return []
