"""The house itself: folders, layers, locks and documents say the same thing."""

import importlib.metadata
import importlib.util
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from patrol.main import COMMANDS
from tests.conftest import REPOSITORY

STAGES = {"streams", "detector", "rules", "evidence", "api", "models", "patrol"}
PROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def tracked(*patterns: str) -> list[Path]:
    """Files that the repository holds."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("this is no clone; the training extra and tests run without git too")
    listed = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    return [REPOSITORY / name for name in listed if name and (REPOSITORY / name).is_file()]


def test_every_stage_is_packed_typed_and_held_in_its_layer() -> None:
    tool = PROJECT["tool"]
    assert set(tool["hatch"]["build"]["targets"]["wheel"]["packages"]) == STAGES
    assert set(tool["mypy"]["packages"]) == STAGES | {"tests"}
    assert set(tool["importlinter"]["root_packages"]) == STAGES
    layers = tool["importlinter"]["contracts"][0]["layers"]
    assert [layer.split(" | ")[0].split(".")[0] for layer in layers] == [
        "patrol",
        "models",
        "api",
        "evidence",
        "rules",
        "detector",
        "streams",
    ]


def test_no_package_of_somebody_else_stands_in_for_a_stage() -> None:
    owners = importlib.metadata.packages_distributions()
    for stage in STAGES:
        assert set(owners.get(stage, ["street-patrol"])) == {"street-patrol"}
        spec = importlib.util.find_spec(stage)
        assert spec is not None
        assert spec.origin is not None
        assert Path(spec.origin).is_relative_to(REPOSITORY)


def test_no_drawer_for_odds_and_ends() -> None:
    assert not [path for path in tracked("*.py") if path.stem in {"utils", "common", "helpers", "types", "misc"}]


def test_the_locks_name_hashes_and_no_registry() -> None:
    for lock in (REPOSITORY / "requirements").glob("*.lock"):
        text = lock.read_text()
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|index-url|find-links", text), lock.name


def test_every_command_stands_in_both_readmes() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        text = (REPOSITORY / name).read_text()
        assert [command for command in sorted(COMMANDS) if f"patrol {command}" not in text] == [], name


def test_every_decision_is_dated_and_numbered_once() -> None:
    decisions = sorted((REPOSITORY / "docs" / "decisions").glob("*.md"))
    numbers = [path.name[:4] for path in decisions]
    assert len(set(numbers)) == len(numbers)
    assert all(re.search(r"20\d\d-\d\d-\d\d", path.read_text()) for path in decisions)


def test_nothing_large_is_tracked_but_what_the_notice_names() -> None:
    notice = (REPOSITORY / "NOTICE").read_text()
    large = [path.relative_to(REPOSITORY) for path in tracked() if path.stat().st_size > 1_000_000]
    assert [str(p) for p in large if str(p) not in notice and p.parent != Path("models/weights")] == []
    assert "models/weights/*.onnx" in notice
