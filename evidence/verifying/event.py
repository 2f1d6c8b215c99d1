"""`event.json` against itself, its schema's bones and the files that are there."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rfc8785

from evidence.verifying.report import Problem

MAX_JSON = 32 << 20
OWN_FILES = frozenset({"data/event.json", "data/event.schema.json", "data/overlay.json"})
SCHEMA, VERSION = "street-patrol/event", 1

_NUMBER = (int, float)
FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "schema": str,
    "schema_version": int,
    "incident": str,
    "kind": str,
    "class": str,
    "camera": str,
    "phase": str,
    "score": _NUMBER,
    "tracks": list,
    "dwell_s": _NUMBER,
    "zone": dict,
    "times": dict,
    "size_px": list,
    "box_px": list,
    "position": (dict, type(None)),
    "reference_px": (list, type(None)),
    "approval": (dict, type(None)),
    "trace": list,
    "clip": dict,
    "stills": list,
    "stills_missing": list,
    "overlay": str,
    "provenance": dict,
    "sufficiency": dict,
}


def check_event(root: Path, info: Mapping[str, str]) -> list[Problem]:
    """Check `data/event.json` and `data/overlay.json` of a packet whose `bag-info.txt` says `info`."""
    name = "data/event.json"
    event, problems = _read(root, name)
    overlay, wrong = _read(root, "data/overlay.json")
    problems += wrong
    if problems:
        return problems
    if not isinstance(event, dict) or not isinstance(overlay, list):
        return [Problem(name, "an object, and a list in overlay.json", type(event).__name__)]
    for field, kind in FIELDS.items():
        if not isinstance(event.get(field, ...), kind):
            problems.append(Problem(name, f"{field} of type {kind}", repr(event.get(field))[:80]))
    problems += [Problem(name, "no unknown field", field) for field in sorted(event.keys() - FIELDS.keys())]
    if problems:
        return problems
    if (event["schema"], event["schema_version"]) != (SCHEMA, VERSION):
        problems.append(Problem(name, f"{SCHEMA} version {VERSION}", f"{event['schema']} {event['schema_version']}"))
    if event["incident"] != info.get("External-Identifier", event["incident"]):
        problems.append(Problem(name, f"incident {info['External-Identifier']} as in bag-info.txt", event["incident"]))
    try:
        problems += _check_files(root, event, name)
        problems += _check_sense(event, overlay, name)
    except (KeyError, TypeError, AttributeError) as error:
        problems.append(
            Problem(name, "the fields of event.schema.json", f"one is missing or of another kind: {error!r}")
        )
    return problems


def _read(root: Path, name: str) -> tuple[Any, list[Problem]]:
    path = root / name
    if not path.is_file():
        return None, [Problem(name, "this file", "nothing")]
    with path.open("rb") as file:
        content = file.read(MAX_JSON + 1)
    if len(content) > MAX_JSON:
        return None, [Problem(name, f"at most {MAX_JSON} bytes", "more")]
    try:
        value = json.loads(content)
        if rfc8785.dumps(value) != content:
            return None, [Problem(name, "canonical JSON (RFC 8785)", "another form of it")]
    except (ValueError, RecursionError, rfc8785.CanonicalizationError) as error:
        return None, [Problem(name, "JSON", f"something else: {error}"[:200])]
    return value, []


def _check_files(root: Path, event: Mapping[str, Any], name: str) -> list[Problem]:
    """Files that the event names are there, and no file is there that it does not name."""
    named = [file["path"] for file in (*event["clip"]["files"], *event["stills"])]
    there = {f"data/{path.name}" for path in (root / "data").iterdir()}
    problems = [Problem(path, f"this file, which {name} names", "nothing") for path in named if path not in there]
    problems += [
        Problem(name, "each file named once", path) for path in sorted({p for p in named if named.count(p) > 1})
    ]
    extra = there - OWN_FILES - set(named)
    return problems + [Problem(path, f"a mention in {name}", "none") for path in sorted(extra)]


def _check_sense(event: Mapping[str, Any], overlay: list[Any], name: str) -> list[Problem]:
    problems: list[Problem] = []
    times, sufficiency, clip = event["times"], event["sufficiency"], event["clip"]
    if times["started"]["media_s"] > times["raised"]["media_s"]:
        problems.append(Problem(name, "a verdict after the start", "one before it"))
    verdict = "incomplete" if sufficiency["missing"] else "complete"
    if sufficiency["verdict"] != verdict:
        problems.append(Problem(name, f"sufficiency {verdict}, as its list says", str(sufficiency["verdict"])))
    if (sufficiency["track"] == "penalty") != (not sufficiency["track_missing"]):
        problems.append(Problem(name, "track penalty only where nothing speaks against it", str(sufficiency["track"])))
    if sufficiency["track"] == "penalty" and (verdict != "complete" or event["approval"] is None):
        problems.append(Problem(name, "track clean_up: it is incomplete or the camera has no papers", "penalty"))
    if bool(clip["files"]) != (clip["got"] is not None):
        problems.append(Problem(name, "clip.got when there is a clip, and only then", "otherwise"))
    moments = [entry["media_s"] for entry in overlay]
    if moments != sorted(moments):
        problems.append(Problem("data/overlay.json", "moments in order", "others"))
    files = {file["path"] for file in clip["files"]} | {None}
    strange = {entry["file"] for entry in overlay} - files
    problems += [Problem("data/overlay.json", "files of the clip", str(file)) for file in strange]
    return problems
