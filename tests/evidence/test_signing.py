"""The box's key is its own: made once, readable by nobody else, never shown."""

import logging
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from evidence.signing import KeyRefused, load_or_make
from tests.evidence.cases import now


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """A private key as a file has it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_the_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    first = load_or_make(tmp_path / "keys", "Campus", now())
    key = tmp_path / "keys" / "box.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert load_or_make(tmp_path / "keys", "Another name", now()).fingerprint == first.fingerprint
    assert sorted(path.name for path in key.parent.iterdir()) == ["box.crt", "box.key"]


def test_the_certificate_names_the_site(tmp_path: Path) -> None:
    signer = load_or_make(tmp_path, "校园" * 50, now())
    assert "O=校园校园" in signer.certificate.subject.rfc4514_string()
    assert signer.certificate.not_valid_before_utc < now() < signer.certificate.not_valid_after_utc


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    load_or_make(tmp_path, "Campus", now())
    (tmp_path / "box.key").chmod(mode)
    with pytest.raises(KeyRefused, match="chmod 600"):
        load_or_make(tmp_path, "Campus", now())


def test_a_lost_certificate_is_made_again_for_the_same_key(tmp_path: Path) -> None:
    first = load_or_make(tmp_path, "Campus", now())
    (tmp_path / "box.crt").unlink()
    again = load_or_make(tmp_path, "Campus", now())
    assert again.certificate.public_key() == first.certificate.public_key()


def test_a_certificate_of_another_key_is_refused(tmp_path: Path) -> None:
    load_or_make(tmp_path / "a", "Campus", now())
    load_or_make(tmp_path / "b", "Campus", now())
    (tmp_path / "a" / "box.crt").write_bytes((tmp_path / "b" / "box.crt").read_bytes())
    with pytest.raises(KeyRefused, match="another key"):
        load_or_make(tmp_path / "a", "Campus", now())
    (tmp_path / "a" / "box.crt").write_text("rubbish")
    with pytest.raises(KeyRefused, match="no certificate"):
        load_or_make(tmp_path / "a", "Campus", now())


@pytest.mark.parametrize("content", [b"rubbish", b"", pem(rsa.generate_private_key(65537, 2048))])
def test_any_other_key_is_refused_without_showing_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "box.key").write_bytes(content)
    (tmp_path / "box.key").chmod(0o600)
    with pytest.raises(KeyRefused) as refused:
        load_or_make(tmp_path, "Campus", now())
    assert "BEGIN" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_the_key_appears_in_no_text(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    signer = load_or_make(tmp_path, "Campus", now())
    signature = signer.sign(b"content")
    key = serialization.load_pem_private_key((tmp_path / "box.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    secret = f"{key.private_numbers().private_value:x}"
    assert "PRIVATE" not in repr(signer) + caplog.text
    assert secret not in repr(signer) + caplog.text + signature.hex()
