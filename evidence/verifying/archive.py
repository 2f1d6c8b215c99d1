"""Unpacking a zip from a stranger: bounded in bytes and files, nothing outside the folder, no links."""

import lzma
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

MAX_BYTES = 4 * 1024**3
MAX_FILES = 500
MAX_NAME, MAX_DEPTH = 128, 8
_CHUNK = 1 << 20


class ArchiveRefused(Exception):
    """A zip is not unpacked; the message says why.

    ArchiveRefused
    |- ArchiveUnreadable   it is no zip, damaged, encrypted, or packed in an unknown way
    |- ArchiveTooLarge     more bytes than allowed come out of it
    |- ArchiveTooMany      more files than allowed are in it
    `- ArchiveUnsafe       a name climbs out of the folder, comes twice, or is no plain file
    """


class ArchiveUnreadable(ArchiveRefused):
    """It is no zip, damaged, encrypted, or packed in an unknown way."""


class ArchiveTooLarge(ArchiveRefused):
    """More bytes than allowed come out of it."""


class ArchiveTooMany(ArchiveRefused):
    """More files than allowed are in it."""


class ArchiveUnsafe(ArchiveRefused):
    """A name climbs out of the folder, comes twice, or is no plain file."""


def unzip(source: Path | IO[bytes], folder: Path, max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES) -> Path:
    """Unpack a packet's zip into a folder.

    Sizes are counted as they come out: what the zip says of itself is not believed.

    Args:
        source: the zip, a path or a seekable binary file.
        folder: an empty folder, made when it is not there; on any error it may hold a part, and the caller removes it.
        max_bytes: unpacked, all files together.
        max_files: entries, folders counted.

    Returns:
        The folder of the packet: `folder` itself or the single folder in it.

    Raises:
        ArchiveRefused: see its kinds.
        OSError: the files cannot be written here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(source) as archive:
            _extract(archive, folder, max_bytes, max_files)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError) as error:
        raise ArchiveUnreadable(f"not a sound zip: {error}") from error
    except (NotImplementedError, RuntimeError) as error:  # a packing method or an encryption that nobody should use
        raise ArchiveUnreadable(f"not a plain zip: {error}") from error
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder


def _extract(archive: zipfile.ZipFile, folder: Path, max_bytes: int, max_files: int) -> None:
    entries = archive.infolist()
    if len(entries) > max_files:
        raise ArchiveTooMany(f"expected at most {max_files} entries, found {len(entries)}")
    seen: set[str] = set()
    left = max_bytes
    for entry in entries:
        name = _checked(entry)
        if name.lower() in seen:
            raise ArchiveUnsafe(f"{name!r} comes twice")
        seen.add(name.lower())
        target = folder / name
        if any(parent.is_file() for parent in target.parents) or (target.exists() and not entry.is_dir()):
            raise ArchiveUnsafe(f"{name!r} is a file and a folder at once")
        if entry.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as packed, target.open("xb") as file:
            while chunk := packed.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise ArchiveTooLarge(f"expected at most {max_bytes} bytes unpacked, found more")
                file.write(chunk)


def _checked(entry: zipfile.ZipInfo) -> str:
    # The name as it stands in the zip: `filename` has already been cut at a NUL.
    name = entry.orig_filename
    path = PurePosixPath(name)
    if (
        not name.isascii()
        or not name.isprintable()
        or any(mark in name for mark in "\\:")
        or path.is_absolute()
        or not path.parts
        or ".." in path.parts
        or any(len(part) > MAX_NAME for part in path.parts)
        or len(path.parts) > MAX_DEPTH
    ):
        raise ArchiveUnsafe(f"expected a plain relative name, found {name!r}")
    mode = entry.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ArchiveUnsafe(f"expected a plain file, {name!r} is none (mode {mode:o})")
    return path.as_posix()
