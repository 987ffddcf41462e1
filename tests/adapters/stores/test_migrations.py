"""The tables are made and changed by migrations alone, by many processes at once, and never backwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from bot.adapters.stores import migrations
from bot.adapters.stores.database import Database
from bot.adapters.stores.migrations import migrate
from bot.adapters.stores.schema import metadata
from bot.adapters.stores.sql import SqlStore
from tests.kit.stores import NOW, SHARED, bare_url_of

_START = """
import sys
from bot.adapters.stores.sql import SqlStore
sys.stdin.readline()
store = SqlStore(sys.argv[1])
print(store.revision())
store.close()
"""


@pytest.fixture(params=SHARED)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return bare_url_of(request.param, request, tmp_path)


def test_migrations_lead_to_the_schema(url: str) -> None:
    database = Database(url)
    migrate(database)
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        indexes = inspect(connection).get_indexes("pull_requests")
    database.close()
    assert [(index["name"], index["unique"]) for index in indexes] == [("pull_requests_one_open", True)]


def test_the_newest_revision_is_the_one_that_alembic_leads_to() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_heads() == [migrations._NEWEST]


def test_a_database_that_is_up_to_date_is_not_written_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(url)
    migrate(database)
    monkeypatch.setattr(database, "writing", lambda: pytest.fail("it was written to"))
    migrate(database)
    database.close()


def test_migrating_twice_changes_nothing(url: str) -> None:
    store = SqlStore(url)
    store.wake(["web"], now=NOW)
    store.close()
    again = SqlStore(url)
    assert again.load("web").environments == {}
    again.close()


def test_tables_of_a_newer_release_are_left_alone(url: str) -> None:
    """A release that is rolled back meets the tables of the one after it."""
    database = Database(url)
    migrate(database)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("ALTER TABLE pipelines ADD COLUMN from_the_future TEXT"))
    store = SqlStore(url)
    store.wake(["web"], now=NOW)
    store.close()
    with database.reading() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
    database.close()


def test_many_processes_start_at_once(url: str) -> None:
    starting = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", _START, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in starting:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60) for process in starting]
    assert answers == [("0\n", "")] * 3
