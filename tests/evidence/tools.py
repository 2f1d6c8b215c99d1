"""The standard tools that a stranger has, and packets to change."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from evidence.signing import BoxSigner

SOAK = bool(os.environ.get("PATROL_SOAK"))


def long_proof(test: Callable[..., None]) -> Callable[..., None]:
    """Run whole by `make soak`, and a sample of it (the test looks at SOAK) by `make test`."""
    return pytest.mark.soak(test) if SOAK else test


BAGIT = Path(sys.executable).with_name("bagit.py")


def needs(tool: str) -> str:
    """The tool's path, or skip with the reason."""
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"{tool} is not installed")
    return found


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a tool and keep what it says."""
    return subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)


def copied(packet: Path, folder: Path) -> Path:
    """A packet that a test may change."""
    return Path(shutil.copytree(packet, folder / packet.name))


def resealed(packet: Path, signer: BoxSigner) -> None:
    """Make manifests and signature fit whatever the packet holds now, as somebody with a key could."""
    files = sorted(path for path in (packet / "data").rglob("*") if path.is_file())
    info = (packet / "bag-info.txt").read_text("utf-8")
    oxum = f"Payload-Oxum: {sum(path.stat().st_size for path in files)}.{len(files)}"
    info = re.sub("Payload-Oxum: .*", oxum, info)
    info = re.sub("Certificate-SHA256: .*", f"Certificate-SHA256: {signer.fingerprint}", info)
    (packet / "bag-info.txt").write_text(info, "utf-8")
    for algorithm in ("sha256", "sha512"):
        lines = [f"{digest(path, algorithm)}  {path.relative_to(packet).as_posix()}\n" for path in files]
        (packet / f"manifest-{algorithm}.txt").write_text("".join(lines))
    tags = [packet / name for name in ("bag-info.txt", "bagit.txt", "manifest-sha256.txt", "manifest-sha512.txt")]
    (packet / "tagmanifest-sha256.txt").write_text("".join(f"{digest(path, 'sha256')}  {path.name}\n" for path in tags))
    signature = signer.sign((packet / "tagmanifest-sha256.txt").read_bytes())
    (packet / "tagmanifest-sha256.txt.p7s").write_bytes(signature)


def digest(path: Path, algorithm: str) -> str:
    """The digest of a file, lower-case hex."""
    return hashlib.new(algorithm, path.read_bytes()).hexdigest()


def pem(signer: BoxSigner) -> bytes:
    """The box's certificate as the bureau would publish it."""
    return signer.certificate.public_bytes(serialization.Encoding.PEM)
