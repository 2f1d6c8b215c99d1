"""The verifier trusts nothing: any change of a packet is named."""

import ast
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from evidence.packet import SealedPacket, seal_packet
from evidence.signing import BoxSigner
from evidence.verify import verify
from patrol.commands.verify import verify as command
from tests.evidence.cases import SEALED_AT, contents
from tests.evidence.tools import SOAK, copied, long_proof, pem, resealed

ROOT = Path(__file__).parents[2]
P7S = "tagmanifest-sha256.txt.p7s"


def changed_unnoticed(packet: Path, changes: int, seed: int) -> list[str]:
    """Change single bytes at random places, one at a time, and name those that verify did not see."""
    chance = random.Random(seed)  # noqa: S311 - places, not keys
    files = sorted(path for path in packet.rglob("*") if path.is_file())
    missed = []
    for _ in range(changes):
        path = chance.choice(files)
        original = path.read_bytes()
        place = chance.randrange(len(original))
        other = original[place] ^ chance.randrange(1, 256)
        path.write_bytes(original[:place] + bytes([other]) + original[place + 1 :])
        if verify(packet).sound:
            missed.append(f"{path.name} byte {place} {original[place]:02x} to {other:02x}")
        path.write_bytes(original)
    assert verify(packet).sound
    return missed


@long_proof
def test_any_changed_byte_is_caught(packet: Path) -> None:
    seed = int(os.environ.get("PATROL_TEST_SEED", str(time.time_ns() % 10**6)))
    print(f"seed {seed}")  # noqa: T201
    assert changed_unnoticed(packet, 1000 if SOAK else 200, seed) == []


def signature_bytes_unnoticed(packet: Path, mask_of: Callable[[int], int]) -> list[int]:
    """Change each byte of the signature file in turn by a mask, and name the places that verify did not see."""
    path = packet / P7S
    original = path.read_bytes()
    missed = []
    for place in range(len(original)):
        path.write_bytes(original[:place] + bytes([original[place] ^ mask_of(place)]) + original[place + 1 :])
        if verify(packet).sound:
            missed.append(place)
    return missed


@long_proof
@pytest.mark.parametrize("turn", range(8) if SOAK else (0,))
def test_every_byte_of_the_signature_counts(packet: Path, turn: int) -> None:
    assert signature_bytes_unnoticed(packet, lambda place: 1 << (place + turn) % 8) == []


def linked(path: Path) -> None:
    """A link in place of a file."""
    path.unlink()
    path.symlink_to("clip.mp4")


def emptied(packet: Path) -> None:
    """A folder that holds nothing."""
    shutil.rmtree(packet)
    packet.mkdir()


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file is added": (lambda p: (p / "data" / "more.jpg").write_bytes(b"x"), "data/more.jpg: expected a line in"),
    "a file is added at the top": (lambda p: (p / "README").write_bytes(b"x"), "README: expected no such file"),
    "another tag manifest is added": (
        lambda p: (p / "tagmanifest-sha512.txt").write_bytes(b"x"),
        "tagmanifest-sha512.txt: expected no such file",
    ),
    "a folder is added": (lambda p: (p / "data" / "empty").mkdir(), "an empty folder"),
    "a file is removed": (
        lambda p: (p / "data" / "middle-far.jpg").unlink(),
        "data/middle-far.jpg: expected this file",
    ),
    "a file is renamed": (
        lambda p: (p / "data" / "middle-far.jpg").rename(p / "data" / "other.jpg"),
        "data/other.jpg: expected a line",
    ),
    "the clip is emptied": (lambda p: (p / "data" / "clip.mp4").write_bytes(b""), "data/clip.mp4: expected sha256"),
    "a picture becomes a link": (
        lambda p: linked(p / "data" / "middle-far.jpg"),
        "data/middle-far.jpg: expected a plain file",
    ),
    "the signature is removed": (lambda p: (p / P7S).unlink(), f"{P7S}: expected this file"),
    "the signature is emptied": (lambda p: (p / P7S).write_bytes(b""), f"{P7S}: expected a CMS signature"),
    "bytes follow the signature": (
        lambda p: (p / P7S).write_bytes((p / P7S).read_bytes() + b"\0"),
        f"{P7S}: expected",
    ),
    "a digest is written in capitals": (
        lambda p: (p / "manifest-sha256.txt").write_text((p / "manifest-sha256.txt").read_text().upper()),
        "manifest-sha256.txt:1: expected a lower-case sha256",
    ),
    "the bag is declared to be another": (
        lambda p: (p / "bagit.txt").write_text("BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n"),
        "bagit.txt: expected",
    ),
    "the number is changed": (
        lambda p: (p / "bag-info.txt").write_text(
            (p / "bag-info.txt").read_text().replace("Sequence: 1", "Sequence: 2")
        ),
        "bag-info.txt: expected sha256",
    ),
    "everything is removed": (
        emptied,
        "expected this file",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_named_with_its_file(packet: Path, what: str) -> None:
    change, expected = CHANGES[what]
    change(packet)
    problems = [str(problem) for problem in verify(packet).problems]
    assert any(expected in problem for problem in problems), problems


def test_files_swapped_with_another_packet_are_caught(tmp_path: Path, signer: BoxSigner) -> None:
    one, two = (seal_packet(tmp_path / "vault", contents(n), signer, SEALED_AT).path for n in (1, 2))
    for name in (P7S, "data/event.json", "bag-info.txt", "tagmanifest-sha256.txt"):
        mixed = copied(one, tmp_path / name.replace("/", "-"))
        shutil.copy(two / name, mixed / name)
        assert not verify(mixed).sound, name


def test_an_encoding_of_json_that_is_not_canonical_is_refused_even_when_sealed(packet: Path, signer: BoxSigner) -> None:
    event = packet / "data" / "event.json"
    event.write_bytes(event.read_bytes().replace(b":", b": ", 1))
    resealed(packet, signer)
    assert [str(problem) for problem in verify(packet).problems] == [
        "data/event.json: expected canonical JSON (RFC 8785), found another form of it"
    ]


FALSE_STORIES = {
    '"kind":"illegal_parking",': ("", "kind of type"),
    '"schema_version":1': ('"schema_version":2', "version 1"),
    '"verdict":"incomplete"': ('"verdict":"complete"', "sufficiency incomplete"),
    "data/middle-near.jpg": ("data/elsewhere.jpg", "data/elsewhere.jpg: expected this file"),
    '"incident":"': ('"incident":"f', "as in bag-info.txt"),
    '"score":0.69': ('"score":"0.69"', "score of type"),
    '"started":': ('"startet":', "event.schema.json"),
}


@pytest.mark.parametrize("old", FALSE_STORIES)
def test_a_sealed_event_that_contradicts_the_packet_is_refused(packet: Path, signer: BoxSigner, old: str) -> None:
    new, expected = FALSE_STORIES[old]
    event = packet / "data" / "event.json"
    content = event.read_text("utf-8")
    assert old in content
    event.write_text(content.replace(old, new, 1), "utf-8")
    resealed(packet, signer)
    assert any(expected in str(problem) for problem in verify(packet).problems), verify(packet).problems


def test_the_command_says_sound_and_that_nothing_is_pinned(
    sealed: SealedPacket, signer: BoxSigner, tmp_path: Path
) -> None:
    done = CliRunner().invoke(command, [str(sealed.path)])
    assert done.exit_code == 0
    assert f"{sealed.path}: sound" in done.stdout
    assert sealed.sha256 in done.stdout
    assert "not pinned" in done.stdout
    (tmp_path / "box.crt").write_bytes(pem(signer))
    pinned = CliRunner().invoke(command, [str(sealed.path), "--cert", str(tmp_path / "box.crt")])
    assert pinned.exit_code == 0
    assert "not pinned" not in pinned.stdout


def test_the_command_ends_with_1_and_a_line_a_problem(packet: Path, sealed: SealedPacket) -> None:
    (packet / "data" / "middle-far.jpg").unlink()
    (packet / "data" / "note.txt").write_text("hello")
    done = CliRunner().invoke(command, [str(sealed.path), str(packet)])
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0] == f"{sealed.path}: sound"
    assert [line for line in lines if "middle-far.jpg" in line]
    assert [line for line in lines if "note.txt" in line]


def test_the_command_ends_with_2_when_it_is_called_wrongly(sealed: SealedPacket, tmp_path: Path) -> None:
    (tmp_path / "box.crt").write_text("rubbish")
    for arguments in ([], ["/nowhere"], [str(sealed.path), "--cert", str(tmp_path / "box.crt")]):
        assert CliRunner().invoke(command, arguments).exit_code == 2


def test_a_file_that_is_no_packet_at_all_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8 not a packet")
    assert not verify(tmp_path / "photo.jpg").sound
    assert not verify(tmp_path).sound


def test_the_verifier_imports_nothing_of_the_writer() -> None:
    files = [ROOT / "evidence" / "verify.py", *(ROOT / "evidence" / "verifying").glob("*.py")]
    assert len(files) > 4
    ours = {path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file()}
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                mine = name.startswith("evidence.verifying")
                assert mine or name.split(".")[0] not in ours, f"{file.name} imports {name}"
