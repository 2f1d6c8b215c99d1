"""Packets on disk from the moment they may matter: what a pin in the ring is to a killed process.

A range is one file that is only ever appended to, so nothing that was written can be spoilt by what comes later:

    NAME.packets   8 bytes that name the format, then records
    record         kind (1 byte: C or P) · length of the payload (4) · CRC-32 of all before and after it (4) · payload
    C              JSON: the codec that the following packets belong to
    P              timestamps, clock and session in fixed fields, then the camera's bytes

A kill in the middle of a write leaves a record without its end. Readers stop there, and the next append cuts it off.
Records go to the kernel at once, unbuffered: they survive the death of the process. They reach the disk itself when a
range is begun or closed; a power cut may take what the kernel still held, and leaves a torn end like any other.
"""

import contextlib
import errno
import os
import re
import shutil
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from streams.packets import Codec, StreamPacket
from streams.spool_records import MAGIC, codec_record, packet_record, records

_SUFFIX = ".packets"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class SpoolError(Exception):
    """The spool cannot take what it was given.

    SpoolError
     |- DiskFull         a record did not fit; the range is whole up to the one before
     |- DiskNearlyFull   a new range was refused, to leave room for what must be written
    """


class DiskFull(SpoolError):
    """A record did not fit on the disk; the range ends, whole, with the record before it."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path.name}: {error.strerror}; free space on the disk of the data folder")
        self.path = path


class DiskNearlyFull(SpoolError):
    """A new range was refused because the disk has less room than its floor."""

    def __init__(self, folder: Path, free_bytes: int, floor_bytes: int) -> None:
        super().__init__(
            f"{folder}: {free_bytes >> 20} MiB free, new ranges need {floor_bytes >> 20} MiB; free space on this disk"
        )
        self.folder, self.free_bytes, self.floor_bytes = folder, free_bytes, floor_bytes


@dataclass(slots=True)
class _Range:
    """An open file and what is already in it."""

    path: Path
    fd: int
    end: int
    newest_s: float
    codecs: dict[Codec, int] = field(default_factory=dict)


class Spool:
    """A folder of packet ranges. Threads may share it; processes may not write the same range."""

    def __init__(self, folder: Path, *, free_floor_bytes: int = 0) -> None:
        """Use a folder, which is made when it is not there.

        Args:
            folder: for the files.
            free_floor_bytes: no new range begins while the disk has less than this free; begun ones go on.
        """
        self.folder, self.free_floor_bytes = Path(folder), free_floor_bytes
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._open: dict[str, _Range] = {}

    def open_range(self, name: str, packets: Iterable[StreamPacket]) -> None:
        """Begin a range, with what the ring already holds of it.

        A range that is there already, from before a restart, goes on: of `packets` only those shown after its newest
        are added.

        Args:
            name: letters, digits, `.`, `_` and `-`, at most 120: the id of an incident.
            packets: in decoding order, the first a key frame.

        Raises:
            DiskNearlyFull: less than the floor is free, and the range is new.
            DiskFull: the packets did not fit; those that did are in it.
            ValueError: the name cannot be a file's.
        """
        path = self._path(name)
        with self._lock:
            if not path.exists():
                free = shutil.disk_usage(self.folder).free
                if free < self.free_floor_bytes:
                    raise DiskNearlyFull(self.folder, free, self.free_floor_bytes)
            current = self._range(name, os.O_RDWR | os.O_CREAT)
            held_until_s = current.newest_s
            for packet in packets:
                if packet.clock.media_s > held_until_s:
                    self._write(current, packet)
        with contextlib.suppress(OSError):  # not every file system can; the records are with the kernel either way
            os.fsync(current.fd)

    def append(self, name: str, packet: StreamPacket) -> None:
        """Add the next packet to a range that was begun, in this life of the program or an earlier one.

        Raises:
            FileNotFoundError: no such range was begun, or it was deleted.
            DiskFull: it did not fit; the range is whole up to the packet before.
            ValueError: the name cannot be a file's.
        """
        with self._lock:
            self._write(self._range(name, os.O_RDWR), packet)

    def read(self, name: str) -> Iterator[StreamPacket]:
        """The packets of a range, in the order written, up to a torn end; also while it is being written.

        A record in the middle whose bytes no longer match its checksum is left out.

        Raises:
            FileNotFoundError: there is no such range.
            ValueError: the name cannot be a file's, or the file is no packet range.
        """
        for item, _ in records(self._path(name)):
            if isinstance(item, StreamPacket):
                yield item

    def close(self, name: str) -> None:
        """Bring a range to the disk and close its file; it stays. Closing one that is not open does nothing."""
        with self._lock:
            current = self._open.pop(name, None)
        if current is not None:
            with contextlib.suppress(OSError):
                os.fsync(current.fd)
            os.close(current.fd)

    def close_all(self) -> None:
        """Close every open range."""
        for name in tuple(self._open):
            self.close(name)

    def delete(self, name: str) -> None:
        """Remove a range; one that is not there is no error, so that a restart may delete once more."""
        path = self._path(name)
        self.close(name)
        path.unlink(missing_ok=True)

    def names(self) -> tuple[str, ...]:
        """The ranges on disk, sorted."""
        return tuple(sorted(path.name.removesuffix(_SUFFIX) for path in self.folder.glob(f"*{_SUFFIX}")))

    def size_bytes(self) -> int:
        """Bytes on disk of all ranges."""
        return sum(path.stat().st_size for path in self.folder.glob(f"*{_SUFFIX}"))

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"a range's name must match {_NAME.pattern}, got {name!r}")
        return self.folder / f"{name}{_SUFFIX}"

    def _range(self, name: str, flags: int) -> _Range:
        """The open range of a name, taken up where it ends whole; the lock is held."""
        if name in self._open:
            return self._open[name]
        path = self._path(name)
        fd = os.open(path, flags | os.O_CLOEXEC, 0o600)
        try:
            current = _Range(path, fd, end=0, newest_s=float("-inf"))
            if os.fstat(fd).st_size >= len(MAGIC):
                current.end = len(MAGIC)
                for item, end in records(path):
                    current.end = end
                    if isinstance(item, StreamPacket):
                        current.newest_s = max(current.newest_s, item.clock.media_s)
            os.ftruncate(fd, current.end)
            os.lseek(fd, current.end, os.SEEK_SET)
            if not current.end:
                self._put(current, MAGIC)
        except BaseException:
            os.close(fd)
            raise
        self._open[name] = current
        return current

    def _write(self, current: _Range, packet: StreamPacket) -> None:
        if packet.codec not in current.codecs:
            number = current.end  # where its record stands: unique in the file, across restarts too
            self._put(current, codec_record(packet.codec, number))
            current.codecs[packet.codec] = number
        self._put(current, packet_record(packet, current.codecs[packet.codec]))
        current.newest_s = max(current.newest_s, packet.clock.media_s)

    def _put(self, current: _Range, record: bytes) -> None:
        """Write a whole record or none."""
        rest = memoryview(record)
        try:
            while rest:
                rest = rest[os.write(current.fd, rest) :]
        except OSError as error:
            # A record half on the disk would hide those that follow once there is room again.
            os.ftruncate(current.fd, current.end)
            os.lseek(current.fd, current.end, os.SEEK_SET)
            if error.errno in _NO_SPACE:
                raise DiskFull(current.path, error) from error
            raise
        current.end += len(record)
