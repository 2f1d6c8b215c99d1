"""The RFC 3161 time stamp over the tag manifest, read strictly.

`openssl ts -verify` accepts some changed bytes. Here the answer must be the one canonical DER encoding of its content,
say `granted` and nothing else, hold one signer with exactly its own certificate, and use algorithms of a short list.
The certificate may be for time stamping only, marked critical (RFC 3161, 2.3), and the token must name it by digest
(RFC 2634, RFC 5035).
"""

import hashlib
from datetime import datetime
from typing import Any, ClassVar

from asn1crypto import cms, core, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from evidence.verifying.report import Problem
from evidence.verifying.signature import UNREADABLE, load_certificate

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_REQUIRED = {"content_type", "message_digest"}
_NAMES_ITS_CERTIFICATE = {"signing_certificate", "signing_certificate_v2"}


class Answer(core.Sequence):  # type: ignore[misc]
    """TimeStampResp: a refusal has no token, which asn1crypto's own class does not allow."""

    _fields: ClassVar = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]


_ALLOWED = _REQUIRED | _NAMES_ITS_CERTIFICATE | {"signing_time", "cms_algorithm_protection"}


def check_stamp(
    stamped: bytes, tsr: bytes, name: str, authority: bytes | None
) -> tuple[list[Problem], list[str], datetime | None]:
    """Check a time stamp.

    Args:
        stamped: the bytes that were stamped.
        tsr: the authority's answer (TimeStampResp, DER).
        name: of that file, for the report.
        authority: certificate of the time-stamping authority, or of who issued it, PEM or DER; None: nobody is trusted
            beforehand, and a note says so.

    Returns:
        Problems, notes, and the authority's time (aware, UTC) where the stamp is sound.

    Raises:
        NotACertificate: `authority` cannot be read.
    """
    trusted = load_certificate(authority) if authority is not None else None
    try:
        answer = Answer.load(tsr, strict=True)
        problems = [Problem(name, want, found) for want, found in _wrong_form(answer)]
        if not problems and answer.dump(force=True) != tsr:
            problems = [Problem(name, "canonical DER", "another encoding of the same content")]
        if problems:
            return problems, [], None
        data = answer["time_stamp_token"]["content"]
        info = data["encap_content_info"]["content"].parsed
        certificate = x509.load_der_x509_certificate(data["certificates"][0].dump())
        at = info["gen_time"].native
        wrong = [*_wrong_imprint(info, stamped), *_wrong_signer(data, certificate), *_wrong_purpose(certificate, at)]
        problems = [Problem(name, want, found) for want, found in wrong]
        notes, found = _trust(certificate, trusted)
        problems += [Problem(name, want, what) for want, what in found]
        return problems, notes, at if not problems else None
    except UNREADABLE as error:
        return [Problem(name, "an RFC 3161 answer in DER", f"something else: {error}"[:200])], [], None


def _wrong_form(answer: Any) -> list[tuple[str, str]]:
    status = answer["status"]
    if status["status"].native != "granted" or status["status_string"] or status["fail_info"]:
        said = "; ".join(str(text) for text in status["status_string"].native or ())
        return [("the bare status granted", f"{status['status'].native} {said}".strip()[:160])]
    token = answer["time_stamp_token"]
    if token["content_type"].native != "signed_data":
        return [("CMS signed data", str(token["content_type"].native))]
    data = token["content"]
    signers, certificates = data["signer_infos"], data["certificates"] or []
    if len(signers) != 1 or len(certificates) != 1 or certificates[0].name != "certificate":
        return [("one signer and one certificate", f"{len(signers)} and {len(certificates)}")]
    signer, certificate = signers[0], certificates[0].chosen
    digest = signer["digest_algorithm"]
    sid = signer["sid"]
    checks = [
        (
            "version v3 of the token, v1 of its signer",
            (data["version"].native, signer["version"].native) == ("v3", "v1"),
        ),
        ("a digest of sha256, sha384 or sha512", digest["algorithm"].native in _HASHES and _no_parameters(digest)),
        ("one digest algorithm", [d.dump() for d in data["digest_algorithms"]] == [digest.dump()]),
        ("content of type tst_info", data["encap_content_info"]["content_type"].native == "tst_info"),
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


def _no_parameters(algorithm: Any) -> bool:
    return algorithm["parameters"].native is None


def _wrong_imprint(info: Any, stamped: bytes) -> list[tuple[str, str]]:
    imprint = info["message_imprint"]
    algorithm, found = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native.hex()
    wanted = hashlib.sha256(stamped).hexdigest()
    if (algorithm, found) != ("sha256", wanted):
        return [(f"a stamp of the tag manifest, sha256 {wanted}", f"one of {algorithm} {found}")]
    return []


def _wrong_signer(data: Any, certificate: x509.Certificate) -> list[tuple[str, str]]:
    signer = data["signer_infos"][0]
    values = {attribute["type"].native: attribute["values"] for attribute in signer["signed_attrs"]}
    if not _REQUIRED <= values.keys() <= _ALLOWED or len(values) != len(signer["signed_attrs"]):
        return [(f"the signed attributes {', '.join(sorted(_ALLOWED))}", ", ".join(sorted(map(str, values))))]
    if not values.keys() & _NAMES_ITS_CERTIFICATE or any(len(value) != 1 for value in values.values()):
        return [("a token that names its certificate by digest", "none")]
    algorithm = signer["digest_algorithm"]["algorithm"].native
    content = data["encap_content_info"]["content"].contents
    wrong: list[tuple[str, str]] = []
    if values["content_type"][0].native != "tst_info":
        wrong.append(("contentType tst_info", str(values["content_type"][0].native)))
    if values["message_digest"][0].native != hashlib.new(algorithm, content).digest():
        wrong.append(("a digest of the stamp's own content", "another"))
    wrong += _wrong_names(values, certificate)
    return wrong or _wrong_math(signer, certificate, _HASHES[algorithm])


def _wrong_names(values: Any, certificate: x509.Certificate) -> list[tuple[str, str]]:
    der = certificate.public_bytes(Encoding.DER)
    for name in _NAMES_ITS_CERTIFICATE & values.keys():
        named = values[name][0]["certs"][0]
        algorithm = named["hash_algorithm"]["algorithm"].native if name.endswith("v2") else "sha1"
        if named["cert_hash"].native != hashlib.new(algorithm, der).digest():
            return [("the certificate that the token names", "another")]
    return []


def _wrong_math(signer: Any, certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> list[tuple[str, str]]:
    key, signature = certificate.public_key(), signer["signature"].native
    # What is signed is the SET OF attributes itself, not its tagged form in the message (RFC 5652, 5.4).
    attributes = signer["signed_attrs"].untag().dump()
    named = signer["signature_algorithm"]
    try:
        if isinstance(key, rsa.RSAPublicKey) and named["algorithm"].native in {
            "rsassa_pkcs1v15",
            f"{algorithm.name}_rsa",
        }:
            key.verify(signature, attributes, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and named["algorithm"].native == f"{algorithm.name}_ecdsa":
            key.verify(signature, attributes, ec.ECDSA(algorithm))
        else:
            return [("RSA (PKCS #1 v1.5) or ECDSA", f"{named['algorithm'].native} with {type(key).__name__}")]
    except InvalidSignature:
        return [("a stamp signed by the certificate's key", "a signature that does not fit")]
    return [] if _no_parameters(named) else [("no parameters of the signature algorithm", "some")]


def _wrong_purpose(certificate: x509.Certificate, at: datetime) -> list[tuple[str, str]]:
    wrong: list[tuple[str, str]] = []
    try:
        purpose = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        only = list(purpose.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
        if not (purpose.critical and only):
            wrong.append(("extended key usage timeStamping alone, critical", "another"))
    except x509.ExtensionNotFound:
        wrong.append(("extended key usage timeStamping alone, critical", "none"))
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        valid = f"valid {certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}"
        wrong.append((f"a certificate valid when it stamped ({at})", valid))
    return wrong


def _trust(certificate: x509.Certificate, trusted: x509.Certificate | None) -> tuple[list[str], list[tuple[str, str]]]:
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    if trusted is None:
        return [f"the time-stamping authority is not pinned: its certificate has sha256 {fingerprint}"], []
    if trusted == certificate:
        return [], []
    try:
        certificate.verify_directly_issued_by(trusted)
    except (InvalidSignature, ValueError, TypeError):
        wanted = trusted.fingerprint(hashes.SHA256()).hex()
        return [], [(f"the authority's certificate {wanted}, or one that it issued", fingerprint)]
    return [], []
