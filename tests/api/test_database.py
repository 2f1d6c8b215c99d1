"""The database file: made, upgraded, shared and refused."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from api.database import Database, StoreUnusable
from api.store import FILE_NAME, Store
from api.tables import Base, TokenRow
from tests.api.values import NOW


def test_migrations_make_exactly_the_tables_the_program_uses(store: Store) -> None:
    engine = create_engine(f"sqlite:///{store.folder / FILE_NAME}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)
        tables = set(engine.dialect.get_table_names(connection))
    engine.dispose()
    assert differences == []
    assert {"incidents", "packets", "outbox", "cases", "case_events", "tokens"} <= tables


def test_commits_survive_a_power_cut_by_setting(store: Store) -> None:
    with store.database.reading() as session:
        connection = session.connection()
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_block_that_raises_writes_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.database.writing() as session:
        session.add(TokenRow(name="a", sha256="0" * 64, scope="box", created=NOW))
        session.flush()
        raise RuntimeError("killed here")
    assert store.token_named("a") is None


def test_opening_again_keeps_what_was_there(tmp_path: Path) -> None:
    first = Store(tmp_path)
    with first.database.writing() as session:
        session.add(TokenRow(name="a", sha256="0" * 64, scope="box", created=NOW))
    first.close()
    second = Store(tmp_path)
    assert second.token_named("a") is not None
    second.close()


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    Store(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnusable, match="newer version"):
        Store(tmp_path)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"holiday pictures, not a database" * 100)
    with pytest.raises(StoreUnusable, match="no SQLite database"):
        Store(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(StoreUnusable, match="check that the folder"):
        Store(tmp_path / "data")


@pytest.mark.parametrize("name", ["plain", "with space", "per%20cent?and#more", "数据"])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    Store(tmp_path / name).close()
    assert (tmp_path / name / FILE_NAME).is_file()


def test_processes_that_open_a_new_store_together_all_get_it(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from api.store import Store; Store(Path(sys.argv[1])).close()"
    starters = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path)]) for _ in range(3)]
    assert [s.wait(60) for s in starters] == [0, 0, 0]


WRITER = """
import sys
from pathlib import Path
from sqlalchemy import select
from api.database import Database
from api.tables import CounterRow

database = Database(Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    with database.writing() as session:
        row = session.scalar(select(CounterRow).where(CounterRow.name == "shared"))
        if row is None:
            row = CounterRow(name="shared", value=0)
            session.add(row)
        row.value += 1
database.close()
"""


def test_two_writing_processes_lose_no_update(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), "150"]) for _ in range(2)]
    assert [w.wait(60) for w in writers] == [0, 0]
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT value FROM counters WHERE name = 'shared'").fetchone() == (300,)


def test_readers_go_on_while_somebody_writes(tmp_path: Path) -> None:
    database = Database(tmp_path / FILE_NAME)
    seen = threading.Event()
    with database.writing() as session:
        session.add(TokenRow(name="a", sha256="0" * 64, scope="box", created=NOW))
        session.flush()

        def read() -> None:
            database.ping()
            with database.reading() as other:
                assert other.get(TokenRow, "a") is None
            seen.set()

        reader = threading.Thread(target=read)
        reader.start()
        reader.join(10)
    assert seen.is_set()
    database.close()
