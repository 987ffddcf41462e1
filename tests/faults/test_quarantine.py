"""A pipeline that breaks Tagboat itself is shown, logged and left alone for a while; the others go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
import structlog

from bot.adapters.stores.sql import SqlStore
from bot.domain.errors import Denied
from bot.domain.pipeline import Repository
from bot.domain.status import EnvironmentStatus, State
from bot.flow.outcome import BROKEN_AGAIN
from tests.faults.bench import FaultBench
from tests.faults.mortal import LostAnswer, mortal
from tests.flow.worlds import environment, values

SECRET = "canary-in-an-exception"
POISON = "poison"

Logs = Sequence[Mapping[str, Any]]


class _Broken:
    """A port that fails in a way that nobody foresaw, until it is mended."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error
        self.calls = 0

    def __getattr__(self, method: str) -> Any:
        return self._fail

    def _fail(self, *arguments: object, **named: object) -> Any:
        self.calls += 1
        if self.error:
            raise self.error
        return None


@pytest.fixture
def logs() -> Iterator[Logs]:
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest.fixture
def bench(logs: Logs) -> FaultBench:
    return FaultBench()


def _poisoned(bench: FaultBench, broken: object, **changes: Any) -> None:
    """Add a pipeline of a forge of its own, which breaks."""
    pipeline = replace(bench.pipeline, name=POISON, repository=Repository("broken", "acme/other"), **changes)
    forges: Any = {**bench.world.forges, "broken": broken}
    bench.world = replace(bench.world, pipelines={POISON: pipeline, **bench.world.pipelines}, forges=forges)


@pytest.mark.parametrize(
    "error",
    [KeyError(SECRET), ValueError(SECRET), RecursionError(), TimeoutError(SECRET), AssertionError(SECRET)],
    ids=lambda error: type(error).__name__,
)
def test_an_unforeseen_error_is_shown_logged_and_told_once_and_others_go_on(
    bench: FaultBench, logs: Logs, error: Exception
) -> None:
    broken = _Broken(error)
    _poisoned(bench, broken)
    start = bench.clock.now()
    bench.play()
    bench.assert_one_release_went_through()
    while bench.clock.now() < start + 2 * BROKEN_AGAIN:
        bench.turn()
        bench.clock.pass_by(timedelta(seconds=2))
    shown = bench.shown(POISON)
    assert shown.problem.startswith(f"a fault of Tagboat itself: {type(error).__name__} (the log shows where")
    assert SECRET not in f"{shown} {bench.told()}"
    met = [entry for entry in logs if entry["event"] == "pipeline_broke"]
    assert 2 <= len(met) <= 3, "no crash loop: one look each five minutes"
    assert {(entry["log_level"], entry["exc_info"]) for entry in met} == {("error", True)}, (
        "with its traceback"
    )
    told = [each.text for each in bench.told() if each.pipeline == POISON]
    assert told == [f"every environment is blocked: {shown.problem}"]


def test_its_lease_is_given_back_and_an_event_looks_at_once(bench: FaultBench) -> None:
    broken = _Broken(KeyError("tags"))
    _poisoned(bench, broken)
    bench.turn()
    calls = broken.calls
    bench.turn()
    assert broken.calls == calls
    lease = bench.kept.lease(POISON, owner="me", now=bench.clock.now(), ttl=timedelta(minutes=1))
    assert lease is not None
    bench.kept.release(lease)
    bench.kept.wake([POISON], now=bench.clock.now())
    bench.turn()
    assert broken.calls > calls


def test_once_it_is_mended_the_problem_goes_away_by_itself(bench: FaultBench) -> None:
    _poisoned(bench, _Broken(KeyError("tags")))
    bench.turn()
    assert bench.shown(POISON).problem
    forges: Any = {**bench.world.forges, "broken": bench.world.forges["forge"]}
    pipelines = {POISON: replace(bench.pipeline, name=POISON)}
    bench.world = replace(bench.world, forges=forges, pipelines={**bench.world.pipelines, **pipelines})
    bench.clock.pass_by(BROKEN_AGAIN)
    bench.turn()
    assert not bench.shown(POISON).problem


def test_a_fault_in_the_decision_is_met_in_the_same_way(bench: FaultBench) -> None:
    environments = (environment("dev", after=("ghost",)),)
    pipeline = replace(bench.pipeline, name=POISON, environments=environments)
    bench.world = replace(bench.world, pipelines={POISON: pipeline, **bench.world.pipelines})
    bench.play()
    assert "a fault of Tagboat itself: KeyError" in bench.shown(POISON).problem
    bench.assert_one_release_went_through()


class _Bug(LostAnswer):
    """After the nth call there is an error that nobody foresaw."""

    def after(self, port: str, method: str) -> None:
        if self.counts(port, method):
            raise KeyError(method)


@pytest.mark.parametrize("port", ["registry", "forge", "deployments"])
def test_a_fault_that_passes_leaves_one_release(logs: Logs, port: str) -> None:
    for nth in range(1, 40, 3):
        bench, fate = FaultBench(), _Bug(nth, port)
        bench.world = mortal(bench.world, fate)
        bench.play()
        bench.assert_one_release_went_through()


def test_a_memory_that_cannot_be_read_is_shown_and_kept(tmp_path: Path, logs: Logs) -> None:
    url = f"sqlite:///{tmp_path}/tagboat.db"
    bench = FaultBench(SqlStore(url))
    record = _sql(url, "SELECT record FROM pipelines WHERE name = 'shop'")
    _sql(url, """UPDATE pipelines SET record = '{"environments": 7}' WHERE name = 'shop'""")
    bench.kept.wake(["shop"], now=bench.clock.now())
    bench.turn()
    shown = bench.shown()
    assert "a stored Record cannot be read" in shown.problem
    assert [each.state for each in shown.environments] == [State.LIVE, State.LIVE], "what was seen last"
    assert _sql(url, "SELECT record FROM pipelines WHERE name = 'shop'") == '{"environments": 7}'
    _sql(url, "UPDATE pipelines SET record = :record WHERE name = 'shop'", record=record)
    bench.play()
    bench.assert_one_release_went_through()
    assert isinstance(bench.kept, SqlStore)
    bench.kept.close()


def test_an_environment_that_always_fails_keeps_no_other_from_going_on(bench: FaultBench) -> None:
    denied = Denied("the bot may not write tagboat/shop/prod", why="protected", fix="allow it")
    forge: Any = _Refusing(bench.forge, denied)
    bench.world = replace(bench.world, forges={"forge": forge})
    for tag in ("1.1.0", "1.2.0"):
        bench.push(tag)
        bench.until(lambda: _is_live(bench.status_of("dev"), tag))  # noqa: B023 - it is called at once
        assert bench.file("dev") == values(tag)
    assert bench.status_of("prod").state is State.BLOCKED
    assert bench.status_of("prod").reason == str(denied)
    bench.turn()
    told = [each.text for each in bench.told() if each.environment == "prod"]
    assert told == [f"prod is blocked: {denied}"], "a human is called, once"


def _is_live(status: EnvironmentStatus, tag: str) -> bool:
    return status.state is State.LIVE and status.running == {"web": tag}


class _Refusing:
    """A forge that takes no branch for prod."""

    def __init__(self, forge: object, error: Exception) -> None:
        self._forge, self._error = forge, error

    def __getattr__(self, method: str) -> Any:
        return getattr(self._forge, method)

    def write(self, repository: str, proposal: Any, **where: Any) -> str:
        if proposal.branch.endswith("/prod"):
            raise self._error
        written: str = self._forge.write(repository, proposal, **where)  # type: ignore[attr-defined]
        return written


def _sql(url: str, statement: str, **values: object) -> object:
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        result = connection.execute(sqlalchemy.text(statement), values)
        found = result.scalar() if result.returns_rows else None
    engine.dispose()
    return found
