"""One SQL database: how it is opened, what a transaction is, and what its faults are called.

SQLite runs with a write-ahead log and takes its write lock when a transaction begins, so that two writers
queue instead of failing half way. PostgreSQL is reached through psycopg with bounded waits everywhere.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, Table, event, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from bot.domain.errors import Conflict, Denied, Malformed, NotFound, Refused, TagboatError, Unreachable

_LOCK_SECONDS = 5
_TURN_SECONDS = 10
_MOMENT_SECONDS = 0.01
_STATEMENT_SECONDS = 15
_WRITES = "tagboat_writes"
_GROUP = 500
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_POSTGRESQL: dict[str, Any] = {
    "connect_timeout": 5,
    "application_name": "tagboat",
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "options": f"-c statement_timeout={_STATEMENT_SECONDS}s -c lock_timeout={_LOCK_SECONDS}s",
}
_FORMS = "use sqlite:////absolute/path, sqlite:///relative/path or postgresql://user:password@host/database"

# What the databases say, and what it means. The first fragment that is found decides.
_SAYINGS: tuple[tuple[str, type[TagboatError], str, str], ...] = (
    ("database is locked", Unreachable, "another process holds its write lock", "wait, or stop that process"),
    ("deadlock detected", Conflict, "another transaction stood in its way", "try again"),
    ("could not serialize", Conflict, "another transaction stood in its way", "try again"),
    ("lock timeout", Unreachable, "another transaction holds a lock for long", "wait, or end it"),
    ("statement timeout", Unreachable, "a statement took too long", "look at the load of the database"),
    ("disk is full", Unreachable, "the disk is full", "free space on the disk of the database"),
    ("No space left", Unreachable, "the disk is full", "free space on the disk of the database"),
    ("readonly database", Unreachable, "it is read-only", "give Tagboat's user the right to write it"),
    ("read-only transaction", Unreachable, "it is read-only", "name the primary server in the URL"),
    ("disk I/O error", Unreachable, "the disk reports an error", "look at the disk of the database"),
    ("unable to open database file", NotFound, "its file cannot be opened", "create the folder, writable"),
    ("not a database", Malformed, "the file is no SQLite database", "name another file, or move it away"),
    ("malformed", Malformed, "the file is damaged", "restore a backup"),
    ("authentication failed", Denied, "user or password is wrong", "correct them in the store's URL"),
    ("no password supplied", Denied, "it asks for a password", "put one into the store's URL"),
    ("pg_hba.conf", Denied, "it lets no such user in from here", "add a line to its pg_hba.conf"),
    (
        "permission denied",
        Denied,
        "the user lacks a right",
        "grant it the tables, or ownership of the schema",
    ),
    ("does not exist", NotFound, "database, user or table is not there", "create it, then start again"),
    ("no such table", NotFound, "a table is not there", "start Tagboat once more, so that it creates it"),
)


class Database:
    """A database by its URL; every transaction ends in a commit or in an error of ours.

    Raises:
        Refused: the URL has no form that is understood.
    """

    def __init__(self, url: str) -> None:
        parsed = _parse(url)
        self.name = _display(parsed)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.engine = _sqlite(parsed) if self.is_sqlite else _postgresql(parsed)
        self._turn = Lock()

    def __repr__(self) -> str:
        return f"Database({self.name})"

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that changes nothing."""
        return self._transaction(writes=False)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that changes something.

        SQLite has one of them at a time, and its own wait for the lock is neither fair nor prompt: the
        threads of this process queue here first.
        """
        if not self.is_sqlite:
            with self._transaction(writes=True) as connection:
                yield connection
            return
        if not self._turn.acquire(timeout=_TURN_SECONDS):
            raise Unreachable(f"{self.name} is busy", why="other threads wrote to it all the time")
        try:
            with self._transaction(writes=True) as connection:
                yield connection
        finally:
            self._turn.release()

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`, the same in both."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def add(self, connection: Connection, table: Table, row: Mapping[str, object]) -> bool:
        """Insert the row; False when one with the same key stands there already."""
        insert = self.insert(table).on_conflict_do_nothing().returning(literal(1))
        return connection.execute(insert, row).first() is not None

    def add_all(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
        """Insert those rows whose key does not stand there already."""
        if rows:
            connection.execute(self.insert(table).on_conflict_do_nothing(), rows)

    def close(self) -> None:
        """Close every connection that is not in use."""
        self.engine.dispose()

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        try:
            with (
                self.engine.connect().execution_options(**{_WRITES: writes}) as connection,
                connection.begin(),
            ):
                yield connection
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise _translated(self.name, error) from error


def groups(values: Iterable[str]) -> Iterator[Sequence[str]]:
    """The values, some at a time: a statement may hold only so many."""
    remaining = iter(values)
    while group := list(islice(remaining, _GROUP)):
        yield group


def _parse(text: str) -> URL:
    try:
        url = sqlalchemy.make_url(text)
    except (ArgumentError, ValueError):
        # `from None`: the cause may quote a part of the URL that holds the password.
        raise Refused("the store's URL cannot be understood", fix=_FORMS) from None
    if url.get_backend_name() == "sqlite":
        return url.set(drivername="sqlite+pysqlite")
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise Refused(f"the store's URL names the unknown database {url.get_backend_name()!r}", fix=_FORMS)
    if url.host and not _HOST.fullmatch(url.host):
        raise Refused(
            "the store's URL cannot be understood",
            why="its host is no host name",
            fix="percent-encode special characters in the password, @ as %40",
        )
    return url.set(drivername="postgresql+psycopg")


def _display(url: URL) -> str:
    """The database in words that hold no secret: not the user, not the query."""
    if url.get_backend_name() == "sqlite":
        return f"SQLite {url.database or 'in memory'}"
    host = url.host or url.query.get("host") or "local socket"
    return f"PostgreSQL {host}/{url.database or ''}"


def _sqlite(url: URL) -> Engine:
    is_memory = url.database in {None, "", ":memory:"}
    if not is_memory and not Path(str(url.database)).absolute().parent.is_dir():
        raise NotFound(
            f"cannot open the store {_display(url)}",
            why="its folder is not there",
            fix="create the folder, or correct the path",
        )
    # A database in memory lives as long as its only connection: threads take turns on it.
    size = {"pool_size": 1, "max_overflow": 0} if is_memory else {"pool_size": 4, "max_overflow": 60}
    engine = sqlalchemy.create_engine(
        url,
        poolclass=QueuePool,
        pool_timeout=_LOCK_SECONDS * 2,
        connect_args={"check_same_thread": False, "timeout": _LOCK_SECONDS},
        hide_parameters=True,
        **size,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: object) -> None:
    del record
    connection.isolation_level = None  # the driver begins nothing: `_begin_sqlite` does
    connection.execute(f"PRAGMA busy_timeout = {_LOCK_SECONDS * 1000}")
    _keep_a_log(connection)
    connection.execute("PRAGMA synchronous = NORMAL")


def _keep_a_log(connection: Any) -> None:
    """Switch a new database to its write-ahead log; another process may be doing so at this moment.

    SQLite does not wait for that one: it says at once that the database is locked.
    """
    if connection.execute("PRAGMA journal_mode").fetchone()[0] in {"wal", "memory"}:
        return
    end = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= end:
                raise
            time.sleep(_MOMENT_SECONDS)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(url: URL) -> Engine:
    defaults = {name: value for name, value in _POSTGRESQL.items() if name not in url.query}
    return sqlalchemy.create_engine(
        url,
        pool_size=5,
        max_overflow=20,
        pool_timeout=10,
        pool_pre_ping=True,
        connect_args=defaults,
        hide_parameters=True,
    )


def _translated(name: str, error: Exception) -> TagboatError:
    text = str(error.orig if isinstance(error, DBAPIError) else error)
    if isinstance(error, PoolTimeout):
        return Unreachable(f"no connection to {name} is free", why="all are in use", fix="run fewer threads")
    if isinstance(error, IntegrityError):
        return Conflict(f"{name} refused a row", why="another one with the same key came first")
    for fragment, kind, reason, fix in _SAYINGS:
        if fragment in text:
            return kind(f"{name} cannot be used", why=reason, fix=fix)
    why = _first_line(text)
    if isinstance(error, DBAPIError) and _is_outage(error):
        return Unreachable(f"{name} does not answer", why=why, fix="start it, or correct the URL")
    return Refused(f"{name} refused a statement", why=why, fix="report this as a bug of Tagboat")


def _is_outage(error: DBAPIError) -> bool:
    return error.connection_invalidated or isinstance(
        error, sqlalchemy.exc.OperationalError | sqlalchemy.exc.InterfaceError | sqlalchemy.exc.InternalError
    )


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:200]
