"""A packet as one zip that a stranger can verify: stored, never compressed, the same bytes each time."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from evidence.verifying.archive import (
    ArchiveRefused,
    ArchiveTooLarge,
    ArchiveTooMany,
    ArchiveUnreadable,
    ArchiveUnsafe,
    unzip,
)

__all__ = [
    "ArchiveRefused",
    "ArchiveTooLarge",
    "ArchiveTooMany",
    "ArchiveUnreadable",
    "ArchiveUnsafe",
    "unzip",
    "write_zip",
    "zip_chunks",
]

_CHUNK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say: times of files are no evidence


class _Outbox(io.RawIOBase):
    """What the zip writer has written since it was last emptied. It cannot seek, so nothing is written twice."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        """Everything so far; the outbox is empty afterwards."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def zip_chunks(packet: Path) -> Iterator[bytes]:
    """A packet as a zip, piece by piece, without a copy on disk or in memory.

    The zip holds one folder with the packet's name. The same packet gives the same bytes.

    Args:
        packet: folder of a sealed packet.

    Raises:
        FileNotFoundError: there is no packet.
    """
    if not (packet / "bagit.txt").is_file():
        raise FileNotFoundError(f"{packet} holds no packet: no bagit.txt")
    outbox = _Outbox()
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(path for path in packet.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(f"{packet.name}/{path.relative_to(packet).as_posix()}", _EPOCH)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            entry.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(entry, "w") as target:
                while chunk := source.read(_CHUNK):
                    target.write(chunk)
                    yield outbox.take()
    yield outbox.take()


def write_zip(packet: Path, out: BinaryIO) -> None:
    """Write a packet as a zip to a file object; it need not be seekable.

    Raises:
        FileNotFoundError: there is no packet.
    """
    out.writelines(zip_chunks(packet))
