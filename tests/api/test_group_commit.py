"""Writes that share a commit: each has its own fate."""

import threading

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.group_commit import GroupCommit
from api.store import Store
from api.tables import CaseEventRow, CounterRow
from tests.api.values import NOW


def test_one_that_fails_is_undone_alone_and_its_caller_is_told(store: Store) -> None:
    together, start = GroupCommit(store.database), threading.Barrier(24)
    told: dict[int, str] = {}

    def write(number: int) -> None:
        def work(session: Session) -> str:
            session.add(CounterRow(name=f"n-{number}", value=number))
            session.flush()
            if number % 3 == 0:
                raise ValueError(f"no {number}")
            return f"yes {number}"

        start.wait()
        try:
            told[number] = together.write(work)
        except ValueError as exc:
            told[number] = str(exc)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert told == {n: f"no {n}" if n % 3 == 0 else f"yes {n}" for n in range(24)}
    with store.database.reading() as session:
        there = set(session.scalars(select(CounterRow.value)))
    assert there == {n for n in range(24) if n % 3}


def test_when_the_whole_transaction_fails_everybody_hears_it(store: Store) -> None:
    together = GroupCommit(store.database)

    def breaks_the_commit(session: Session) -> int:
        session.execute(text("PRAGMA defer_foreign_keys = ON"))
        session.add(
            CaseEventRow(case_id="nobody", actor="", at=NOW, move="", reason="", version=1, role="", state="", data={})
        )
        return 1

    with pytest.raises(IntegrityError):
        together.write(breaks_the_commit)
    assert together.write(lambda session: session.scalar(select(func.count()).select_from(CaseEventRow))) == 0
