"""A model is promoted with its card or not at all."""

import hashlib
from pathlib import Path

import pytest

from models.registry import Registry, WrongHash
from models.workshop.promote import NoCard, promote

SHIPPED = """# a comment that stays
[models.other]
file = "weights/other.onnx"
sha256 = "{sha256}"
version = "3"
input_size = 64
classes = ["van"]
license = "AGPL-3.0"
card = "cards/other.md"
thresholds = {{ van = 0.5 }}
"""
CANDIDATE = SHIPPED.replace("other", "toy").replace('"3"', '"{version}"')


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    for part in ("weights", "cards"):
        (tmp_path / "models" / part).mkdir(parents=True)
    path = tmp_path / "models" / "registry.toml"
    path.write_text(SHIPPED.format(sha256="0" * 64))
    return path


def candidate(folder: Path, weights: bytes, version: str) -> tuple[Path, str]:
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / "toy.onnx").write_bytes(weights)
    sha256 = hashlib.sha256(weights).hexdigest()
    path = folder / "registry.toml"
    path.write_text(CANDIDATE.format(sha256=sha256, version=version))
    return path, sha256


def test_a_candidate_takes_its_place_and_later_gives_it_to_the_next(tmp_path: Path, shipped: Path) -> None:
    for version in ("1", "2"):
        path, sha256 = candidate(tmp_path / version, version.encode(), version)
        (shipped.parent / "cards" / "toy.md").write_text(f"sha256 {sha256}")
        entry = promote(path, shipped)
        assert (entry.version, entry.load_bytes()) == (version, version.encode())
    assert Registry.read(shipped).names == ("other", "toy")
    assert shipped.read_text().startswith("# a comment that stays")


def test_without_a_card_that_names_the_file_nothing_changes(tmp_path: Path, shipped: Path) -> None:
    before = shipped.read_text()
    path, _ = candidate(tmp_path / "new", b"new", "1")
    for card in (None, "about an older file"):
        if card is not None:
            (shipped.parent / "cards" / "toy.md").write_text(card)
        with pytest.raises(NoCard, match=r"toy\.md must exist and name sha256"):
            promote(path, shipped)
    assert shipped.read_text() == before
    assert not list((shipped.parent / "weights").iterdir())


def test_a_candidate_that_is_not_its_hash_is_refused(tmp_path: Path, shipped: Path) -> None:
    path, _ = candidate(tmp_path / "new", b"new", "1")
    (tmp_path / "new" / "weights" / "toy.onnx").write_bytes(b"swapped")
    with pytest.raises(WrongHash):
        promote(path, shipped)
