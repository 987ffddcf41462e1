"""The database is locked by somebody else, or the answer to a COMMIT is lost: nothing is done twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy
import structlog

from bot.adapters.stores import database
from bot.adapters.stores.sql import SqlStore
from bot.domain.errors import Transient, Unreachable
from bot.domain.fact import ImagePushed
from bot.flow.receive import receive
from bot.flow.reconcile import reconcile
from bot.flow.sweep import sweep
from bot.ports import Delivery
from tests.faults.bench import EVERY, FaultBench
from tests.flow.worlds import WEB, values


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultBench]:
    monkeypatch.setattr(database, "_LOCK_SECONDS", 0)
    store = SqlStore(f"sqlite:///{tmp_path}/tagboat.db")
    with structlog.testing.capture_logs():
        yield FaultBench(store)
    store.close()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Another process writes to the database, and takes its time."""
    other = sqlite3.connect(folder / "tagboat.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_a_push_is_not_taken_while_the_database_is_locked_and_is_heard_later(
    bench: FaultBench, tmp_path: Path
) -> None:
    fact = ImagePushed(image=WEB, tag="1.1.0", digest=bench.registry.push(WEB, "1.1.0"))
    delivery = Delivery("registry", "1")
    with (
        _locked(tmp_path),
        pytest.raises(Unreachable, match=r"SQLite .*tagboat\.db cannot be used: .* \(wait"),
    ):
        receive(bench.world, delivery, [fact], forge=None)
    assert receive(bench.world, delivery, [fact], forge=None) == ["shop"]
    bench.finish()
    bench.assert_one_release_went_through()


def test_a_locked_database_stops_work_with_a_sentence_and_loses_none(
    bench: FaultBench, tmp_path: Path
) -> None:
    bench.push("1.1.0")
    with _locked(tmp_path):
        for step in (lambda: sweep(bench.world, every=EVERY), lambda: reconcile(bench.world, "shop")):
            with pytest.raises(Transient, match="another process holds its write lock"):
                step()
        bench.turn()
        assert bench.file("dev") == values("1.0.0")
    bench.finish()
    bench.assert_one_release_went_through()


@pytest.mark.parametrize("nth", range(1, 40, 3))
def test_a_commit_whose_answer_is_lost_is_not_made_twice(bench: FaultBench, nth: int) -> None:
    with _losing_commit(bench, nth) as lost:
        bench.play()
    assert lost == [nth]
    bench.assert_one_release_went_through()


@contextmanager
def _losing_commit(bench: FaultBench, nth: int) -> Iterator[list[int]]:
    """Let the nth COMMIT be made, and its answer be lost."""
    assert isinstance(bench.kept, SqlStore)
    engine = bench.kept._database.engine
    count, lost = iter(range(1, 1_000_000)), list[int]()

    def lose(connection: sqlalchemy.Connection) -> None:
        if not connection.get_execution_options().get(database._WRITES) or next(count) != nth:
            return
        lost.append(nth)
        connection.connection.commit()
        raise sqlite3.OperationalError("disk I/O error")

    sqlalchemy.event.listen(engine, "commit", lose)
    yield lost
    sqlalchemy.event.remove(engine, "commit", lose)
