"""The server's evidence: packets by their identity, each verified before it is kept, never changed afterwards.

A packet lies unpacked at `packets/ab/abcdef…/`, so that a player can read ranges of its clip; whoever fetches it gets
it zipped on the way. Uploads arrive in `incoming/` and move in one step, so a packet is there whole or not at all.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from api.cases import CaseReport
from api.refusals import (
    NoRoom,
    NoSuchMedia,
    NoSuchPacket,
    PacketTooLarge,
    PacketUnsound,
    ReportDisagrees,
    WrongIdentity,
)
from evidence.export import ArchiveRefused, ArchiveTooLarge, unzip, zip_chunks
from evidence.verify import verify

FLOOR_BYTES = 1 << 30
"""Below this much free space no evidence is taken, so that the database can go on."""

LARGEST_BYTES = 4 << 30
"""No packet is larger than this, zipped or unpacked."""

_STALE_S = 24 * 3600.0
_LOOK_EVERY_BYTES = 16 << 20
_VIDEO = (".mp4", ".mkv")
_PICTURES = (".jpg", ".png")


class Upload:
    """A packet on its way in: a temporary file that grows until it is admitted or discarded."""

    def __init__(self, vault: "CaseVault", folder: Path) -> None:
        self._vault, self.folder = vault, folder
        self.path = folder / "packet.zip"
        self._file = self.path.open("wb")
        self.size = 0
        self._looked = 0

    def write(self, chunk: bytes) -> None:
        """Add some bytes; raises `PacketTooLarge` or `NoRoom`."""
        self.size += len(chunk)
        if self.size > self._vault.largest_bytes:
            raise PacketTooLarge(self._vault.largest_bytes)
        if self.size - self._looked > _LOOK_EVERY_BYTES:
            self._vault.check_room(0)
            self._looked = self.size
        self._file.write(chunk)

    def finish(self) -> Path:
        """All bytes are there."""
        self._file.close()
        return self.path

    def discard(self) -> None:
        """Remove what is left of it."""
        self._file.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class CaseVault:
    """Packets of a server.

    Args:
        root: its folder, on the same disk as the database; made when missing.
        floor_bytes: free space that evidence never takes.
        largest_bytes: limit of one packet.
    """

    def __init__(self, root: Path, *, floor_bytes: int = FLOOR_BYTES, largest_bytes: int = LARGEST_BYTES) -> None:
        self._packets, self._incoming = root / "packets", root / "incoming"
        self.floor_bytes, self.largest_bytes = floor_bytes, largest_bytes
        self._packets.mkdir(parents=True, exist_ok=True)
        self._incoming.mkdir(exist_ok=True)
        for left in self._incoming.iterdir():
            # What a killed server left half-received is nobody's; another one's upload is younger than this.
            if time.time() - left.stat().st_mtime > _STALE_S:
                shutil.rmtree(left, ignore_errors=True)

    def free_bytes(self) -> int:
        """Free space where evidence is kept."""
        return shutil.disk_usage(self._packets).free

    def check_room(self, more: int) -> None:
        """Raise `NoRoom` when `more` bytes would go below the floor."""
        free = self.free_bytes()
        if free - more < self.floor_bytes:
            raise NoRoom(free, self.floor_bytes)

    def begin(self, announced: int) -> Upload:
        """An upload of so many bytes, 0 where the caller did not say; raises `NoRoom` or `PacketTooLarge`."""
        if announced > self.largest_bytes:
            raise PacketTooLarge(self.largest_bytes)
        self.check_room(2 * announced)  # the file, and the packet unpacked from it
        return Upload(self, Path(tempfile.mkdtemp(dir=self._incoming)))

    def has(self, sha256: str) -> bool:
        """Whether this packet was admitted."""
        return self._folder(sha256).is_dir()

    def admit(self, upload: Upload, sha256: str) -> None:
        """Verify an upload as a stranger would, and keep it.

        Raises:
            PacketUnsound: it does not verify.
            PacketTooLarge, NoRoom: there is no place for what is in it.
            WrongIdentity: it is another packet than `sha256`.
        """
        zipped = upload.finish()
        self.check_room(upload.size)
        unpacked = upload.folder / "unpacked"
        unpacked.mkdir()
        try:
            folder = unzip(zipped, unpacked, self.largest_bytes)
        except ArchiveTooLarge as exc:
            raise PacketTooLarge(self.largest_bytes) from exc
        except ArchiveRefused as exc:
            raise PacketUnsound((str(exc),)) from exc
        report = verify(folder)
        if not report.sound:
            raise PacketUnsound(tuple(str(problem) for problem in report.problems))
        if report.sha256 != sha256:
            raise WrongIdentity(sha256, report.sha256)
        _to_disk(folder)
        home = self._folder(sha256)
        home.parent.mkdir(exist_ok=True)
        try:
            folder.rename(home)
        except OSError:
            if not home.is_dir():  # two uploads of one packet: the other was faster
                raise
        _sync_folder(home.parent)

    def event_for(self, report: CaseReport) -> dict[str, Any]:
        """The `event.json` of a report's packet, once it is certain that the two agree.

        Raises:
            NoSuchPacket: upload it first.
            ReportDisagrees: the report says something else.
        """
        event = self._event(report.packet_sha256)
        said: Mapping[str, tuple[object, object]] = {
            "incident_id": (report.incident_id, event.get("incident")),
            "kind": (report.kind, event.get("kind")),
            "class": (report.class_name, event.get("class")),
            "camera": (report.camera, event.get("camera")),
            "zone": (report.zone, _inside(event, "zone", "id")),
            "raised_at": (report.raised_at, _moment(_inside(event, "times", "raised", "captured_at"))),
        }
        problems = [f"{name}: the report says {a}, the packet {b}" for name, (a, b) in said.items() if a != b]
        if problems:
            raise ReportDisagrees(tuple(problems))
        return event

    def clip(self, sha256: str) -> Path:
        """The clip's file; the first where a break of the connection made several."""
        return self._listed(sha256, self._clips(sha256), "clip")

    def stills(self, sha256: str) -> tuple[str, ...]:
        """Names of the pictures, as the packet lists them."""
        return tuple(self._stills(sha256))

    def still(self, sha256: str, name: str) -> Path:
        """One picture; only a name that the packet lists is looked for."""
        return self._listed(sha256, [path for path in [self._stills(sha256).get(name)] if path], f"still {name!r}")

    def zipped(self, sha256: str) -> Iterator[bytes]:
        """The packet as a ZIP file, piece by piece; raises `NoSuchPacket` at once."""
        return zip_chunks(self._home(sha256))

    def _event(self, sha256: str) -> dict[str, Any]:
        event: dict[str, Any] = json.loads((self._home(sha256) / "data" / "event.json").read_bytes())
        return event

    def _clips(self, sha256: str) -> list[str]:
        return [path for path in _paths(_inside(self._event(sha256), "clip", "files")) if path.endswith(_VIDEO)]

    def _stills(self, sha256: str) -> dict[str, str]:
        listed = _paths(_inside(self._event(sha256), "stills"))
        return {Path(path).name: path for path in listed if path.endswith(_PICTURES)}

    def _listed(self, sha256: str, paths: list[str], what: str) -> Path:
        home = self._home(sha256).resolve()
        for path in paths:
            file = (home / path).resolve()
            if file.is_relative_to(home) and file.is_file():
                return file
        raise NoSuchMedia(what)

    def _folder(self, sha256: str) -> Path:
        return self._packets / sha256[:2] / sha256

    def _home(self, sha256: str) -> Path:
        folder = self._folder(sha256)
        if not folder.is_dir():
            raise NoSuchPacket(sha256)
        return folder


def _inside(event: Mapping[str, Any], *names: str) -> Any:
    """A value deep in an event, or None: a packet may be sound and still be of a kind nobody here has seen."""
    value: Any = event
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _paths(entries: object) -> list[str]:
    listed = entries if isinstance(entries, list) else []
    return [str(entry["path"]) for entry in listed if isinstance(entry, Mapping) and "path" in entry]


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


def _to_disk(folder: Path) -> None:
    """Make sure that every byte would survive a power cut before the packet is called stored."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    for path in [folder, *(p for p in folder.rglob("*") if p.is_dir())]:
        _sync_folder(path)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
