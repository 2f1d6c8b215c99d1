"""BagIt 1.0 (RFC 8493), read strictly: each file is named and no other is there, digests are as they are written."""

import hashlib
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from evidence.verifying.report import Problem

BAGIT_TXT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
TAGMANIFEST = "tagmanifest-sha256.txt"
SIGNATURE = "tagmanifest-sha256.txt.p7s"
STAMP = "tagmanifest-sha256.txt.tsr"
MANIFESTS = {"manifest-sha256.txt": "sha256", "manifest-sha512.txt": "sha512"}
TAG_FILES = frozenset({"bagit.txt", "bag-info.txt", *MANIFESTS})
TOP = TAG_FILES | {TAGMANIFEST, SIGNATURE}
INFO_LABELS = (
    "Source-Organization",
    "External-Identifier",
    "Bagging-Date",
    "Bag-Software-Agent",
    "Payload-Oxum",
    "Packet-Sequence",
    "Previous-Packet-SHA256",
    "Previous-Signature-SHA256",
    "Previous-Stamp-SHA256",
    "Sealed-At",
    "Signer-Certificate-SHA256",
    "Timestamp-Authority",
)
DERIVED_LABELS = (
    *INFO_LABELS[:5],
    "Derivation",
    "Derived-From-SHA256",
    "Sealed-At",
    "Signer-Certificate-SHA256",
)
"""Of a copy made from a sealed packet: it has no place in the chain."""
MAX_TEXT = 1 << 20
"""Bytes of a manifest or a tag file: more is no packet of ours."""

_HEX = {"sha256": 64, "sha512": 128}
_DIGEST_OR_NONE = re.compile(r"none|[0-9a-f]{64}")


def check_bag(root: Path) -> tuple[list[Problem], dict[str, str]]:
    """Everything that BagIt promises about a folder, and what `bag-info.txt` says (empty where it cannot be read)."""
    files, problems = _listed(root)
    top = {name for name in files if "/" not in name}
    problems += [Problem(name, "this file", "nothing") for name in sorted(TOP - top)]
    problems += [Problem(name, "no such file in a packet", "an extra file") for name in sorted(top - TOP - {STAMP})]
    payload = {name for name in files if "/" in name}
    problems += [
        Problem(name, "files only under data/", "an extra file")
        for name in sorted(payload)
        if not name.startswith("data/")
    ]
    if "bagit.txt" in top and (found := _text(root / "bagit.txt")) != BAGIT_TXT:
        problems.append(Problem("bagit.txt", repr(BAGIT_TXT), repr(found[:80])))
    for name, algorithm in MANIFESTS.items():
        if name in top:
            problems += _check_manifest(root, name, algorithm, payload)
    if TAGMANIFEST in top:
        problems += _check_manifest(root, TAGMANIFEST, "sha256", set(TAG_FILES))
    info: dict[str, str] = {}
    if "bag-info.txt" in top:
        info, wrong = _read_info(root, sorted(payload))
        problems += wrong
    return problems, info


def _listed(root: Path) -> tuple[set[str], list[Problem]]:
    """All plain files below a folder, by relative path; anything else is a problem."""
    files: set[str] = set()
    problems: list[Problem] = []
    folders = [root]
    while folders:
        folder = folders.pop()
        inside = sorted(folder.iterdir())
        if not inside:
            problems.append(Problem(folder.relative_to(root).as_posix(), "files in each folder", "an empty folder"))
        for path in inside:
            name = path.relative_to(root).as_posix()
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode):
                folders.append(path)
            elif stat.S_ISREG(mode):
                files.add(name)
            else:
                problems.append(Problem(name, "a plain file", "a link or a device"))
    return files, problems


def _text(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_TEXT + 1)


def _check_manifest(root: Path, name: str, algorithm: str, present: set[str]) -> list[Problem]:
    """One manifest against the files that are there, both ways."""
    named, problems = _read_manifest(root, name, algorithm)
    problems += [Problem(path, f"a line in {name}", "none") for path in sorted(present - named.keys())]
    for path, digest in named.items():
        if path not in present or not (root / path).is_file():
            problems.append(Problem(path, f"this file, which {name} names", "nothing"))
            continue
        with (root / path).open("rb") as file:
            found = hashlib.file_digest(file, algorithm).hexdigest()
        if found != digest:
            problems.append(Problem(path, f"{algorithm} {digest}", f"{algorithm} {found}"))
    return problems


def _read_manifest(root: Path, name: str, algorithm: str) -> tuple[Mapping[str, str], list[Problem]]:
    content = _text(root / name)
    line_form = re.compile(rb"([0-9a-f]{%d})  ([A-Za-z0-9][A-Za-z0-9._/-]*)" % _HEX[algorithm])
    named: dict[str, str] = {}
    problems: list[Problem] = []
    if len(content) > MAX_TEXT or not content.endswith(b"\n"):
        problems.append(Problem(name, f"at most {MAX_TEXT} bytes that end with a line end", f"{content[-20:]!r}"))
    for number, line in enumerate(content.removesuffix(b"\n").split(b"\n"), 1):
        match = line_form.fullmatch(line)
        if match is None:
            problems.append(
                Problem(f"{name}:{number}", f"a lower-case {algorithm}, two spaces and a path", repr(line[:160]))
            )
            continue
        path = match[2].decode()
        if path in named or ".." in path.split("/"):
            problems.append(Problem(f"{name}:{number}", "each path once, inside the packet", repr(path)))
            continue
        named[path] = match[1].decode()
    return named, problems


def _read_info(root: Path, payload: list[str]) -> tuple[dict[str, str], list[Problem]]:
    name = "bag-info.txt"
    try:
        text = _text(root / name).decode("utf-8")
    except UnicodeDecodeError as error:
        return {}, [Problem(name, "UTF-8 text", str(error))]
    pairs = re.findall(r"^([A-Za-z0-9-]+): (.*)$", text, re.MULTILINE)
    info = dict(pairs)
    labels = [label for label, _ in pairs]
    wanted = DERIVED_LABELS if "Derived-From-SHA256" in info else INFO_LABELS
    if labels != list(wanted) or len(text.splitlines()) != len(labels):
        return info, [Problem(name, f"the labels {', '.join(wanted)}, each once", ", ".join(labels)[:300])]
    problems: list[Problem] = []
    oxum = f"{sum((root / path).stat().st_size for path in payload)}.{len(payload)}"
    if info["Payload-Oxum"] != oxum:
        problems.append(Problem(name, f"Payload-Oxum {oxum}", info["Payload-Oxum"]))
    return info, problems + (_check_place(info, name) if wanted is INFO_LABELS else [])


def _check_place(info: Mapping[str, str], name: str) -> list[Problem]:
    """What a packet says about its place in the chain."""
    problems: list[Problem] = []
    if not re.fullmatch(r"[1-9][0-9]{0,17}", info["Packet-Sequence"]):
        problems.append(Problem(name, "Packet-Sequence 1 or more", info["Packet-Sequence"]))
    for label in ("Previous-Packet-SHA256", "Previous-Signature-SHA256"):
        first = info["Packet-Sequence"] == "1"
        if not _DIGEST_OR_NONE.fullmatch(info[label]) or (info[label] == "none") != first:
            expected = "none, for the first packet" if first else "a lower-case sha256"
            problems.append(Problem(name, f"{label} {expected}", info[label]))
    if not _DIGEST_OR_NONE.fullmatch(info["Previous-Stamp-SHA256"]):
        problems.append(
            Problem(name, "Previous-Stamp-SHA256 a lower-case sha256 or none", info["Previous-Stamp-SHA256"])
        )
    return problems
