"""A sealed packet is a bag that anybody's tools accept, and one link of a chain."""

import json
import threading
import time
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from evidence import ledger
from evidence.disk import Disk
from evidence.ledger import LedgerDamaged
from evidence.packet import SealedPacket, find_packet, seal_packet
from evidence.signing import BoxSigner
from evidence.verify import verify
from streams.clock import FrameClock
from tests.evidence.camera import DATA, clock, demuxed
from tests.evidence.cases import SEALED_AT, contents, film, finding, incident
from tests.evidence.test_clip import packets_of
from tests.evidence.tools import BAGIT, needs, run


def test_bagit_py_accepts_it(sealed: SealedPacket) -> None:
    done = run(BAGIT, "--validate", sealed.path, cwd=sealed.path.parent)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["manifest-sha256.txt", "tagmanifest-sha256.txt"])
def test_sha256sum_accepts_it(sealed: SealedPacket, name: str) -> None:
    done = run(needs("sha256sum"), "-c", "--strict", name, cwd=sealed.path)
    assert done.returncode == 0, done.stdout
    assert "OK" in done.stdout


def test_openssl_accepts_its_signature_with_the_pinned_certificate(
    sealed: SealedPacket, signer: BoxSigner, tmp_path: Path
) -> None:
    (tmp_path / "box.crt").write_bytes(signer.certificate.public_bytes(serialization.Encoding.PEM))
    command = ["cms", "-verify", "-binary", "-inform", "DER", "-in", "tagmanifest-sha256.txt.p7s"]
    command += ["-content", "tagmanifest-sha256.txt", "-CAfile", str(tmp_path / "box.crt"), "-out", "/dev/null"]
    done = run(needs("openssl"), *command, cwd=sealed.path)
    assert done.returncode == 0, done.stderr


def test_it_verifies_and_its_name_is_the_digest_of_its_tag_manifest(sealed: SealedPacket) -> None:
    report = verify(sealed.path)
    assert report.problems == ()
    assert report.sha256 == sealed.sha256 == sha256((sealed.path / "tagmanifest-sha256.txt").read_bytes()).hexdigest()
    assert (report.incident, report.sequence) == (finding().incident.id, 1)


def test_it_lies_under_the_day_of_the_verdict(sealed: SealedPacket) -> None:
    assert sealed.path.parts[-4:] == ("2026", "03", "02", finding().incident.id)
    assert sealed.path.is_absolute()


def test_the_clip_holds_the_cameras_pictures(sealed: SealedPacket) -> None:
    assert len(demuxed(sealed.path / "data" / "clip.mp4")) == len(film())


def test_each_packet_names_the_one_before(tmp_path: Path, signer: BoxSigner) -> None:
    packets = [seal_packet(tmp_path, contents(n), signer, SEALED_AT) for n in (1, 2, 3)]
    assert [packet.sequence for packet in packets] == [1, 2, 3]
    lines = list(ledger.entries(tmp_path))
    assert [(line.sequence, line.sha256) for line in lines] == [(p.sequence, p.sha256) for p in packets]
    assert [line.previous for line in lines] == ["none", packets[0].sha256, packets[1].sha256]
    signature = sha256((packets[1].path / "tagmanifest-sha256.txt.p7s").read_bytes()).hexdigest()
    assert lines[1].p7s_sha256 == signature
    info = (packets[2].path / "bag-info.txt").read_text("utf-8")
    assert f"Previous-Packet-SHA256: {packets[1].sha256}\n" in info
    assert f"Previous-Signature-SHA256: {signature}\n" in info
    assert all(verify(packet.path).sound for packet in packets)


def test_sealing_an_incident_again_finds_its_packet(tmp_path: Path, signer: BoxSigner) -> None:
    assert find_packet(tmp_path, finding()) is None
    first = seal_packet(tmp_path, contents(), signer, SEALED_AT)
    later = contents(1, film()[:100], incident=incident(ended=clock(9.0)))
    assert seal_packet(tmp_path, later, signer, SEALED_AT + timedelta(days=2)) == first
    assert find_packet(tmp_path, finding()) == first
    assert len(list(ledger.entries(tmp_path))) == 1


def test_two_threads_that_seal_at_once_make_one_chain(tmp_path: Path, signer: BoxSigner) -> None:
    threads = [
        threading.Thread(target=seal_packet, args=(tmp_path, contents(n % 3), signer, SEALED_AT)) for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = list(ledger.entries(tmp_path))
    assert [line.sequence for line in lines] == [1, 2, 3]
    assert all(verify(tmp_path / line.path).sound for line in lines)


def test_a_range_without_any_picture_is_sealed_and_says_so(tmp_path: Path, signer: BoxSigner) -> None:
    packet = seal_packet(tmp_path, contents(1, ()), signer, SEALED_AT)
    assert verify(packet.path).problems == ()
    event = json.loads((packet.path / "data" / "event.json").read_bytes())
    assert event["clip"]["got"] is None
    assert len(event["stills_missing"]) == 6
    assert event["sufficiency"]["verdict"] == "incomplete"


def test_a_codec_change_in_the_range_makes_two_clips_of_one_packet(tmp_path: Path, signer: BoxSigner) -> None:
    packets = film()
    half = [replace(p, codec=replace(p.codec, size_px=(320, 239)), session=1) for p in packets[100:]]
    packet = seal_packet(tmp_path, contents(1, [*packets[:100], *half]), signer, SEALED_AT)
    assert verify(packet.path).problems == ()
    assert {path.name for path in (packet.path / "data").glob("clip*")} == {"clip.mp4", "clip-2.mp4"}


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "x" * 200, "a\nb"])
def test_an_id_that_is_no_folder_name_is_refused(tmp_path: Path, signer: BoxSigner, name: str) -> None:
    with pytest.raises(ValueError, match="expected a name"):
        seal_packet(tmp_path, contents(1, incident=incident(id=name)), signer, SEALED_AT)
    assert list(tmp_path.rglob("bagit.txt")) == []


def test_a_lost_ledger_is_made_again_from_the_packets(tmp_path: Path, signer: BoxSigner) -> None:
    for n in (1, 2):
        seal_packet(tmp_path, contents(n), signer, SEALED_AT)
    before = (tmp_path / "ledger.jsonl").read_bytes()
    (tmp_path / "ledger.jsonl").unlink()
    ledger.recover(tmp_path, Disk())
    assert (tmp_path / "ledger.jsonl").read_bytes() == before


def test_a_ledger_that_cannot_be_made_again_stops_sealing(tmp_path: Path, signer: BoxSigner) -> None:
    for n in (1, 2):
        seal_packet(tmp_path, contents(n), signer, SEALED_AT)
    (tmp_path / "ledger.jsonl").unlink()
    missing = find_packet(tmp_path, finding(1))
    assert missing is not None
    missing.path.rename(tmp_path / "elsewhere")
    with pytest.raises(LedgerDamaged, match="expected packet 1"):
        seal_packet(tmp_path, contents(3), signer, SEALED_AT)
    (tmp_path / "ledger.jsonl").write_bytes(b"what is this\n")
    with pytest.raises(LedgerDamaged, match="no entry"):
        seal_packet(tmp_path, contents(3), signer, SEALED_AT)


def test_a_torn_last_line_is_cut_off(tmp_path: Path, signer: BoxSigner) -> None:
    first = seal_packet(tmp_path, contents(1), signer, SEALED_AT)
    with (tmp_path / "ledger.jsonl").open("ab") as file:
        file.write(b'{"incident":"x","p7s')
    second = seal_packet(tmp_path, contents(2), signer, SEALED_AT)
    assert [line.sha256 for line in ledger.entries(tmp_path)] == [first.sha256, second.sha256]


def test_sealing_costs_less_than_300_ms_of_cpu(tmp_path: Path, signer: BoxSigner) -> None:
    source = DATA / "footage" / "campus_parked_van.mp4"
    if not source.exists():
        pytest.skip(f"{source.name} is not beside the repository")
    packets = packets_of(source)
    parked = incident(started=at(packets[0].clock, 1.0), raised=at(packets[0].clock, 61.0), box_px=(652, 44, 723, 101))
    case = contents(1, packets[:720], incident=parked, size_px=(768, 576), clip_s=(0.0, 71.0))
    began = time.process_time()
    packet = seal_packet(tmp_path, case, signer, SEALED_AT)
    cost_s = time.process_time() - began
    assert verify(packet.path).problems == ()
    print(f"sealed 72 s of 768x576 in {cost_s * 1000:.0f} ms of CPU")  # noqa: T201
    assert cost_s < 0.3


def at(first: FrameClock, media_s: float) -> FrameClock:
    """A moment of footage."""
    return replace(clock(media_s), source=first.source)
