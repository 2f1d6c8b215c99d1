"""The registry lists what is shipped, and refuses what is not."""

import subprocess
import sys
from pathlib import Path

import pytest

from models.registry import BrokenRegistry, ModelEntry, Registry, UnknownModel, WrongHash

SHIPPED = tuple(Registry.shipped())

ENTRY = """
[models.toy]
file = "toy.onnx"
sha256 = "{sha256}"
version = "1"
input_size = 64
classes = ["car"]
license = "AGPL-3.0"
card = "toy.md"
thresholds = {{ car = 0.5 }}
"""
SHA256_OF_HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def write_registry(folder: Path, text: str) -> Path:
    path = folder / "registry.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("entry", SHIPPED, ids=lambda entry: entry.name)
def test_each_shipped_model_is_the_file_its_hash_says_and_has_a_card(entry: ModelEntry) -> None:
    assert entry.load_bytes()
    card = entry.card.read_text(encoding="utf-8")
    assert entry.sha256 in card
    assert entry.version in card


def test_no_weights_lie_around_that_the_registry_does_not_list() -> None:
    listed = {entry.file for entry in SHIPPED}
    assert set(SHIPPED[0].file.parent.glob("*.onnx")) == listed


def test_shipped_weights_stay_small() -> None:
    assert sum(entry.file.stat().st_size for entry in SHIPPED) <= 60e6


def test_a_swapped_file_is_refused_and_the_error_says_what_to_do(tmp_path: Path) -> None:
    registry = Registry.read(write_registry(tmp_path, ENTRY.format(sha256=SHA256_OF_HELLO)))
    (tmp_path / "toy.onnx").write_bytes(b"hello")
    assert registry.get("toy").load_bytes() == b"hello"
    (tmp_path / "toy.onnx").write_bytes(b"hellO")
    with pytest.raises(WrongHash, match=r"model toy: expected sha256 2cf24dba.*restore the file") as caught:
        registry.get("toy").load_bytes()
    assert caught.value.expected == SHA256_OF_HELLO


def test_a_missing_file_is_refused_like_a_wrong_one(tmp_path: Path) -> None:
    registry = Registry.read(write_registry(tmp_path, ENTRY.format(sha256=SHA256_OF_HELLO)))
    with pytest.raises(WrongHash, match="found missing"):
        registry.get("toy").load_bytes()


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match="street-objects"):
        Registry.shipped().get("street-ojects")


def test_an_alias_leads_to_the_model_that_took_the_name_over(tmp_path: Path) -> None:
    text = ENTRY.format(sha256=SHA256_OF_HELLO) + '\n[aliases]\nold-toy = "toy"\n'
    registry = Registry.read(write_registry(tmp_path, text))
    assert registry.get("old-toy") is registry.get("toy")
    assert registry.names == ("old-toy", "toy")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('version = "1"\n', ""), "model toy lacks the key 'version'"),
        (("car = 0.5", "van = 0.5"), "thresholds must name each class once"),
        (("car = 0.5", "car = 50"), "between 0 and 1"),
        (("input_size = 64", "input_size = 65"), "input_size must be a multiple of 32, got 65"),
        (("[models.toy]", "[models.toy"), "registry.toml"),
        (('sha256 = "2cf', 'sha256 = "xyz'), "64 lower-case hex digits"),
        (("[models.toy]", '[aliases]\nx = "y"\n[models.toy]'), "alias 'x'"),
    ],
)
def test_a_broken_registry_says_where(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    text = ENTRY.format(sha256=SHA256_OF_HELLO).replace(*change)
    with pytest.raises(BrokenRegistry) as caught:
        Registry.read(write_registry(tmp_path, text))
    assert complaint in str(caught.value)
    assert "registry.toml" in str(caught.value)


def test_reading_the_registry_imports_nothing_heavy() -> None:
    heavy = {"onnx", "cv2", "numpy", "torch", "onnxruntime"}
    code = f"import sys, models.registry; print(set(sys.modules) & {heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
