"""The CMS signature (RFC 5652) over the tag manifest, read strictly: nothing in it is free to change unnoticed.

`openssl cms -verify` accepts some changed bytes (encodings that mean the same, fields that no signature covers). Here
the file must be the one canonical DER encoding of its content, hold one certificate and one signer and no attribute
that is not signed, and use algorithms from a short list, parameters included.
"""

import hashlib
from datetime import datetime
from typing import Any

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from evidence.verifying.report import Problem

CURVES = (ec.SECP256R1, ec.SECP384R1)
_SHA256 = bytes.fromhex("300b0609608648016503040201")  # AlgorithmIdentifier sha256, parameters absent (RFC 5754)
_SHA256_NULL = bytes.fromhex("300d06096086480165030402010500")  # the same with NULL, which receivers must accept
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")  # ecdsa-with-SHA256, parameters absent (RFC 5758)
_ATTRIBUTES = {"content_type", "message_digest", "signing_time", "smime_capabilities"}
_REQUIRED = _ATTRIBUTES - {"smime_capabilities"}
# What parsing rubbish raises: asn1crypto checks lazily, and the certificate is read by a second library.
UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


class NotACertificate(ValueError):
    """What was given to pin is no certificate."""


def check_signature(signed: bytes, p7s: bytes, name: str, pinned: bytes | None) -> tuple[list[Problem], list[str], str]:
    """Check a detached signature.

    Args:
        signed: the bytes that were signed.
        p7s: the signature file.
        name: of that file, for the report.
        pinned: the one certificate to trust, PEM or DER; None: whichever is inside, which is then a note.

    Returns:
        Problems, notes, and the fingerprint (sha256) of the certificate inside.

    Raises:
        NotACertificate: `pinned` cannot be read.
    """
    expected = load_certificate(pinned) if pinned is not None else None
    try:
        info = cms.ContentInfo.load(p7s, strict=True)
        if info.dump(force=True) != p7s:
            return [Problem(name, "canonical DER", "another encoding of the same content")], [], ""
        if info["content_type"].native != "signed_data":
            return [Problem(name, "CMS signed data", str(info["content_type"].native))], [], ""
        return _check_signed_data(info["content"], signed, name, expected)
    except UNREADABLE as error:
        return [Problem(name, "a CMS signature in DER", f"something else: {error}"[:200])], [], ""


def load_certificate(content: bytes) -> x509.Certificate:
    """A certificate, PEM or DER.

    Raises:
        NotACertificate: it is neither.
    """
    try:
        if content.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_certificate(content)
        return x509.load_der_x509_certificate(content)
    except ValueError as error:
        raise NotACertificate("expected a certificate in PEM or DER") from error


def _check_signed_data(
    data: Any, signed: bytes, name: str, expected: x509.Certificate | None
) -> tuple[list[Problem], list[str], str]:
    problems = [Problem(name, want, found) for want, found in _wrong_form(data)]
    if problems:
        return problems, [], ""
    signer = data["signer_infos"][0]
    certificate = x509.load_der_x509_certificate(data["certificates"][0].dump())
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    signed_at, wrong = _check_attributes(signer["signed_attrs"], signed, name)
    problems += wrong
    problems += _check_math(signer, certificate, name)
    if signed_at is not None and not certificate.not_valid_before_utc <= signed_at <= certificate.not_valid_after_utc:
        valid = f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}"
        problems.append(Problem(name, f"a certificate valid when signed ({signed_at})", f"valid {valid}"))
    notes: list[str] = []
    if expected is None:
        notes.append(f"the certificate is not pinned: compare its sha256 fingerprint {fingerprint} with the bureau's")
    elif (wanted := expected.fingerprint(hashes.SHA256()).hex()) != fingerprint:
        problems.append(Problem(name, f"the pinned certificate {wanted}", fingerprint))
    if certificate.issuer != certificate.subject and expected is None:
        notes.append("the certificate was issued by another, whose signature on it is not checked here")
    return problems, notes, fingerprint


def _wrong_form(data: Any) -> list[tuple[str, str]]:
    """Everything that has exactly one allowed value, as (expected, found) where it has another."""
    signers, certificates = data["signer_infos"], data["certificates"]
    digests = [algorithm.dump() for algorithm in data["digest_algorithms"]]
    if len(signers) != 1 or not certificates or len(certificates) != 1 or certificates[0].name != "certificate":
        return [("one signer and one certificate", f"{len(signers)} and {len(certificates or ())}")]
    signer, certificate = signers[0], certificates[0].chosen
    sid = signer["sid"]
    checks = [
        ("version v1", data["version"].native == "v1" and signer["version"].native == "v1"),
        ("digest algorithm sha256", len(digests) == 1 and digests[0] in (_SHA256, _SHA256_NULL)),
        ("digest algorithm sha256 of the signer", signer["digest_algorithm"].dump() in (_SHA256, _SHA256_NULL)),
        ("signature algorithm ecdsa-with-SHA256", signer["signature_algorithm"].dump() == _ECDSA_SHA256),
        ("detached content of type data", data["encap_content_info"]["content_type"].native == "data"),
        ("no content inside", not data["encap_content_info"]["content"].contents),
        ("no revocation lists", not data["crls"]),
        ("no attribute that is not signed", not signer["unsigned_attrs"]),
        ("signed attributes", bool(signer["signed_attrs"])),
        ("the signer named by issuer and serial number", sid.name == "issuer_and_serial_number"),
    ]
    wrong = [(what, "something else") for what, right in checks if not right]
    if not wrong and (
        sid.chosen["issuer"].dump() != certificate.issuer.dump()
        or sid.chosen["serial_number"].native != certificate.serial_number
    ):
        wrong.append(("the certificate of the signer", "the certificate of another"))
    return wrong


def _check_attributes(attributes: Any, signed: bytes, name: str) -> tuple[datetime | None, list[Problem]]:
    values = {attribute["type"].native: attribute["values"] for attribute in attributes}
    if not (_REQUIRED <= values.keys() <= _ATTRIBUTES) or len(values) != len(attributes):
        return None, [Problem(name, f"the signed attributes {', '.join(sorted(_REQUIRED))}", ", ".join(sorted(values)))]
    if any(len(value) != 1 for value in values.values()):
        return None, [Problem(name, "one value for each signed attribute", "several")]
    problems: list[Problem] = []
    if values["content_type"][0].native != "data":
        problems.append(Problem(name, "contentType data", str(values["content_type"][0].native)))
    digest = hashlib.sha256(signed).hexdigest()
    if (found := values["message_digest"][0].native.hex()) != digest:
        problems.append(Problem(name, f"a signature of the tag manifest {digest}", f"one of {found}"))
    signed_at = values["signing_time"][0].native
    return (signed_at if isinstance(signed_at, datetime) else None), problems


def _check_math(signer: Any, certificate: x509.Certificate, name: str) -> list[Problem]:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, CURVES):
        return [Problem(name, "an ECDSA key on P-256 or P-384", type(key).__name__)]
    problems: list[Problem] = []
    try:
        # What is signed is the SET OF attributes itself, not its tagged form in the message (RFC 5652, 5.4).
        key.verify(signer["signature"].native, signer["signed_attrs"].untag().dump(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        problems.append(Problem(name, "a signature by the certificate's key", "one that does not fit"))
    if certificate.issuer == certificate.subject:
        try:
            certificate.verify_directly_issued_by(certificate)
        except (InvalidSignature, ValueError, TypeError):
            problems.append(Problem(name, "a certificate signed by its own key", "a signature that does not fit"))
    return problems
