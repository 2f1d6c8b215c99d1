"""Whoever has nothing to do with the case cannot be seen on what leaves the vault."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from evidence.copies import STILL_SCALES, burned_in, redacted, viewing
from evidence.faces import FaceFinder
from evidence.packet import SealedPacket, seal_packet
from evidence.plates import PlateFinder
from evidence.redact import Finders, Scene, blur, hidden
from evidence.reencode import pictures
from evidence.signing import BoxSigner
from evidence.verify import verify
from tests.conftest import SHARED
from tests.evidence.cases import SEALED_AT, now
from tests.evidence.street import Picture, case, read
from tests.evidence.tools import copied

SUBJECT = (40.0, 200.0, 240.0, 330.0)
WALKER = (420.0, 100.0, 500.0, 340.0)
ELSEWHERE = (520.0, 300.0)
PEOPLE = SHARED / "data" / "street_vending" / "train" / "images"


@pytest.fixture(scope="module")
def finders() -> Finders:
    """The ones that the product blurs with."""
    return Finders(FaceFinder(), PlateFinder())


def plate(rgb: Picture, left: int, top: int, text: str = "A12345") -> None:
    """A blue plate with white letters."""
    cv2.rectangle(rgb, (left, top), (left + 104, top + 34), (20, 60, 160), -1)
    cv2.putText(rgb, text, (left + 6, top + 26), cv2.FONT_HERSHEY_DUPLEX, 0.78, (250, 250, 250), 1, cv2.LINE_AA)


def street() -> Picture:
    """A truck with its plate, another plate, and somebody with a head of fine stripes."""
    rgb = np.full((400, 720, 3), 110, np.uint8)
    rgb[200:330, 40:240] = (200, 200, 190)
    plate(rgb, 80, 280, "B67890")
    plate(rgb, 560, 330)
    rgb[100:340, 420:500] = (90, 60, 50)
    rgb[100:160:2, 420:500] = 255
    return rgb


@pytest.fixture(scope="module")
def packet(tmp_path_factory: pytest.TempPathFactory, signer: BoxSigner) -> SealedPacket:
    """Three seconds of that street, sealed."""
    contents = case([street()] * 30, SUBJECT, [WALKER])
    return seal_packet(tmp_path_factory.mktemp("vault"), contents, signer, SEALED_AT)


@pytest.fixture(scope="module")
def copy(packet: SealedPacket, tmp_path_factory: pytest.TempPathFactory, signer: BoxSigner, finders: Finders) -> Path:
    """What may leave the vault."""
    return redacted(packet.path, tmp_path_factory.mktemp("copies"), finders, signer, now())


def stripes(rgb: Picture) -> float:
    """How much of the fine pattern of the walker's head is left."""
    rows = rgb[104:156, 430:490].astype(float).mean(axis=(1, 2))
    return float(np.abs(np.diff(rows)).mean())


def letters(rgb: Picture, left: int, top: int) -> float:
    """How much of a plate's letters is left."""
    grey = rgb[top + 4 : top + 30, left + 6 : left + 98].astype(float).mean(axis=2)
    return float(np.abs(np.diff(grey, axis=1)).mean())


def test_a_redacted_packet_is_a_sound_packet_that_names_the_sealed_one(packet: SealedPacket, copy: Path) -> None:
    report = verify(copy)
    assert report.problems == ()
    assert f"a redacted copy of the sealed packet {packet.sha256}" in report.notes
    derived = json.loads((copy / "data" / "derived.json").read_bytes())
    assert {file["path"] for file in derived["files"]} >= {"data/clip.mp4", "data/verdict-far.jpg", "data/event.json"}


def test_the_head_of_a_passer_by_and_a_strange_plate_are_gone_and_the_subject_stays(copy: Path) -> None:
    before = street()
    shown = [rgb for _, rgb in pictures(copy / "data" / "clip.mp4")]
    assert len(shown) == 30
    for rgb in [*shown, read(copy / "data" / "verdict-far.jpg")]:
        assert stripes(rgb) < stripes(before) / 20
        assert letters(rgb, 560, 330) < letters(before, 560, 330) / 3
        assert letters(rgb, 80, 280) > letters(before, 80, 280) / 2


def test_a_near_picture_keeps_its_subject_as_well(packet: SealedPacket, copy: Path) -> None:
    name = "data/verdict-near.jpg"
    assert np.abs(read(packet.path / name).astype(int) - read(copy / name)).mean() < 3


def test_what_was_blurred_cannot_be_told_from_another_with_the_same_colours() -> None:
    noise = np.random.default_rng(4).integers(0, 255, (60, 60, 3), dtype=np.uint8)
    turned = np.ascontiguousarray(np.vstack([np.flipud(noise[n : n + 20]) for n in (0, 20, 40)]))
    assert not np.array_equal(noise, turned)
    box = [(0.0, 0.0, 59.0, 59.0)]
    assert np.array_equal(blur(noise, box), blur(turned, box))


@pytest.mark.parametrize("where", ["data/derived.json", "data/clip.mp4", "bag-info.txt"])
def test_a_changed_copy_is_caught(copy: Path, tmp_path: Path, where: str) -> None:
    changed = copied(copy, tmp_path)
    content = bytearray((changed / where).read_bytes())
    content[len(content) // 2] ^= 1
    (changed / where).write_bytes(content)
    assert not verify(changed).sound


def test_making_a_copy_again_finds_the_one_that_is_there(
    packet: SealedPacket, copy: Path, finders: Finders, signer: BoxSigner
) -> None:
    assert redacted(packet.path, copy.parents[1], finders, signer, now()) == copy


def test_viewing_and_burned_in_copies_are_packets_of_their_own(
    packet: SealedPacket, tmp_path: Path, signer: BoxSigner
) -> None:
    plain, drawn = viewing(packet.path, tmp_path, signer, now()), burned_in(packet.path, tmp_path, signer, now())
    for made, word in ((plain, "viewing"), (drawn, "burned_in")):
        report = verify(made)
        assert report.problems == ()
        assert f"a {word} copy" in str(report.notes)
    red = [rgb[200:330, 40] for _, rgb in pictures(drawn / "data" / "clip.mp4")]
    assert all(edge[:, 0].mean() > edge[:, 1].mean() + 60 for edge in red[2:-2])


def test_faces_of_real_people_are_gone_for_the_finder_itself(finders: Finders) -> None:
    if not PEOPLE.is_dir():
        pytest.skip("needs pictures in ../shared")
    sure = FaceFinder(0.5)
    found = left = 0
    for path in _with_faces(sure, 4):
        rgb = read(path)
        found += len(sure.find(rgb, 720))
        covered = blur(rgb, hidden(rgb, Scene((), None, False), finders, STILL_SCALES))
        left += len(sure.find(covered, 720))
    assert found >= 4
    assert left == 0


def _with_faces(faces: FaceFinder, wanted: int) -> Sequence[Path]:
    chosen: list[Path] = []
    for path in sorted(PEOPLE.iterdir())[:40]:
        if len(chosen) < wanted and faces.find(read(path), 720):
            chosen.append(path)
    return chosen
