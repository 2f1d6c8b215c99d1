"""Uploads: sound packets are kept whole, everything else is refused with a reason and leaves nothing."""

import io
import socket
import threading
import time
import zipfile
from pathlib import Path

import pytest

from evidence.verify import verify
from tests.api.packets import Sealed
from tests.api.serving import Service, listening, service


def left_behind(served: Service) -> list[Path]:
    """Every file of the server's evidence folder."""
    root = served.store.folder / "vault"
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_sound_packet_is_kept_and_comes_back_as_it_was(served: Service, sealed: Sealed, tmp_path: Path) -> None:
    case_id = served.take(sealed)
    answer = served.reader.get(f"/api/v1/cases/{case_id}/packet.zip")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
    fetched = tmp_path / "fetched.zip"
    fetched.write_bytes(answer.content)
    report = verify(fetched)
    assert report.sound and report.sha256 == sealed.sha256


def test_uploading_again_is_harmless(served: Service, sealed: Sealed) -> None:
    address = f"/api/v1/packets/{sealed.sha256}"
    assert served.box.get(address).status_code == 404
    assert served.box.put(address, content=sealed.zipped()).status_code == 201
    assert served.box.get(address).status_code == 200
    assert served.box.put(address, content=sealed.zipped()).status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"not a zip", b"PK\x03\x04 cut off", b"\x00" * 70_000], ids=["empty", "text", "torn", "zeros"]
)
def test_what_is_no_packet_is_refused_with_a_reason(served: Service, sealed: Sealed, body: bytes) -> None:
    answer = served.box.put(f"/api/v1/packets/{sealed.sha256}", content=body)
    assert answer.status_code == 422
    assert answer.json()["error"] == "packet_unsound" and answer.json()["details"]
    assert left_behind(served) == []


def test_a_changed_byte_is_refused_and_named(served: Service, sealed: Sealed) -> None:
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sealed.zipped())) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("event.json"):
                content = content.replace(b'"cam-1"', b'"cam-9"')
            new.writestr(name, content)
    answer = served.box.put(f"/api/v1/packets/{sealed.sha256}", content=changed.getvalue())
    assert answer.status_code == 422
    assert any("event.json" in line for line in answer.json()["details"])
    assert left_behind(served) == []


def test_names_that_climb_out_of_the_folder_are_refused(served: Service, sealed: Sealed, tmp_path: Path) -> None:
    climbing = io.BytesIO()
    with zipfile.ZipFile(climbing, "w") as archive:
        archive.writestr("../../../../climbed.txt", "out")
    answer = served.box.put(f"/api/v1/packets/{sealed.sha256}", content=climbing.getvalue())
    assert answer.status_code == 422
    assert not list(tmp_path.rglob("climbed.txt"))


def test_a_sound_packet_under_another_name_is_refused(served: Service, sealed_packets: tuple[Sealed, ...]) -> None:
    one, other = sealed_packets[:2]
    answer = served.box.put(f"/api/v1/packets/{one.sha256}", content=other.zipped())
    assert answer.status_code == 422
    assert answer.json()["error"] == "wrong_identity" and other.sha256 in answer.json()["message"]
    assert left_behind(served) == []


def test_a_name_that_is_no_digest_is_malformed(served: Service, sealed: Sealed) -> None:
    for name in ("abc", sealed.sha256.upper(), "..%2f..%2fetc"):
        assert served.box.put(f"/api/v1/packets/{name}", content=b"").status_code in (404, 422)


def test_a_packet_beyond_the_limit_is_refused_while_it_arrives(tmp_path: Path, sealed: Sealed) -> None:
    with service(tmp_path, largest_bytes=10_000) as served:
        answer = served.box.put(f"/api/v1/packets/{sealed.sha256}", content=sealed.zipped())
        assert answer.status_code == 413 and answer.json()["error"] == "packet_too_large"
        assert left_behind(served) == []


def test_a_small_zip_that_swells_beyond_the_limit_is_refused(tmp_path: Path, sealed: Sealed) -> None:
    swelling = io.BytesIO()
    with zipfile.ZipFile(swelling, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data/zeros", bytes(3_000_000))
    with service(tmp_path, largest_bytes=1_000_000) as served:
        answer = served.box.put(f"/api/v1/packets/{sealed.sha256}", content=swelling.getvalue())
        assert answer.status_code == 413
        assert left_behind(served) == []


def test_a_nearly_full_disk_stops_uploads_and_says_so(tmp_path: Path, sealed: Sealed) -> None:
    with service(tmp_path, floor_bytes=1 << 60) as served:
        answer = served.box.put(f"/api/v1/packets/{sealed.sha256}", content=sealed.zipped())
        assert answer.status_code == 507 and answer.json()["error"] == "no_room"
        assert left_behind(served) == []
        health = served.browser().get("/healthz")
        assert health.status_code == 503 and health.json()["reasons"][0].startswith("disk: ")
        # The database still works: evidence stops first.
        assert served.reader.get("/api/v1/cases").status_code == 200


def test_an_upload_that_breaks_off_leaves_nothing(served: Service, sealed: Sealed) -> None:
    body = sealed.zipped()
    token = served.box.headers["Authorization"]
    with listening(served.app) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as line:
            head = f"PUT /api/v1/packets/{sealed.sha256} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n"
            line.sendall(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body[: len(body) // 2])
        deadline = time.monotonic() + 5
        while left_behind(served) and time.monotonic() < deadline:
            time.sleep(0.05)
    assert left_behind(served) == []
    assert not served.vault.has(sealed.sha256)


def test_two_uploads_of_one_packet_at_once_both_succeed(served: Service, sealed: Sealed) -> None:
    statuses: list[int] = []

    def upload() -> None:
        statuses.append(served.box.put(f"/api/v1/packets/{sealed.sha256}", content=sealed.zipped()).status_code)

    uploads = [threading.Thread(target=upload) for _ in range(4)]
    for thread in uploads:
        thread.start()
    for thread in uploads:
        thread.join(30)
    assert len(statuses) == 4 and set(statuses) <= {200, 201}
    assert verify(next((served.store.folder / "vault" / "packets").glob("*/*"))).sound
