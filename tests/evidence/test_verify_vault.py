"""A vault as a whole: what was taken away, added or swapped shows as a gap."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from evidence.authority import HttpAuthority
from evidence.packet import seal_packet
from evidence.signing import BoxSigner
from evidence.stamping import stamp_waiting
from evidence.verify import verify_ledger, verify_vault
from patrol.commands.verify import verify as command
from tests.evidence.cases import contents, now
from tests.evidence.tools import pem
from tests.evidence.tsa import Tsa, make_tsa, serving


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    """A sound authority."""
    with serving(make_tsa(tmp_path_factory.mktemp("tsa"), "ec")) as made:
        yield made


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, signer: BoxSigner, tsa: Tsa) -> Path:
    """Three packets with their stamps, and the day's stamp of the ledger; no test may change it."""
    vault = tmp_path_factory.mktemp("whole") / "vault"
    for number in (1, 2, 3):
        seal_packet(vault, contents(number), signer, now())
        stamp_waiting(vault, HttpAuthority(tsa.url, tsa.certificate), now())
    head = vault / "heads" / f"{now():%Y-%m-%d}.json"
    for path in (head, head.with_name(head.name + ".tsr")):
        path.unlink()
    stamp_waiting(vault, HttpAuthority(tsa.url, tsa.certificate), now())
    return vault


@pytest.fixture
def vault(whole: Path, tmp_path: Path) -> Path:
    """One to change."""
    return Path(shutil.copytree(whole, tmp_path / "vault"))


def packets(vault: Path) -> list[Path]:
    """The packets in their order."""
    found = vault.glob("[0-9]*/*/*/*")
    return sorted(found, key=lambda p: (p / "bag-info.txt").read_text().split("Packet-Sequence: ")[1])


def test_a_whole_vault_is_sound(whole: Path, signer: BoxSigner, tsa: Tsa) -> None:
    report = verify_vault(whole, pem(signer), tsa.certificate)
    assert report.problems == ()
    assert report.packets == 3
    assert report.notes == ()


def without_line(vault: Path, number: int) -> None:
    path = vault / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if f'"sequence":{number},'.encode() not in line))


def removed_whole(vault: Path, number: int) -> None:
    """A packet and every trace of it in the ledger."""
    shutil.rmtree(packets(vault)[number - 1])
    path = vault / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    marks = (f'"sequence":{number}'.encode(), f'"stamped":{number}'.encode())
    path.write_bytes(b"".join(line for line in lines if not any(mark in line for mark in marks)))


def swapped(vault: Path) -> None:
    one, two, _ = packets(vault)
    one.rename(vault / "x")
    two.rename(one)
    (vault / "x").rename(two)


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a packet is removed": (lambda v: shutil.rmtree(packets(v)[1]), "number 2 of the ledger, found nothing: a gap"),
    "a packet and its lines are removed": (lambda v: removed_whole(v, 2), "expected packet 2, found packet 3: a gap"),
    "the last packet and its lines are removed": (lambda v: removed_whole(v, 3), "lines were taken away or changed"),
    "a line is removed": (lambda v: without_line(v, 1), "expected packet 1, found packet 2: a gap"),
    "a packet is added": (
        lambda v: shutil.copytree(packets(v)[0], packets(v)[0].with_name("other")),
        "expected a line in ledger.jsonl",
    ),
    "two packets are swapped": (swapped, "as the ledger has it"),
    "a stamp is removed": (lambda v: (packets(v)[0] / "tagmanifest-sha256.txt.tsr").unlink(), "found nothing"),
    "a line is edited": (
        lambda v: (v / "ledger.jsonl").write_bytes(
            (v / "ledger.jsonl").read_bytes().replace(b'"stamped":2', b'"stamped":7')
        ),
        "a packet 7 before it is stamped",
    ),
    "a byte of a clip rots": (
        lambda v: (packets(v)[2] / "data" / "clip.mp4").write_bytes(
            (packets(v)[2] / "data" / "clip.mp4").read_bytes()[:-1] + b"\x01"
        ),
        "clip.mp4: expected sha256",
    ),
    "a line leads out of the vault": (
        lambda v: (v / "ledger.jsonl").write_bytes(
            (v / "ledger.jsonl").read_bytes().replace(b'"path":"', b'"path":"../', 1)
        ),
        "expected a line of a ledger",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_of_a_vault_is_named(vault: Path, tsa: Tsa, what: str) -> None:
    change, expected = CHANGES[what]
    change(vault)
    problems = [str(problem) for problem in verify_vault(vault, authority=tsa.certificate).problems]
    assert any(expected in problem for problem in problems), problems


def test_a_ledger_alone_shows_its_gaps(vault: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copy(vault / "ledger.jsonl", tmp_path / "kept.jsonl"))
    assert verify_ledger(alone).sound
    without_line(vault, 2)
    shutil.copy(vault / "ledger.jsonl", alone)
    assert any("a gap" in str(problem) for problem in verify_ledger(alone).problems)


def test_the_command_takes_a_vault_and_a_ledger(vault: Path, signer: BoxSigner, tsa: Tsa, tmp_path: Path) -> None:
    (tmp_path / "box.crt").write_bytes(pem(signer))
    options = ["--cert", str(tmp_path / "box.crt"), "--tsa-cert", str(tsa.folder / "root.crt")]
    done = CliRunner().invoke(command, [str(vault), str(vault / "ledger.jsonl"), *options])
    assert done.exit_code == 0, done.output
    assert "3 packets in the ledger" in done.stdout
    shutil.rmtree(packets(vault)[0])
    done = CliRunner().invoke(command, [str(vault), *options])
    assert done.exit_code == 1
    assert "a gap" in done.stdout
