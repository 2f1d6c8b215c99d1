"""Who signed it, and whether anything in the signature file could be otherwise."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7

from evidence.packet import SealedPacket
from evidence.signing import BoxSigner, load_or_make
from evidence.verify import NotACertificate, verify
from tests.evidence.cases import now
from tests.evidence.tools import pem, resealed

P7S = "tagmanifest-sha256.txt.p7s"


def test_another_boxs_signature_passes_only_as_long_as_nobody_pins(
    packet: Path, tmp_path: Path, signer: BoxSigner
) -> None:
    forger = load_or_make(tmp_path / "forger", "Campus 校园", now())
    resealed(packet, forger)
    loose = verify(packet)
    assert loose.sound
    assert forger.fingerprint in loose.notes[0]
    assert "not pinned" in loose.notes[0]
    strict = verify(packet, pem(signer))
    assert [problem.expected for problem in strict.problems] == [f"the pinned certificate {signer.fingerprint}"]


def test_the_pinned_certificate_may_be_pem_or_der(packet: Path, signer: BoxSigner) -> None:
    for pinned in (pem(signer), signer.certificate.public_bytes(serialization.Encoding.DER)):
        report = verify(packet, pinned)
        assert report.problems == ()
        assert report.notes == ()
    with pytest.raises(NotACertificate):
        verify(packet, b"rubbish")


def with_certificate(key: ec.EllipticCurvePrivateKey, begins_in: timedelta, days: int) -> BoxSigner:
    """A signer whose certificate is valid at another time."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "box")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now() + begins_in)
        .not_valid_after(now() + begins_in + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return BoxSigner(certificate, key)


@pytest.mark.parametrize("begins_in", [timedelta(days=-30), timedelta(days=3)])
def test_a_certificate_that_was_not_valid_at_signing_is_refused(packet: Path, begins_in: timedelta) -> None:
    resealed(packet, with_certificate(ec.generate_private_key(ec.SECP256R1()), begins_in, 10))
    assert ["a certificate valid when signed" in p.expected for p in verify(packet).problems] == [True]


def test_an_unusual_curve_is_refused(packet: Path) -> None:
    resealed(packet, with_certificate(ec.generate_private_key(ec.SECP521R1()), timedelta(days=-1), 10))
    assert "P-256 or P-384" in str(verify(packet).problems[0])


def change_message(packet: Path, change: Callable[[cms.SignedData], object]) -> str:
    """Change the parsed signature, write it back as canonical DER, and say what verify says."""
    path = packet / P7S
    info = cms.ContentInfo.load(path.read_bytes())
    change(info["content"])
    path.write_bytes(info.dump(force=True))
    return "; ".join(str(problem) for problem in verify(packet).problems)


def test_an_attribute_that_is_not_signed_is_refused(packet: Path) -> None:
    def change(data: cms.SignedData) -> None:
        data["signer_infos"][0]["unsigned_attrs"] = cms.CMSAttributes(
            [cms.CMSAttribute({"type": "content_type", "values": ["data"]})]
        )

    assert "no attribute that is not signed" in change_message(packet, change)


def test_two_certificates_or_an_enclosed_content_are_refused(packet: Path, sealed: SealedPacket) -> None:
    def twice(data: cms.SignedData) -> None:
        data["certificates"] = [data["certificates"][0], data["certificates"][0]]

    def inside(data: cms.SignedData) -> None:
        data["encap_content_info"] = {"content_type": "data", "content": b"x"}

    assert "one signer and one certificate" in change_message(packet, twice)
    shutil.copy(sealed.path / P7S, packet / P7S)
    assert "no content inside" in change_message(packet, inside)


def test_another_encoding_of_the_same_signature_is_refused(packet: Path) -> None:
    path = packet / P7S
    der = path.read_bytes()
    assert der[:2] == b"\x30\x82"
    path.write_bytes(b"\x30\x83\x00" + der[2:])  # the same length, written with one byte more
    assert "canonical DER" in str(verify(packet).problems[0])


def test_a_weaker_digest_is_refused(packet: Path, signer: BoxSigner) -> None:
    content = (packet / "tagmanifest-sha256.txt").read_bytes()
    key = ec.generate_private_key(ec.SECP256R1())
    other = with_certificate(key, timedelta(days=-1), 10)
    signed = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(content)
        .add_signer(other.certificate, key, hashes.SHA384())
        .sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])
    )
    (packet / P7S).write_bytes(signed)
    assert any("digest algorithm sha256" in str(problem) for problem in verify(packet).problems)
