"""A disk that fails, or a program that is killed, at one chosen step of sealing.

Run as a module it seals the same incident again and again, each time in a fresh copy of a vault and killed one step
later than before, until nothing is left to be killed at: `python -m tests.evidence.breaking CASE VAULT KEYS`. With
PATROL_SOAK=1 it is killed before, half way through and after each step, otherwise at one of them in turn.
"""

import errno
import os
import pickle
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from evidence.disk import Disk
from evidence.packet import seal_packet
from evidence.signing import load_or_make
from tests.evidence.cases import SEALED_AT, now

T = TypeVar("T")

BEFORE, HALF, AFTER = "before", "half", "after"


def full_disk() -> None:
    """What a full disk does to a write."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def kill() -> None:
    """What the out-of-memory killer does."""
    os.kill(os.getpid(), signal.SIGKILL)


class BreakingDisk(Disk):
    """Breaks once: before, half way through, or after the step with a given number.

    Args:
        at: number of the step, from 1; 0 never breaks and only counts.
        when: `before`, `half` (half of the bytes are written) or `after`.
        break_now: what breaking is.
    """

    def __init__(self, at: int = 0, when: str = BEFORE, break_now: Callable[[], None] = full_disk) -> None:
        self.steps = 0
        self._at, self._when, self._break = at, when, break_now

    def _step(self, do: Callable[[], T], half: Callable[[], object] | None = None) -> T:
        self.steps += 1
        mine = self.steps == self._at
        if mine and self._when == BEFORE:
            self._break()
        if mine and self._when == HALF and half is not None:
            half()
            self._break()
        done = do()
        if mine:
            self._break()
        return done

    def make_folders(self, folder: Path) -> None:
        self._step(lambda: super(BreakingDisk, self).make_folders(folder))

    def write(self, path: Path, content: bytes) -> None:
        self._step(
            lambda: super(BreakingDisk, self).write(path, content),
            lambda: path.write_bytes(content[: len(content) // 2]),
        )

    def fill(self, folder: Path, write: Callable[[], T]) -> T:
        def half() -> None:
            write()
            for path in folder.iterdir():
                os.truncate(path, path.stat().st_size // 2)

        return self._step(lambda: super(BreakingDisk, self).fill(folder, write), half)

    def append(self, path: Path, content: bytes) -> None:
        def half() -> None:
            with path.open("ab") as file:
                file.write(content[: len(content) // 2])

        self._step(lambda: super(BreakingDisk, self).append(path, content), half)

    def truncate(self, path: Path, size: int) -> None:
        self._step(lambda: super(BreakingDisk, self).truncate(path, size))

    def rename(self, old: Path, new: Path) -> None:
        self._step(lambda: super(BreakingDisk, self).rename(old, new))

    def remove(self, path: Path) -> None:
        self._step(lambda: super(BreakingDisk, self).remove(path))

    def sync_file(self, path: Path) -> None:
        self._step(lambda: super(BreakingDisk, self).sync_file(path))

    def sync_folder(self, folder: Path) -> None:
        self._step(lambda: super(BreakingDisk, self).sync_folder(folder))


def main() -> None:
    """Seal until nothing is left to be killed at; each attempt is its own process."""
    case, vault, keys = (Path(argument) for argument in sys.argv[1:4])
    contents = pickle.loads(case.read_bytes())  # noqa: S301 - the test wrote it
    signer = load_or_make(keys, "Campus", now())
    whens = (BEFORE, HALF, AFTER)
    for number in range(1, 1000):
        survived = True
        for when in whens if os.environ.get("PATROL_SOAK") else (whens[number % 3],):
            copy = Path(shutil.copytree(vault, vault.with_name(f"killed-{number}-{when}")))
            child = os.fork()
            if child == 0:
                seal_packet(copy, contents, signer, SEALED_AT, BreakingDisk(number, when, kill))
                os._exit(0)
            _, status = os.waitpid(child, 0)
            survived = survived and status == 0
        if survived:
            return
    sys.exit(1)


if __name__ == "__main__":
    main()
