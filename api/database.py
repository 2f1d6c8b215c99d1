"""The one door to the database engine: a SQLite file that several processes of one box read and write at once.

Everything that is SQLite's own stands here; the rest of `api/` speaks SQLAlchemy, so that PostgreSQL can follow.
Write-ahead logging lets readers go on while one writes; `synchronous=FULL` makes a commit survive a power cut
(https://www.sqlite.org/pragma.html#pragma_synchronous). Never put the file on a network disk.
"""

import contextlib
import fcntl
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_S = 15.0
"""How long a writer waits for another process's transaction before it gives up."""


class StoreUnusable(Exception):
    """The database file cannot serve this program; the text says why and what to do."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"the database {path} cannot be used: {why}")
        self.path = path


class Database:
    """Transactions on one database file, brought to the newest schema when it is opened.

    Args:
        path: the file; it and its folder are made when missing.

    Raises:
        StoreUnusable: the file is no database, cannot be written, or a newer version of the program made it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = _engine(path)
        self._writer = self._engine.execution_options(writing=True)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _migrate(path, self._writer)
        except (CommandError, OSError, sqlite3.Error) as exc:
            self.close()
            raise StoreUnusable(path, _advice(exc)) from exc
        except Exception as exc:
            self.close()
            original = getattr(exc, "orig", None)
            if isinstance(original, sqlite3.Error):
                raise StoreUnusable(path, _advice(original)) from exc
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent view of the data; nothing is written."""
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: committed whole when the block ends, or not at all when it raises."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def ping(self) -> None:
        """Read one row; raises what the engine raises when the database does not answer."""
        with self._engine.connect() as connection:
            connection.execute(text("SELECT 1")).one()

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()


def _engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        connect_args={"timeout": BUSY_TIMEOUT_S},
        pool_size=16,
        max_overflow=48,  # a server thread each; connections beyond the pool are closed after use
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: ConnectionPoolEntry) -> None:
        # The driver would begin transactions by itself, and too late; `begin` below does it.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE takes the write lock at once and waits for it: a transaction that reads first and locks
        # later fails without waiting when another process wrote in between.
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _migrate(path: Path, writer: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", "api:migrations")
    # Changing a new file to write-ahead logging does not wait for other processes, so they queue here.
    with path.with_name(path.name + ".opening").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        with writer.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _advice(exc: Exception) -> str:
    if isinstance(exc, CommandError):
        return f"a newer version of this program made it ({exc}); install that version, or restore a backup"
    if isinstance(exc, sqlite3.DatabaseError) and "not a database" in str(exc):
        return "the file is no SQLite database; move it away or restore a backup"
    if isinstance(exc, OSError):
        return f"{exc.strerror}; check that the folder exists and may be written by this user"
    return f"{exc}; check that the disk has space and the folder may be written by this user"
