"""Somebody else's clock vouches for a packet, later than the sealing and never in its way."""

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence import ledger
from evidence.authority import HttpAuthority, NoStamp
from evidence.ledger_lines import Stamped
from evidence.packet import SealedPacket, seal_packet
from evidence.signing import BoxSigner
from evidence.stamping import stamp_waiting
from evidence.verify import verify, verify_vault
from tests.evidence.breaking import AFTER, BEFORE, HALF, BreakingDisk
from tests.evidence.cases import contents, now
from tests.evidence.tools import SOAK, digest, long_proof, needs, run
from tests.evidence.tsa import Tsa, make_tsa, serving

TSR = "tagmanifest-sha256.txt.tsr"


@pytest.fixture
def tsa(tmp_path: Path) -> Iterator[Tsa]:
    """An authority that answers soundly until a test has it do otherwise."""
    with serving(make_tsa(tmp_path / "tsa")) as made:
        yield made


def asked(tsa: Tsa, timeout_s: float = 15.0) -> HttpAuthority:
    """The authority as a box knows it."""
    return HttpAuthority(tsa.url, tsa.certificate, timeout_s)


def vault_of(tmp_path: Path, signer: BoxSigner, packets: int, authority: str = "") -> list[SealedPacket]:
    """A vault with some packets, sealed now."""
    made = [contents(n + 1) for n in range(packets)]
    return [seal_packet(tmp_path / "vault", each, signer, now(), authority=authority) for each in made]


def test_a_stamp_is_added_beside_the_signature_and_openssl_accepts_it(
    tmp_path: Path, signer: BoxSigner, tsa: Tsa
) -> None:
    (packet,) = vault_of(tmp_path, signer, 1, tsa.url)
    assert f"no time stamp yet: {tsa.url}" in str(verify(packet.path).notes)
    assert stamp_waiting(tmp_path / "vault", asked(tsa), now()).stamped == 1
    report = verify(packet.path, authority=tsa.certificate)
    assert report.problems == ()
    assert report.stamped_at is not None
    assert abs((report.stamped_at - now()).total_seconds()) < 120
    assert not [note for note in report.notes if "stamp" in note]
    assert "authority is not pinned" in str(verify(packet.path).notes)
    command = [needs("openssl"), "ts", "-verify", "-in", TSR, "-data", "tagmanifest-sha256.txt"]
    done = run(*command, "-CAfile", tsa.folder / "root.crt", cwd=packet.path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_both_kinds_of_keys_are_accepted(tmp_path: Path, signer: BoxSigner, kind: str) -> None:
    (packet,) = vault_of(tmp_path, signer, 1)
    with serving(make_tsa(tmp_path / "tsa", kind)) as tsa:
        assert stamp_waiting(tmp_path / "vault", asked(tsa), now()).problem == ""
    assert verify(packet.path, authority=tsa.certificate).problems == ()


def test_without_network_stamps_wait_and_come_later(tmp_path: Path, signer: BoxSigner, tsa: Tsa) -> None:
    packets = vault_of(tmp_path, signer, 3, tsa.url)
    nobody = HttpAuthority("http://127.0.0.1:9/tsa", tsa.certificate)
    waits = stamp_waiting(tmp_path / "vault", nobody, now())
    assert (waits.stamped, waits.waiting) == (0, 3)
    assert "cannot be asked" in waits.problem
    assert all(verify(packet.path).sound for packet in packets)
    assert stamp_waiting(tmp_path / "vault", asked(tsa), now()).stamped == 3
    assert stamp_waiting(tmp_path / "vault", asked(tsa), now()).stamped == 0
    assert tsa.asked == 4  # three packets and the day's ledger


LIES = {
    "rubbish": "RFC 3161 answer",
    "refusal": "bare status granted",
    "other": "a stamp of the tag manifest",
    "two": "expected one signer and one certificate, found 1 and 2",
    "huge": "more than 65536 bytes",
    "slowly": "did not finish its answer within 1 s",
}


@pytest.mark.parametrize("how", LIES)
def test_an_authority_that_lies_or_dawdles_leaves_the_packet_waiting(
    tmp_path: Path, signer: BoxSigner, tsa: Tsa, how: str
) -> None:
    (packet,) = vault_of(tmp_path, signer, 1)
    tsa.answers = how
    began = time.monotonic()
    result = stamp_waiting(tmp_path / "vault", asked(tsa, 1.0 if how == "slowly" else 15.0), now())
    assert LIES[how] in result.problem
    assert (result.stamped, result.waiting) == (0, 1)
    assert time.monotonic() - began < 30
    assert not (packet.path / TSR).exists()
    tsa.answers = "soundly"
    assert stamp_waiting(tmp_path / "vault", asked(tsa), now()).stamped == 1


def test_an_answer_to_an_earlier_question_is_refused(tsa: Tsa) -> None:
    asked(tsa).stamp(b"one")
    tsa.answers = "replayed"
    with pytest.raises(NoStamp, match="another nonce"):
        asked(tsa).stamp(b"one")


def test_another_authority_or_one_that_may_not_stamp_is_refused(tmp_path: Path, tsa: Tsa) -> None:
    stranger = make_tsa(tmp_path / "stranger")
    with pytest.raises(NoStamp, match="or one that it issued"):
        HttpAuthority(tsa.url, stranger.certificate).stamp(b"x")
    with serving(make_tsa(tmp_path / "mild", eku_critical=False)) as mild, pytest.raises(NoStamp):
        HttpAuthority(mild.url, mild.certificate).stamp(b"x")


def test_the_next_packet_and_the_ledger_hold_the_stamps_digest(tmp_path: Path, signer: BoxSigner, tsa: Tsa) -> None:
    (first,) = vault_of(tmp_path, signer, 1)
    stamp_waiting(tmp_path / "vault", asked(tsa), now())
    second = seal_packet(tmp_path / "vault", contents(2), signer, now())
    stamp = digest(first.path / TSR, "sha256")
    assert f"Previous-Stamp-SHA256: {stamp}\n" in (second.path / "bag-info.txt").read_text()
    assert [line.tsr_sha256 for line in ledger.lines(tmp_path / "vault") if isinstance(line, Stamped)] == [stamp]
    assert second.sequence == 2


def test_a_stamp_that_was_placed_before_a_kill_is_not_asked_for_again(
    tmp_path: Path, signer: BoxSigner, tsa: Tsa
) -> None:
    vault_of(tmp_path, signer, 1)
    stamp_waiting(tmp_path / "vault", asked(tsa), now())
    lines = (tmp_path / "vault" / "ledger.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "vault" / "ledger.jsonl").write_bytes(lines[0])
    count = tsa.asked
    assert stamp_waiting(tmp_path / "vault", asked(tsa), now()).stamped == 1
    assert tsa.asked == count
    assert (tmp_path / "vault" / "ledger.jsonl").read_bytes() == b"".join(lines)


@long_proof
def test_every_changed_byte_of_a_stamp_is_caught(tmp_path: Path, signer: BoxSigner, tsa: Tsa) -> None:
    (packet,) = vault_of(tmp_path, signer, 1)
    stamp_waiting(tmp_path / "vault", asked(tsa), now())
    path = packet.path / TSR
    sound = path.read_bytes()
    places = range(len(sound)) if SOAK else random.Random(3).sample(range(len(sound)), 60)  # noqa: S311 - places
    for place in places:
        for bit in range(8) if SOAK else (place % 8,):
            changed = bytearray(sound)
            changed[place] ^= 1 << bit
            path.write_bytes(changed)
            assert not verify(packet.path, authority=tsa.certificate).sound, (place, bit)
    shutil.copy(path, tmp_path / "kept")


@long_proof
def test_whatever_breaks_while_stamping_the_stamp_is_whole_or_still_waits(
    tmp_path: Path, signer: BoxSigner, tsa: Tsa
) -> None:
    vault_of(tmp_path, signer, 2)
    vault = tmp_path / "vault"
    counting = BreakingDisk()
    stamp_waiting(Path(shutil.copytree(vault, tmp_path / "counted")), asked(tsa), now(), counting)
    assert counting.steps >= 10
    for number in range(1, counting.steps + 1) if SOAK else (3, 10):
        copy = Path(shutil.copytree(vault, tmp_path / f"broken-{number}"))
        with pytest.raises(OSError, match="No space left"):
            stamp_waiting(copy, asked(tsa), now(), BreakingDisk(number, (BEFORE, HALF, AFTER)[number % 3]))
        for packet in copy.glob("[0-9]*/*/*/*"):
            assert verify(packet, authority=tsa.certificate).sound
        again = stamp_waiting(copy, asked(tsa), now())
        assert (again.waiting, again.problem) == (0, "")
        report = verify_vault(copy, authority=tsa.certificate)
        assert report.problems == (), number
        assert not [note for note in report.notes if "no time stamp" in note]
        shutil.rmtree(copy)
