"""Several threads' small writes in one transaction: a commit that waits for the disk is paid once for all of them.

Each piece of work runs in a savepoint of its own: one that raises is undone alone, and its caller gets its error.
Nobody is answered before the commit that holds its work is on the disk.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from api.database import Database

MOST = 64
"""So many pieces at once; more would keep the first of them waiting."""

Value = TypeVar("Value")


@dataclass(slots=True)
class _Job:
    work: Callable[[Session], Any]
    value: Any = None
    error: Exception | None = None
    done: bool = False


class GroupCommit:
    """Writes that may share a transaction with others of the same kind."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Job] = []
        self._list = threading.Lock()
        self._turn = threading.Lock()

    def write(self, work: Callable[[Session], Value]) -> Value:
        """Do some work in a transaction, and return what it returned once that is committed.

        Raises:
            Exception: whatever the work raised, or why the transaction as a whole failed.
        """
        job = _Job(work)
        with self._list:
            self._waiting.append(job)
        while not job.done:
            with self._turn:  # whoever comes first works for all who wait; the others find their work done
                if not job.done:
                    self._work()
        if job.error is not None:
            raise job.error
        value: Value = job.value
        return value

    def _work(self) -> None:
        with self._list:
            jobs, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        try:
            with self._database.writing() as session:
                for job in jobs:
                    _do(job, session)
        except Exception as exc:  # noqa: BLE001 - every caller is told why the transaction failed
            for job in jobs:
                job.error = exc
        for job in jobs:
            job.done = True


def _do(job: _Job, session: Session) -> None:
    try:
        with session.begin_nested():
            job.value = job.work(session)
    except Exception as exc:  # noqa: BLE001 - it is the caller's, in the caller's thread
        job.error = exc
