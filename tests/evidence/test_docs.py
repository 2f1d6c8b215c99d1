"""docs/verify.md is true: its commands pass on a sound packet, and each step that must fail on a doctored one fails."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from evidence.authority import HttpAuthority
from evidence.export import zip_chunks
from evidence.packet import SealedPacket, seal_packet
from evidence.signing import BoxSigner, load_or_make
from evidence.stamping import stamp_waiting
from tests.evidence.cases import contents, now
from tests.evidence.tools import copied, needs, resealed
from tests.evidence.tsa import make_tsa, serving

DOC = Path(__file__).parents[2] / "docs" / "verify.md"
STEPS = re.findall(r"^## (\d)\. [^\n]*\n(.*?)(?=^## )", DOC.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory, signer: BoxSigner) -> tuple[SealedPacket, bytes]:
    """A packet with its time stamp, and the authority's certificate."""
    folder = tmp_path_factory.mktemp("stamped")
    with serving(make_tsa(folder / "tsa", "ec")) as tsa:
        packet = seal_packet(folder / "vault", contents(), signer, now(), authority=tsa.url)
        assert stamp_waiting(folder / "vault", HttpAuthority(tsa.url, tsa.certificate), now()).stamped == 1
        return packet, tsa.certificate


@pytest.fixture
def sealed(stamped: tuple[SealedPacket, bytes]) -> SealedPacket:
    """The packet that the document is followed on."""
    return stamped[0]


@pytest.fixture
def desk(tmp_path: Path, signer: BoxSigner, stamped: tuple[SealedPacket, bytes]) -> Path:
    """A stranger's desk: the bureau's certificate, and nothing of ours."""
    for tool in ("unzip", "sha256sum", "sha512sum", "openssl", "bash", "grep"):
        needs(tool)
    (tmp_path / "box.crt").write_bytes(signer.certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "tsa.crt").write_bytes(stamped[1])
    return tmp_path


def commands(text: str) -> str:
    """The shell blocks of a step."""
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


def failed_steps(desk: Path, packet: Path) -> dict[str, str]:
    """Follow the document to the letter, and say which steps failed and how."""
    (desk / "case.zip").write_bytes(b"".join(zip_chunks(packet)))
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    failed = {}
    for number, text in STEPS:
        where = "" if number == "1" else "cd unpacked/*/\n"
        script = f"set -e\n{where}{commands(text)}"
        done = subprocess.run(
            ["bash", "-c", script], cwd=desk, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            failed[number] = done.stdout + done.stderr
    return failed


def test_every_step_has_commands() -> None:
    assert [number for number, _ in STEPS] == ["1", "2", "3", "4", "5", "6"]
    assert all(commands(text) for _, text in STEPS)


def test_every_step_passes_on_a_sound_packet(desk: Path, sealed: SealedPacket) -> None:
    assert failed_steps(desk, sealed.path) == {}


def change_picture(packet: Path) -> None:
    path = packet / "data" / "verdict-far.jpg"
    path.write_bytes(path.read_bytes()[:-2] + b"\0\0")


def change_number(packet: Path) -> None:
    path = packet / "bag-info.txt"
    path.write_text(path.read_text("utf-8").replace("Packet-Sequence: 1", "Packet-Sequence: 9"), "utf-8")


def change_tag_manifest(packet: Path) -> None:
    path = packet / "tagmanifest-sha256.txt"
    path.write_bytes(path.read_bytes() + b"\n")


def change_stamp(packet: Path) -> None:
    path = packet / "tagmanifest-sha256.txt.tsr"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


DOCTORED: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "a picture is changed": (change_picture, {"2", "3"}),
    "a picture is removed": (lambda p: (p / "data" / "verdict-far.jpg").unlink(), {"2", "3"}),
    "a picture is added": (lambda p: (p / "data" / "more.jpg").write_bytes(b"x"), {"3"}),
    "the number is changed": (change_number, {"2", "3"}),
    "the tag manifest is changed": (change_tag_manifest, {"4", "6"}),
    "the time stamp is another's": (change_stamp, {"6"}),
}


@pytest.mark.parametrize("what", DOCTORED)
def test_each_step_that_must_fail_on_a_doctored_packet_fails(
    desk: Path, sealed: SealedPacket, tmp_path: Path, what: str
) -> None:
    change, expected = DOCTORED[what]
    packet = copied(sealed.path, tmp_path / "doctored")
    change(packet)
    assert expected <= failed_steps(desk, packet).keys()


def test_a_packet_sealed_by_another_box_fails_at_signature_and_stamp_alone(
    desk: Path, sealed: SealedPacket, tmp_path: Path
) -> None:
    packet = copied(sealed.path, tmp_path / "doctored")
    resealed(packet, load_or_make(tmp_path / "forger", "Campus 校园", now()))
    assert failed_steps(desk, packet).keys() == {"4", "6"}
