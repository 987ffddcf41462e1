"""A database that cannot be used says what, why and what to do, and never shows a password."""

from __future__ import annotations

import re
import sqlite3
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, text

from bot.adapters.stores import database as module
from bot.adapters.stores.database import Database
from bot.adapters.stores.sql import SqlStore
from bot.domain.errors import Conflict, Denied, Malformed, NotFound, Refused, Transient, Unreachable
from bot.ports import Delivery
from tests.kit.postgres import PASSWORD
from tests.kit.stores import NOW, notice, outcome, take
from tests.kit.workers import together

_SECRET = "s3cr3t-canary"


@pytest.mark.parametrize(
    "url",
    [
        f"nonsense {_SECRET}",
        f"postgresql://tagboat:{_SECRET}@x@db.example.com/tagboat",
        f"postgresql://tagboat:{_SECRET}@db.example.com:port/tagboat",
        f"mysql://tagboat:{_SECRET}@db.example.com/tagboat",
        f"postgresql://tagboat:@{_SECRET}@[::1]:5432/tagboat",
        "",
    ],
    ids=["no URL", "at in the password", "port", "another database", "at and IPv6", "empty"],
)
def test_a_url_that_cannot_be_understood_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(Refused) as caught:
        Database(url)
    assert caught.value.fix
    assert _SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite://", "SQLite in memory"),
        ("sqlite:///tagboat.db", "SQLite tagboat.db"),
        ("sqlite:////tmp/tagboat.db", "SQLite /tmp/tagboat.db"),
        (f"postgresql://u:{_SECRET}@db.example.com:6432/tagboat", "PostgreSQL db.example.com/tagboat"),
        (f"postgres://u:{_SECRET}@db.example.com/tagboat", "PostgreSQL db.example.com/tagboat"),
        (f"postgresql+psycopg://u:{_SECRET}@[::1]/tagboat", "PostgreSQL ::1/tagboat"),
        ("postgresql:///tagboat?host=/run/postgresql", "PostgreSQL /run/postgresql/tagboat"),
    ],
)
def test_a_database_is_named_without_its_secrets(url: str, name: str) -> None:
    database = Database(url)
    assert repr(database) == f"Database({name})"
    assert _SECRET not in repr(vars(database))


def test_sqlite_keeps_a_write_ahead_log(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/tagboat.db")
    names = ("journal_mode", "synchronous", "busy_timeout")
    with database.reading() as connection:
        settings = {name: connection.scalar(text(f"PRAGMA {name}")) for name in names}
    database.close()
    assert settings == {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 5000}


def test_a_new_database_that_another_process_is_preparing_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite itself does not wait where the log is switched on, and calls the database locked."""
    other = sqlite3.connect(tmp_path / "tagboat.db", isolation_level=None)
    other.execute("CREATE TABLE prepared (number)")
    other.execute("BEGIN IMMEDIATE")
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        other.execute("COMMIT")

    monkeypatch.setattr("bot.adapters.stores.database.time.sleep", wait)
    SqlStore(f"sqlite:///{tmp_path}/tagboat.db").close()
    other.close()
    assert len(waits) == 1


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nowhere/tagboat.db: its folder is not there \(create the folder"):
        SqlStore(f"sqlite:///{tmp_path}/nowhere/tagboat.db")


def test_a_folder_in_place_of_the_file_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="its file cannot be opened"):
        SqlStore(f"sqlite:///{tmp_path}")


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "tagboat.db"
    file.write_text("precious " * 1000)
    with pytest.raises(Malformed, match="the file is no SQLite database"):
        SqlStore(f"sqlite:///{file}")
    assert file.read_text() == "precious " * 1000


def test_a_locked_database_is_unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOCK_SECONDS", 0)
    store = SqlStore(f"sqlite:///{tmp_path}/tagboat.db")
    other = sqlite3.connect(tmp_path / "tagboat.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unreachable, match="another process holds its write lock"):
        store.receive(Delivery("github", "1"), pipelines=["web"], now=NOW)
    assert store.revision() == 0
    other.close()
    assert store.receive(Delivery("github", "1"), pipelines=["web"], now=NOW)
    store.close()


def test_a_full_disk_is_unreachable_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/tagboat.db")
    database = store._database
    with database.reading() as connection:
        pages = connection.scalar(text("PRAGMA page_count"))
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    facts = ({"text": "x" * 100_000},)
    with pytest.raises(Unreachable, match=r"the disk is full \(free space"):
        store.receive(Delivery("github", "1", facts), pipelines=["web"], now=NOW)
    with database.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM deliveries")) == 0
        connection.execute(text("PRAGMA max_page_count = 100000"))
    assert store.receive(Delivery("github", "1", facts), pipelines=["web"], now=NOW)
    store.close()


def test_threads_share_a_database_in_memory() -> None:
    store = SqlStore("sqlite://")
    threads = [
        threading.Thread(target=store.receive, args=(Delivery("s", f"{number}"),), kwargs=_KEYWORDS)
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert take(store).seen_wake == 8
    store.close()


_KEYWORDS = {"pipelines": ["web"], "now": NOW}


def test_a_status_that_cannot_be_read_is_shown_as_a_problem_of_its_own(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/tagboat.db")
    for name in ("api", "web"):
        store.save(take(store, name), outcome(name=name), notifiers=[], now=NOW)
    _execute(store, "UPDATE pipelines SET status = '{', record = '[' WHERE name = 'api'")
    assert [(found.name, bool(found.problem)) for found in store.board()] == [("api", True), ("web", False)]
    with pytest.raises(Malformed, match="a stored Record cannot be read"):
        store.load("api")
    store.close()


def test_a_notice_that_cannot_be_read_holds_only_its_own_thread(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/tagboat.db")
    notices = [notice("a", thread="web/1"), notice("b", thread="web/1"), notice("c", thread="web/2")]
    store.save(take(store), outcome(*notices), notifiers=["slack"], now=NOW)
    _execute(store, "UPDATE notices SET notice = '{}' WHERE key = 'a'")
    assert [pending.notice.key for pending in store.outbox(now=NOW, limit=10)] == ["c"]
    store.close()


@pytest.mark.servers
def test_a_wrong_password_is_denied(postgres_url: str) -> None:
    with pytest.raises(Denied, match="user or password is wrong") as caught:
        SqlStore(postgres_url.replace(PASSWORD, _SECRET))
    assert _SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.servers
def test_a_missing_database_is_named(postgres_url: str) -> None:
    with pytest.raises(NotFound, match=r"/absent cannot be used: database, .* is not there") as caught:
        SqlStore(re.sub(r"/test_[0-9a-f]+", "/absent", postgres_url))
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_a_server_that_does_not_answer_is_unreachable() -> None:
    with pytest.raises(Unreachable, match=r"PostgreSQL 127.0.0.1/tagboat does not answer") as caught:
        SqlStore(f"postgresql://tagboat:{_SECRET}@127.0.0.1:1/tagboat")
    assert _SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.servers
def test_a_connection_that_was_cut_is_replaced(postgres_url: str) -> None:
    store = SqlStore(postgres_url)
    store.wake(["web"], now=NOW)
    _cut(postgres_url)
    store.wake(["web"], now=NOW)
    assert take(store).seen_wake == 2
    store.close()


@pytest.mark.servers
def test_a_connection_that_is_cut_in_a_transaction_is_unreachable(postgres_url: str) -> None:
    database = Database(postgres_url)

    def cut_between_two_statements() -> None:
        with database.writing() as connection:
            connection.execute(text("SELECT 1"))
            _cut(postgres_url)
            connection.execute(text("SELECT 1"))

    with pytest.raises(Unreachable):
        cut_between_two_statements()
    database.close()


@pytest.mark.servers
def test_a_statement_of_ours_that_is_wrong_is_refused_without_its_values(postgres_url: str) -> None:
    database = Database(postgres_url)
    value = {"value": int("1234567")}
    with pytest.raises(Refused, match="refused a statement: division by zero") as caught:
        _scalar(database, "SELECT CAST(:value AS integer) / 0", value)
    database.close()
    assert str(value["value"]) not in "".join(traceback.format_exception(caught.value))


@pytest.mark.servers
def test_of_two_transactions_that_wait_for_each_other_one_may_try_again(postgres_url: str) -> None:
    databases = [Database(postgres_url) for _ in range(2)]
    _make_pair(databases[0])
    both_hold_one = threading.Barrier(2)

    def crosswise(database: Database, number: int) -> str:
        try:
            with database.writing() as connection:
                connection.execute(text("SET LOCAL deadlock_timeout = '10ms'"))
                _take(connection, number)
                both_hold_one.wait(30)
                _take(connection, 1 - number)
        except Conflict as error:
            return str(error)
        return "done"

    conflict, done = sorted(together(databases, crosswise))
    assert done == "done"
    assert "another transaction stood in its way (try again)" in conflict
    for database in databases:
        database.close()


@pytest.mark.servers
@pytest.mark.parametrize(
    ("setting", "expected", "reason"),
    [
        ("SET LOCAL lock_timeout = '10ms'", Unreachable, "another transaction holds a lock for long"),
        ("SET LOCAL statement_timeout = '10ms'", Unreachable, "a statement took too long"),
    ],
    ids=["lock", "statement"],
)
def test_a_transaction_that_waits_for_too_long_may_be_tried_again(
    postgres_url: str, setting: str, expected: type[Transient], reason: str
) -> None:
    database = Database(postgres_url)
    _make_pair(database)

    def wait() -> None:
        with database.writing() as connection:
            connection.execute(text(setting))
            _take(connection, 0)

    with database.writing() as connection:
        _take(connection, 0)
        with pytest.raises(expected, match=reason):
            wait()
    database.close()


@pytest.mark.servers
def test_a_transaction_that_read_what_changed_may_be_tried_again(postgres_url: str) -> None:
    database = Database(postgres_url)
    _make_pair(database)

    def overtaken() -> None:
        with database.writing() as connection:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            connection.scalar(text("SELECT count(*) FROM pair"))
            with database.writing() as other:
                _take(other, 0)
            _take(connection, 0)

    with pytest.raises(Conflict, match="another transaction stood in its way"):
        overtaken()
    database.close()


def _make_pair(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE pair AS SELECT generate_series(0, 1) AS number"))


def _take(connection: Connection, number: int) -> None:
    """Lock one row of the pair, as every change does."""
    connection.execute(text("UPDATE pair SET number = number WHERE number = :number"), {"number": number})


def _scalar(database: Database, statement: str, values: Mapping[str, object]) -> object:
    with database.writing() as connection:
        return connection.scalar(text(statement), values)


def _execute(store: SqlStore, statement: str) -> None:
    with store._database.writing() as connection:
        connection.execute(text(statement))


def _cut(url: str) -> None:
    """End every other connection to the database, as a restart of the server does."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
