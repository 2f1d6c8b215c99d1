"""Is a packet what was sealed? Read again by code that shares nothing with the writer.

Nothing here imports another module of `evidence` but its own parts in `evidence/verifying/`: a mistake of the writer
must not be repeated by its judge. `docs/verify.md` does the same with `sha256sum`, `openssl` and `bagit.py` alone.
"""

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from evidence.verifying.archive import MAX_BYTES, MAX_FILES, ArchiveRefused, unzip
from evidence.verifying.bag import SIGNATURE, STAMP, TAGMANIFEST, check_bag
from evidence.verifying.derived import check_derived
from evidence.verifying.event import check_event
from evidence.verifying.report import Problem, Report
from evidence.verifying.signature import NotACertificate, check_signature, load_certificate
from evidence.verifying.stamp import check_stamp
from evidence.verifying.vault import VaultReport, check_chain, check_vault

__all__ = [
    "NotACertificate",
    "Problem",
    "Report",
    "VaultReport",
    "load_certificate",
    "verify",
    "verify_ledger",
    "verify_vault",
]

CLOCKS_APART = timedelta(seconds=60)
"""A stamp that is older than the sealing by more than this says that the box's clock was wrong."""


def verify(
    path: Path,
    pinned: bytes | None = None,
    max_bytes: int = MAX_BYTES,
    max_files: int = MAX_FILES,
    authority: bytes | None = None,
) -> Report:
    """Check a packet: a folder, or a zip of one.

    Args:
        path: of the packet.
        pinned: the only certificate to trust, PEM or DER; None: the one inside is taken, and a note says so.
        max_bytes, max_files: bounds for unpacking a zip.
        authority: certificate of the time-stamping authority, or of who issued it, PEM or DER; None: any, with a note.

    Returns:
        The verdict, with a problem for each thing that is wrong.

    Raises:
        NotACertificate: `pinned` or `authority` cannot be read.
        OSError: the packet cannot be read.
    """
    if path.is_dir():
        return _verify_folder(path, pinned, authority)
    with tempfile.TemporaryDirectory(prefix="patrol-verify-") as folder:
        try:
            root = unzip(path, Path(folder), max_bytes, max_files)
        except ArchiveRefused as refused:
            return Report("", (Problem(path.name, "a folder or a zip with one packet", str(refused)),))
        return _verify_folder(root, pinned, authority)


def verify_vault(
    vault: Path,
    pinned: bytes | None = None,
    authority: bytes | None = None,
    told: Callable[[int, int], None] = lambda done, of: None,  # noqa: ARG005 - told nobody
) -> VaultReport:
    """Check a whole vault: every packet, and that none is missing, added or changed.

    Args:
        vault: folder with a `ledger.jsonl`.
        pinned, authority: as for `verify`.
        told: how many packets were read, of how many.

    Raises:
        NotACertificate: a certificate cannot be read.
        OSError: the vault cannot be read.
    """
    return check_vault(vault, lambda packet: verify(packet, pinned, authority=authority), authority, told)


def verify_ledger(ledger: Path, authority: bytes | None = None) -> VaultReport:
    """Check a ledger without its packets: a line that was taken away is a gap; raises as `verify_vault`."""
    return check_chain(ledger, authority)


def _verify_folder(root: Path, pinned: bytes | None, authority: bytes | None) -> Report:
    problems, info = check_bag(root)
    notes: list[str] = []
    identity = fingerprint = ""
    stamped_at: datetime | None = None
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
        more, said, stamped_at = _check_time(root, content, info, authority)
        problems += more
        notes += said
    if "Derived-From-SHA256" in info:
        wrong, said = check_derived(root, info)
        problems += wrong
        notes += said
    elif (root / "data").is_dir():
        problems += check_event(root, info)
    sequence = info.get("Packet-Sequence", "")
    return Report(
        sha256=identity,
        problems=tuple(dict.fromkeys(problems)),
        notes=tuple(notes),
        incident=info.get("External-Identifier", ""),
        sequence=int(sequence) if sequence.isascii() and sequence.isdigit() and len(sequence) < 19 else 0,
        fingerprint=fingerprint,
        stamped_at=stamped_at,
    )


def _check_time(
    root: Path, content: bytes, info: Mapping[str, str], authority: bytes | None
) -> tuple[list[Problem], list[str], datetime | None]:
    """The time stamp, which may still be missing: the authority is asked after the sealing."""
    named = info.get("Timestamp-Authority", "none")
    tsr = root / STAMP
    if not tsr.is_file():
        waits = [f"no time stamp yet: {named} was to be asked"] if named != "none" else []
        return [], waits, None
    problems, notes, at = check_stamp(content, tsr.read_bytes(), STAMP, authority)
    sealed_at = _moment(info.get("Sealed-At", ""))
    if at is not None and sealed_at is not None and at < sealed_at - CLOCKS_APART:
        notes.append(f"stamped at {at:%Y-%m-%d %H:%M:%S} UTC, before the box's time of sealing: its clock was ahead")
    return problems, notes, at


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
