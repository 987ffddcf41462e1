"""What is waited for has a time: limits, growing pauses, long reading, and a registry's own poll interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from bot.domain.choosing.selection import SelectionPolicy, Strategy
from bot.domain.errors import Denied, Limited, TagboatError, Unreachable
from bot.domain.pipeline import Merge
from bot.domain.status import State
from bot.flow.reconcile import reconcile
from tests.flow.worlds import START, WEB, Bench, environment

POLL = timedelta(minutes=5)
DEV = (environment("dev", merge=Merge.AUTO),)


def wake_at(bench: Bench) -> datetime:
    """When dev is looked at again."""
    found = bench.status("dev").wake_at
    assert found is not None
    return found


def pauses(bench: Bench, count: int) -> Sequence[float]:
    """The seconds from each look to the next, as the board says."""
    found = []
    for _ in range(count):
        bench.settle()
        found.append((wake_at(bench) - bench.clock.now()).total_seconds())
        bench.clock.time = wake_at(bench)
    return found


def test_a_registry_that_asks_for_patience_sets_the_time_of_the_next_look() -> None:
    bench = Bench(DEV)
    bench.settle()
    bench.clock.pass_by(POLL)
    bench.registry.fail(Limited("registry.example:5000 is not asked now", retry_after=timedelta(minutes=20)))
    bench.settle()
    assert bench.status("dev").state is State.WAITING
    assert "is not asked now" in bench.status("dev").reason
    assert wake_at(bench) == bench.clock.now() + timedelta(minutes=20)


@pytest.mark.parametrize("error", [Unreachable("down"), Denied("no login")], ids=["down", "denied"])
def test_pauses_grow_while_a_fault_lasts_and_begin_anew_after_it(error: TagboatError) -> None:
    bench = Bench(DEV)
    bench.settle()
    bench.clock.pass_by(POLL)
    for _ in range(2):
        bench.registry.fail(error)
        assert pauses(bench, 7) == [15, 15, 30, 60, 120, 240, 300]
        bench.registry.recover()
        bench.settle()
        assert bench.status("dev").wake_at is None
        bench.clock.pass_by(POLL)


def test_they_grow_where_nothing_at_all_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(DEV)
    bench.settle()
    looked: list[datetime] = []

    def head(repository: str, branch: str) -> str | None:
        looked.append(bench.clock.now())
        raise Unreachable("the forge is down")

    monkeypatch.setattr(bench.forge, "head", head)
    bench.look()
    for _ in range(600):
        bench.clock.pass_by(timedelta(seconds=1))
        bench.settle()
    between = [(later - earlier).total_seconds() for earlier, later in pairwise(looked)]
    assert between == [15, 15, 30, 60, 120, 240]
    monkeypatch.undo()
    bench.look()
    assert bench.store.load("shop").fault_since is None


def test_long_reading_shows_how_far_it_is_and_gives_the_lease_back() -> None:
    builds = SelectionPolicy(Strategy.NEWEST_BUILD, allow_tags="regexp:^b")
    bench = Bench(DEV, policy=builds)
    for number in range(150):
        bench.registry.push_silently(WEB, f"b{number}", created=START + timedelta(minutes=number))
    bench.registry.takes(timedelta(seconds=1), bench.clock)
    shown = []
    bench.store.wake(["shop"], now=bench.clock.now())
    bench.queue.reconcile("shop")
    while bench.queue.pipelines:
        assert reconcile(bench.world, bench.queue.pipelines.popleft())
        shown.append(bench.status("dev").reason)
        lease = bench.store.lease("shop", owner="another", now=bench.clock.now(), ttl=timedelta(seconds=1))
        assert lease is not None, "the lease is free between two parts"
        bench.store.release(lease)
    assert [each.partition("acme/web: ")[2] for each in shown[:2]] == [
        "reading 64 of 151 tags",
        "reading 128 of 151 tags",
    ]
    assert bench.status("dev").running == {"web": "b149"}


def test_a_registry_with_a_poll_interval_of_its_own_is_looked_at_by_then() -> None:
    bench = Bench(DEV)
    bench.world = replace(bench.world, polls={WEB.registry: timedelta(minutes=1)})
    bench.settle()
    bench.registry.push_silently(WEB, "1.1.0", content="new")
    bench.clock.pass_by(timedelta(seconds=59))
    bench.settle()
    assert bench.status("dev").running == {"web": "1.0.0"}
    bench.clock.pass_by(timedelta(seconds=1))
    bench.settle()
    assert bench.status("dev").running == {"web": "1.1.0"}


def test_a_tag_that_is_too_young_is_taken_when_its_time_has_come() -> None:
    bench = Bench(DEV, policy=SelectionPolicy(min_age=timedelta(hours=2)))
    bench.settle()
    bench.clock.pass_by(timedelta(days=1))
    bench.registry.push(WEB, "1.1.0", content="new")
    bench.look()
    assert bench.status("dev").running == {"web": "1.0.0"}
    assert wake_at(bench) == bench.clock.now() + timedelta(hours=2)
    bench.clock.time = wake_at(bench)
    bench.settle()
    assert bench.status("dev").running == {"web": "1.1.0"}


def test_a_doubted_list_is_shown_where_people_look() -> None:
    bench = Bench(DEV)
    bench.settle()
    bench.look()
    bench.registry.delete(WEB, "1.0.0")
    bench.clock.pass_by(POLL)
    bench.settle()
    assert bench.status("dev").state is State.WAITING
    assert "lists none of the 1 tags that it had" in bench.status("dev").reason
    bench.registry.push_silently(WEB, "1.0.0")
    bench.clock.pass_by(POLL)
    bench.settle()
    assert bench.status("dev").state is State.LIVE


def test_a_thousand_looks_of_a_pipeline_cost_one_list_for_each_poll_interval() -> None:
    bench = Bench()
    bench.settle()
    bench.look()
    bench.registry.take_asked()
    for _ in range(100):
        bench.clock.pass_by(POLL / 10)
        bench.look()
    assert 9 <= len(bench.registry.asked) <= 11
    assert set(bench.registry.asked) == {"LIST"}
