"""Stores to run one suite over, and values to put into them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bot.adapters.stores.catalog import SqlCatalog
from bot.adapters.stores.memory import MemoryStore
from bot.adapters.stores.memory_budget import MemoryBudget
from bot.adapters.stores.memory_catalog import MemoryCatalog
from bot.adapters.stores.schema import metadata
from bot.adapters.stores.sql import SqlStore
from bot.domain.notice import Event, Link, Notice
from bot.domain.record import Record
from bot.domain.status import EnvironmentStatus, PipelineStatus, State
from bot.ports import Budget, Catalog, Lease, Outcome
from tests.kit.postgres import connected, database_url

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

AnyStore = MemoryStore | SqlStore

KINDS = ["memory", "sqlite", "sqlite-in-memory", pytest.param("postgres", marks=pytest.mark.servers)]
"""Every store there is, as parameters."""

SHARED = ["sqlite", pytest.param("postgres", marks=pytest.mark.servers)]
"""Those that several processes can share."""


def bare_url_of(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """The URL of a database of this kind without any table."""
    if kind == "postgres":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return "sqlite://" if kind == "sqlite-in-memory" else f"sqlite:///{folder}/tagboat.db"


def url_of(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """The URL of an empty database of this kind; where it outlives its connections, it has its tables."""
    if kind == "postgres":
        url: str = request.getfixturevalue("postgres_tables_url")
        return url
    if kind == "sqlite":
        (folder / "tagboat.db").write_bytes(sqlite_tables())
    return bare_url_of(kind, request, folder)


@cache
def sqlite_tables() -> bytes:
    """The file of an empty store: to make its tables costs more than most tests."""
    with TemporaryDirectory(prefix="sqlite-") as folder:
        SqlStore(f"sqlite:///{folder}/tagboat.db").close()
        return (Path(folder) / "tagboat.db").read_bytes()


@pytest.fixture(scope="session")
def _postgres_tables(postgres_server: str) -> str:
    """The URL of a database that has its tables."""
    url = database_url(postgres_server, "tables")
    with connected(database_url(postgres_server, "postgres")) as connection:
        connection.execute("CREATE DATABASE tables")
    SqlStore(url).close()
    return url


@pytest.fixture
def postgres_tables_url(_postgres_tables: str) -> Iterator[str]:
    """The URL of a database with empty tables, for one test at a time: to make them costs more than most."""
    yield _postgres_tables
    with connected(_postgres_tables) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute(
            "; ".join(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables))
        )


@contextmanager
def opened(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[AnyStore]:
    """An empty store of this kind."""
    if kind == "memory":
        yield MemoryStore()
        return
    store = SqlStore(url_of(kind, request, folder))
    yield store
    store.close()


@contextmanager
def opened_catalogs(
    kind: str, request: pytest.FixtureRequest, folder: Path
) -> Iterator[tuple[Catalog, Catalog]]:
    """One empty catalog as two processes have it: what one has at hand, the other has not."""
    if kind == "memory":
        catalog = MemoryCatalog()
        yield catalog, catalog
        return
    with opened(kind, request, folder) as store:
        assert isinstance(store, SqlStore)
        yield store.catalog, SqlCatalog(store._database)


@contextmanager
def opened_budget(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Budget]:
    """A budget of this kind, of which nothing was spent."""
    if kind == "memory":
        yield MemoryBudget()
        return
    with opened(kind, request, folder) as store:
        assert isinstance(store, SqlStore)
        yield store.budget


def notice(key: str, *, thread: str = "web/1", text: str = "it happened", pipeline: str = "web") -> Notice:
    """A notice by its key and thread; the rest is the same for all."""
    return Notice(
        key=key,
        thread=thread,
        pipeline=pipeline,
        environment="dev",
        event=Event.OPENED,
        text=text,
        headline=f"web: {key}",
        link=Link("#1", "https://git.example.com/acme/infra/pulls/1"),
    )


def status(name: str = "web", *, reason: str = "", looked_at: datetime | None = NOW) -> PipelineStatus:
    """What people are shown of one pipeline."""
    environment = EnvironmentStatus("dev", State.LIVE, reason, running={"web": "1.4.2"}, live_since=NOW)
    return PipelineStatus(name, "github:acme/infra", (environment,), looked_at=looked_at)


def outcome(*notices: Notice, name: str = "web", wake_at: datetime | None = None) -> Outcome:
    """What a reconcile with an empty memory leaves behind."""
    return Outcome(Record(), status(name), notices, wake_at)


def take(store: AnyStore, pipeline: str = "web", *, owner: str = "one", now: datetime = NOW) -> Lease:
    """A lease of a pipeline that nobody holds."""
    lease = store.lease(pipeline, owner=owner, now=now, ttl=MINUTE)
    assert lease is not None
    return lease


def told(
    store: AnyStore, *notices: Notice, notifiers: Sequence[str] = ("slack",), now: datetime = NOW
) -> int:
    """Put notices into the outbox, as a reconcile does; return how many were new."""
    lease = take(store, now=now)
    count = store.save(lease, outcome(*notices), notifiers=notifiers, now=now)
    store.release(lease)
    return count
