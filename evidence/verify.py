"""Is a packet what was sealed? Read again by code that shares nothing with the writer.

Nothing here imports another module of `evidence` but its own parts in `evidence/verifying/`: a mistake of the writer
must not be repeated by its judge. `docs/verify.md` does the same with `sha256sum`, `openssl` and `bagit.py` alone.
"""

import hashlib
import tempfile
from pathlib import Path

from evidence.verifying.archive import MAX_BYTES, MAX_FILES, ArchiveRefused, unzip
from evidence.verifying.bag import SIGNATURE, TAGMANIFEST, check_bag
from evidence.verifying.event import check_event
from evidence.verifying.report import Problem, Report
from evidence.verifying.signature import NotACertificate, check_signature

__all__ = ["NotACertificate", "Problem", "Report", "verify"]


def verify(path: Path, pinned: bytes | None = None, max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES) -> Report:
    """Check a packet: a folder, or a zip of one.

    Args:
        path: of the packet.
        pinned: the only certificate to trust, PEM or DER; None: the one inside is taken, and a note says so.
        max_bytes, max_files: bounds for unpacking a zip.

    Returns:
        The verdict, with a problem for each thing that is wrong.

    Raises:
        NotACertificate: `pinned` cannot be read.
        OSError: the packet cannot be read.
    """
    if path.is_dir():
        return _verify_folder(path, pinned)
    with tempfile.TemporaryDirectory(prefix="patrol-verify-") as folder:
        try:
            root = unzip(path, Path(folder), max_bytes, max_files)
        except ArchiveRefused as refused:
            return Report("", (Problem(path.name, "a folder or a zip with one packet", str(refused)),))
        return _verify_folder(root, pinned)


def _verify_folder(root: Path, pinned: bytes | None) -> Report:
    problems, info = check_bag(root)
    notes: list[str] = []
    identity = fingerprint = ""
    tagmanifest, p7s = root / TAGMANIFEST, root / SIGNATURE
    if tagmanifest.is_file():
        content = tagmanifest.read_bytes()
        identity = hashlib.sha256(content).hexdigest()
        if p7s.is_file():
            wrong, notes, fingerprint = check_signature(content, p7s.read_bytes(), SIGNATURE, pinned)
            problems += wrong
            named = info.get("Signer-Certificate-SHA256")
            if fingerprint and fingerprint != named:
                problems.append(Problem(SIGNATURE, f"the certificate {named} that bag-info.txt names", fingerprint))
    if (root / "data").is_dir():
        problems += check_event(root, info)
    sequence = info.get("Packet-Sequence", "")
    return Report(
        sha256=identity,
        problems=tuple(dict.fromkeys(problems)),
        notes=tuple(notes),
        incident=info.get("External-Identifier", ""),
        sequence=int(sequence) if sequence.isascii() and sequence.isdigit() and len(sequence) < 19 else 0,
        fingerprint=fingerprint,
    )
