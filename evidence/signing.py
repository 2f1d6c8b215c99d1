"""The box's own key: made once, at the first sealing, and kept readable for its owner alone."""

import contextlib
import os
import stat
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

KEY, CERTIFICATE = "box.key", "box.crt"
VALID = timedelta(days=3653)
EARLY = timedelta(days=1)
"""A certificate begins a day before it is made: a box whose clock is set right by some hours must not sign in vain."""


class KeyRefused(Exception):
    """The box's key cannot be used as it is."""


@dataclass(frozen=True, slots=True)
class BoxSigner:
    """Signs with the box's key. The key never appears in text: not in `repr`, not in an error.

    Attributes:
        certificate: the box's certificate; whoever pins it compares its sha256 fingerprint.
    """

    certificate: x509.Certificate
    _key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """The sha256 of the certificate, lower-case hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def sign(self, content: bytes) -> bytes:
        """A detached CMS signature (RFC 5652) over `content`, DER, with the certificate inside."""
        return (
            pkcs7.PKCS7SignatureBuilder()
            .set_data(content)
            .add_signer(self.certificate, self._key, hashes.SHA256())
            .sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])
        )


def load_or_make(folder: Path, site: str, now: datetime) -> BoxSigner:
    """The box's signer; the first call makes an ECDSA P-256 key and a certificate signed with itself.

    Args:
        folder: where `box.key` and `box.crt` lie, usually `data/keys`.
        site: name of the site, for the certificate.
        now: the box's time, aware.

    Raises:
        KeyRefused: others can read the key, it is no P-256 key, or the certificate belongs to another key.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key_file, certificate_file = folder / KEY, folder / CERTIFICATE
    if not key_file.exists():
        _place(key_file, _pem(ec.generate_private_key(ec.SECP256R1())), 0o600)
    key = _load_key(key_file)
    if not certificate_file.exists():
        _place(certificate_file, _self_signed(key, site, now).public_bytes(serialization.Encoding.PEM), 0o644)
    try:
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    except ValueError as error:
        raise KeyRefused(f"{certificate_file} holds no certificate in PEM form") from error
    if certificate.public_key() != key.public_key():
        raise KeyRefused(
            f"{certificate_file} belongs to another key than {key_file}: bring the pair that belongs together"
        )
    return BoxSigner(certificate, key)


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise KeyRefused(f"{path} can be read by others (mode {mode:04o}): chmod 600 it, and think about a new key")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Without the library's words, and without their cause: nobody knows what of a key they would show.
        raise KeyRefused(f"{path} holds no private key in PEM form without a password") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyRefused(f"{path} must hold an ECDSA key on P-256, it holds another kind")
    return key


def _place(path: Path, content: bytes, mode: int) -> None:
    """Make a file whole or not at all; a file that another process made meanwhile stays."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _self_signed(key: ec.EllipticCurvePrivateKey, site: str, now: datetime) -> x509.Certificate:
    # X.520 allows 64 characters in either name.
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, site.strip()[:64] or "street patrol"),
            x509.NameAttribute(NameOID.COMMON_NAME, "street patrol box"),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLY)
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
