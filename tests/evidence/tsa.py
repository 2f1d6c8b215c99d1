"""A real time-stamping authority: `openssl ts -reply` behind a real HTTP server, which may lie, dawdle or break."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.evidence.cases import now
from tests.evidence.tools import needs

_CONFIG = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.crt
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
{more}
"""


@dataclass
class Tsa:
    """The authority's desk.

    Attributes:
        folder: with its key and certificates: `tsa.crt`, and `root.crt` that issued it.
        answers: how it answers: `soundly`, `slowly`, `rubbish`, `refusal`, `other` (a stamp of something else),
            `replayed` (the answer to the first question, again), `two` (two certificates), `huge`.
        asked: how often it was.
    """

    folder: Path
    url: str = ""
    answers: str = "soundly"
    asked: int = 0
    first: bytes = b""
    gone: threading.Event = field(default_factory=threading.Event)

    @property
    def certificate(self) -> bytes:
        """What the bureau pins."""
        return (self.folder / "root.crt").read_bytes()

    def reply(self, question: bytes) -> bytes:
        """What `openssl ts` answers to a question."""
        (self.folder / "q.tsq").write_bytes(question)
        more = f"certs = {self.folder}/root.crt" if self.answers == "two" else ""
        (self.folder / "tsa.cnf").write_text(_CONFIG.format(folder=self.folder, more=more))
        command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq", "-out", "a.tsr"]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        return (self.folder / "a.tsr").read_bytes()


def make_tsa(folder: Path, kind: str = "rsa", eku_critical: bool = True, days: int = 10) -> Tsa:
    """Keys and certificates: a root, and the authority's own."""
    needs("openssl")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "serial").write_text("01\n")
    root_key = ec.generate_private_key(ec.SECP256R1())
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test root")])
    begin, end = now() - timedelta(days=1), now() + timedelta(days=days)

    def built(subject: x509.Name, public: object) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(root_name)
        return (
            made.public_key(public)  # type: ignore[arg-type]
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
        )

    root = (
        built(root_name, root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    own = (
        built(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test TSA")]), key.public_key())
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=eku_critical)
        .sign(root_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "root.crt").write_bytes(root.public_bytes(pem))
    (folder / "tsa.crt").write_bytes(own.public_bytes(pem))
    (folder / "tsa.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return Tsa(folder)


@contextmanager
def serving(tsa: Tsa) -> Iterator[Tsa]:
    """The authority listens on a free port of this machine until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = self.rfile.read(int(self.headers["content-length"]))
            tsa.asked += 1
            body = _answer(tsa, question)
            self.send_response(200)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            for place in range(0, len(body), 100 if tsa.answers == "slowly" else len(body)):
                if tsa.answers == "slowly" and tsa.gone.wait(0.2):
                    return
                try:
                    self.wfile.write(body[place : place + 100] if tsa.answers == "slowly" else body)
                except OSError:  # whoever asked has had enough
                    return

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tsa.url = f"http://127.0.0.1:{server.server_address[1]}/tsa"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield tsa
    finally:
        tsa.gone.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(tsa: Tsa, question: bytes) -> bytes:
    match tsa.answers:
        case "rubbish":
            return b"<html>Welcome to the hotel's network</html>"
        case "refusal":
            return bytes.fromhex("30053003020102")
        case "huge":
            return bytes(1 << 20)
        case "other":
            place = question.index(bytes.fromhex("0420")) + 2
            return tsa.reply(question[:place] + bytes(32) + question[place + 32 :])
        case "replayed":
            return tsa.first
    made = tsa.reply(question)
    tsa.first = tsa.first or made
    return made


def wait_until(done: object, within_s: float = 20.0) -> bool:
    """Whether `done()` came true in time."""
    assert callable(done)
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(0.05)
    return False
