"""Many workers at one store: threads of a process, and processes that may be killed at any moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from bot.adapters.notifiers.memory import MemoryNotifier
from bot.adapters.stores.memory import MemoryStore
from bot.adapters.stores.sql import SqlStore
from bot.domain.notice import Notice
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.flow.announce import announce
from bot.ports import Delivery, Lease
from tests.kit.stores import HOUR, KINDS, MINUTE, NOW, SHARED, AnyStore, notice, outcome, take, told, url_of
from tests.kit.workers import ended, line, python, say, together

_WORKERS = 6


@pytest.fixture(params=KINDS)
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sequence[AnyStore]]:
    """One view of the same store for each worker; those in memory are one object."""
    if request.param == "memory":
        yield [MemoryStore()] * _WORKERS
        return
    url = url_of(request.param, request, tmp_path)
    with ExitStack() as stack:
        opened = [SqlStore(url) for _ in range(1 if url == "sqlite://" else 3)]
        for store in opened:
            stack.callback(store.close)
        yield [opened[number % len(opened)] for number in range(_WORKERS)]


def test_one_of_many_gets_the_lease(stores: Sequence[AnyStore]) -> None:
    leases = together(
        stores, lambda store, number: store.lease("web", owner=f"{number}", now=NOW, ttl=MINUTE)
    )
    assert len([lease for lease in leases if lease]) == 1


def test_one_of_many_takes_over_a_lease_that_ran_out(stores: Sequence[AnyStore]) -> None:
    take(stores[0], owner="dead")
    leases = together(
        stores, lambda store, number: store.lease("web", owner=f"{number}", now=NOW + MINUTE, ttl=MINUTE)
    )
    assert [lease.fence for lease in leases if lease] == [2]


def test_a_delivery_that_arrives_many_times_at_once_is_new_once(stores: Sequence[AnyStore]) -> None:
    delivery = Delivery("github", "72d3162e")
    answers = together(stores, lambda store, _: store.receive(delivery, pipelines=["web"], now=NOW))
    assert sorted(answers) == [False] * (_WORKERS - 1) + [True]
    assert take(stores[0]).seen_wake == 1


def test_no_wake_is_lost(stores: Sequence[AnyStore]) -> None:
    """Deliveries arrive while the pipelines are reconciled: what was not served stays due."""

    def works(store: AnyStore, number: int) -> int:
        served = 0
        for turn in range(10):
            names = ["api", "web"] if number % 2 else ["web", "api"]
            store.receive(Delivery(f"{number}", f"{turn}"), pipelines=names, now=NOW)
            served += _reconcile(store, "web", owner=f"{number}")
        return served

    assert sum(together(stores, works)) > 0
    store = stores[0]
    woken = _WORKERS * 10
    assert take(store, "api").seen_wake == woken
    while "web" in store.due(["web"], now=NOW, every=HOUR):
        _reconcile(store, "web", owner="last")
    assert take(store).seen_wake == woken


def test_every_notice_is_told_once_and_in_order(stores: Sequence[AnyStore]) -> None:
    keys = [f"{number:02}" for number in range(24)]
    told(stores[0], *(notice(key, thread=f"web/{int(key) % 3}") for key in keys))
    chat = MemoryNotifier()
    counts = together(stores, lambda store, _: announce(store, {"slack": chat}, _Clock(), 100))
    counts.append(announce(stores[0], {"slack": chat}, _Clock(), 100))
    assert sum(counts) == len(keys)
    assert len(chat.headlines()) == 3
    for thread in range(3):
        assert [reply.key for reply in chat.replies(f"web/{thread}")] == keys[thread::3]


def test_pull_requests_of_many_have_numbers_of_their_own(stores: Sequence[AnyStore]) -> None:
    added = together(
        stores, lambda store, number: store.add("infra", replace(_PULL, branch=f"tagboat/{number}"), now=NOW)
    )
    assert sorted(pull.number for pull in added) == list(range(1, _WORKERS + 1))


def test_many_who_open_from_one_branch_get_the_same_pull_request(stores: Sequence[AnyStore]) -> None:
    added = together(stores, lambda store, _: store.add("infra", _PULL, now=NOW))
    assert Counter(pull.number for pull in added) == {1: _WORKERS}


_RECEIVE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from bot.adapters.stores.sql import SqlStore
from bot.ports import Delivery
store, now = SqlStore(sys.argv[1]), datetime.fromisoformat(sys.argv[2])

def receive(number):
    if store.receive(Delivery("registry", str(number)), pipelines=[f"app-{number % 7}"], now=now):
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()

with ThreadPoolExecutor(8) as pool:
    list(pool.map(receive, range(1_000_000)))
"""


@pytest.mark.parametrize("kind", SHARED)
def test_what_was_answered_is_there_after_the_process_was_killed(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = url_of(kind, request, tmp_path)
    worker = python(_RECEIVE, url, NOW.isoformat())
    answered = [line(worker) for _ in range(300)]
    worker.kill()
    answered += worker.communicate(timeout=60)[0].splitlines()[:-1]  # the last line may be a part of one
    store = SqlStore(url)
    last = answered[-200:]
    seen = [store.receive(Delivery("registry", number), pipelines=[], now=NOW) for number in last]
    assert not any(seen)
    assert sum(take(store, f"app-{number}").seen_wake for number in range(7)) >= len(answered)
    store.close()


_LEASE = """
import sys
from datetime import datetime, timedelta
from bot.adapters.stores.sql import SqlStore
store, now = SqlStore(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
names = [f"app-{number}" for number in range(20)]
leases = [store.lease(name, owner=sys.argv[3], now=now, ttl=timedelta(minutes=1)) for name in names]
print(sum(lease is not None for lease in leases))
store.close()
"""


@pytest.mark.parametrize("kind", SHARED)
def test_each_pipeline_is_leased_by_one_of_many_processes(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = url_of(kind, request, tmp_path)
    workers = [python(_LEASE, url, NOW.isoformat(), f"worker-{number}") for number in range(3)]
    assert [line(worker) for worker in workers] == ["ready"] * 3
    for worker in workers:
        say(worker, "go")
    assert sum(int(ended(worker)) for worker in workers) == 20


_POST = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from bot.adapters.notifiers.memory import MemoryNotifier
from bot.adapters.stores.sql import SqlStore
from bot.flow.announce import announce

class Clock:
    def now(self):
        return datetime.fromisoformat(sys.argv[2])

class Chat(MemoryNotifier):
    def reply(self, thread, notice):
        with Path(sys.argv[3]).open("a") as file:
            file.write(notice.key + "\\n")
        os.kill(os.getpid(), signal.SIGKILL)

announce(SqlStore(sys.argv[1]), {"slack": Chat()}, Clock(), 10)
"""


class _File(MemoryNotifier):
    """A chat whose lines are those of a file, so that they outlive the process that wrote them."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file

    def has_reply(self, thread: str, notice: Notice) -> bool:
        return notice.key in self.file.read_text().split()

    def reply(self, thread: str, notice: Notice) -> None:
        with self.file.open("a") as file:
            file.write(notice.key + "\n")

    def revise(self, thread: str, notice: Notice) -> None:
        """The headline is not looked at here."""


@pytest.mark.parametrize("kind", SHARED)
def test_a_worker_killed_after_posting_leaves_no_second_line(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url, file = url_of(kind, request, tmp_path), tmp_path / "chat"
    store = SqlStore(url)
    told(store, notice("a"), notice("b"))
    worker = python(_POST, url, NOW.isoformat(), str(file))
    assert worker.wait(60) == -9
    worker.communicate()
    chat = _File(file)
    assert announce(store, {"slack": chat}, _Clock(NOW + MINUTE), 10) == 0
    assert announce(store, {"slack": chat}, _Clock(NOW + 2 * MINUTE), 10) == 2
    assert file.read_text().split() == ["a", "b"]
    store.close()


_PULL = PullRequest(
    number=0,
    url="",
    title="web 1.4.2 in dev",
    body="",
    branch="tagboat/web/dev",
    base="main",
    head="c" * 40,
    state=PullRequestState.OPEN,
)


class _Clock:
    """A clock that stands still."""

    def __init__(self, time: datetime = NOW) -> None:
        self._time = time

    def now(self) -> datetime:
        return self._time


def _reconcile(store: AnyStore, pipeline: str, *, owner: str) -> bool:
    lease: Lease | None = store.lease(pipeline, owner=owner, now=NOW, ttl=MINUTE)
    if lease is None:
        return False
    store.save(lease, outcome(), notifiers=[], now=NOW)
    store.release(lease)
    return True
