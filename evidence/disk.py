"""Every change that sealing makes on disk, in one small class: what tests break, step by step."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class Disk:
    """Writes that are on the disk when they return. A subclass may fail at any of them: see the tests."""

    def make_folders(self, folder: Path) -> None:
        """Make a folder with its parents; each new name is on the disk."""
        missing = [f for f in (folder, *folder.parents) if not f.exists()]
        for new in reversed(missing):
            new.mkdir(exist_ok=True)
            self.sync_folder(new.parent)

    def write(self, path: Path, content: bytes) -> None:
        """Make or replace a file, not atomically: for files inside a folder that is renamed when whole."""
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def fill(self, folder: Path, write: Callable[[], T]) -> T:
        """Let another library write files into a folder, then have them reach the disk."""
        written = write()
        for path in folder.iterdir():
            self.sync_file(path)
        return written

    def append(self, path: Path, content: bytes) -> None:
        """Add to the end of a file."""
        with path.open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file off after `size` bytes."""
        with path.open("r+b") as file:
            file.truncate(size)
            os.fsync(file.fileno())

    def rename(self, old: Path, new: Path) -> None:
        """Move a file or a folder within one file system: afterwards it is whole at the new place or at the old."""
        old.rename(new)
        self.sync_folder(new.parent)
        if old.parent != new.parent:
            self.sync_folder(old.parent)

    def remove(self, path: Path) -> None:
        """Remove a file; that there is none is fine."""
        path.unlink(missing_ok=True)
        self.sync_folder(path.parent)

    def remove_tree(self, folder: Path) -> None:
        """Remove a folder with all it holds."""
        shutil.rmtree(folder)
        self.sync_folder(folder.parent)

    def sync_file(self, path: Path) -> None:
        """Have what another library wrote reach the disk."""
        with path.open("rb") as file:
            os.fsync(file.fileno())

    def sync_folder(self, folder: Path) -> None:
        """Have the names in a folder reach the disk."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
