"""Many workers at one catalog and one budget: threads, and processes that may be killed at any moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.stores.sql import SqlStore
from bot.domain.choosing.listing import Listing
from bot.domain.image import ImageName
from bot.ports import ImageEntry, Pointer, Rate
from tests.kit.stores import DAY, MINUTE, NOW, SHARED, url_of
from tests.kit.workers import ended, killed, line, python, say, together

_WORKERS = 6
_WEB, _API = ImageName("ghcr.io", "acme/web"), ImageName("ghcr.io", "acme/api")


@pytest.fixture(params=SHARED)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return url_of(request.param, request, tmp_path)


@pytest.fixture
def stores(url: str) -> Iterator[Sequence[SqlStore]]:
    """One view of the same database for each worker: three processes of two threads."""
    with ExitStack() as stack:
        opened = [SqlStore(url) for _ in range(3)]
        for store in opened:
            stack.callback(store.close)
        yield opened * 2


def test_one_of_many_may_ask(stores: Sequence[SqlStore]) -> None:
    claims = together(stores, lambda store, _: store.catalog.claim(_WEB, now=NOW, ttl=MINUTE))
    assert sorted(claims) == [False] * (_WORKERS - 1) + [True]


def test_no_announcement_is_lost_while_lists_are_kept(stores: Sequence[SqlStore]) -> None:
    """Half of the workers announce, half settle what they saw: each tag is seen by somebody."""
    stores[0].catalog.keep(_WEB, ImageEntry(Listing(()), NOW))

    def works(store: SqlStore, number: int) -> set[str]:
        seen: set[str] = set()
        for turn in range(20):
            if number % 2:
                pushes = {_WEB: [f"{number}-{turn}", "latest"], _API: [f"{turn}"]}
                store.catalog.announce(dict(reversed(pushes.items())) if turn % 2 else pushes, now=NOW)
            else:
                seen |= _settled(store)
        return seen

    seen = set().union(*together(stores, works)) | _settled(stores[0])
    assert seen == {f"{number}-{turn}" for number in (1, 3, 5) for turn in range(20)} | {"latest"}
    assert _settled(stores[0]) == set()


def _settled(store: SqlStore) -> set[str]:
    """What was announced, and is settled now."""
    entry = store.catalog.entry(_WEB)
    assert entry is not None
    store.catalog.keep(_WEB, replace(entry, announced=()))
    return set(entry.announced)


def test_workers_that_point_the_same_tags_agree_on_the_first_sight(stores: Sequence[SqlStore]) -> None:
    tags = [f"1.0.{number}" for number in range(300)]

    def works(store: SqlStore, number: int) -> object:
        asked_at = NOW + number * timedelta(seconds=1)
        ordered = tags if number % 2 else list(reversed(tags))
        return store.catalog.point(_WEB, {tag: Pointer(f"sha256:{tag}", asked_at) for tag in ordered})

    first, *others = together(stores, works)
    assert others == [first] * (_WORKERS - 1)
    pointers = stores[0].catalog.pointers(_WEB, tags)
    assert {pointer.asked_at for pointer in pointers.values()} == {NOW + timedelta(seconds=_WORKERS - 1)}


def test_tidying_does_not_disturb_those_who_look(stores: Sequence[SqlStore]) -> None:
    listing = Listing(tuple(f"1.0.{number}" for number in range(50)))
    pointers = {tag: Pointer(f"sha256:{tag}", NOW) for tag in listing.tags}

    def works(store: SqlStore, number: int) -> None:
        for day in range(0, 200, 10):
            if number % 2:
                store.catalog.tidy(now=NOW + day * DAY)
                continue
            store.catalog.keep(_WEB, ImageEntry(listing, NOW))
            assert len(store.catalog.point(_WEB, pointers)) == 50

    together(stores, works)
    stores[0].catalog.keep(_WEB, ImageEntry(listing, NOW))
    assert stores[0].catalog.entry(_WEB) == ImageEntry(listing, NOW)


def test_a_budget_is_never_overdrawn_by_threads(stores: Sequence[SqlStore]) -> None:
    rate = Rate(per_second=1, burst=20)

    def works(store: SqlStore, number: int) -> int:
        draws = [store.budget.draw("ghcr.io", want=3, rate=rate, now=NOW) for _ in range(5)]
        return sum(grant.requests for grant in draws)

    assert sum(together(stores, works)) == 20


_BEGIN = """
import os, signal, sys
from datetime import datetime, timedelta
from bot.adapters.stores.sql import SqlStore
from bot.domain.image import ImageName
from bot.domain.choosing.listing import Listing
from bot.ports import ImageEntry, Rate
store, now, web = SqlStore(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), ImageName("ghcr.io", "acme/web")
print("ready", flush=True)
sys.stdin.readline()
"""

_CLAIM = """
images = [ImageName("ghcr.io", f"acme/{number}") for number in range(20)]
print(sum(store.catalog.claim(image, now=now, ttl=timedelta(minutes=1)) for image in images))
store.close()
"""

_DRAW = """
rate = Rate(per_second=1, burst=40)
print(sum(store.budget.draw("ghcr.io", want=3, rate=rate, now=now).requests for _ in range(20)))
store.close()
"""


@pytest.mark.parametrize(("program", "total"), [(_CLAIM, 20), (_DRAW, 40)], ids=["claims", "draws"])
def test_processes_share_claims_and_budgets(url: str, program: str, total: int) -> None:
    workers = [python(_BEGIN + program, url, NOW.isoformat()) for _ in range(3)]
    assert [line(worker) for worker in workers] == ["ready"] * 3
    for worker in workers:
        say(worker, "go")
    assert sum(int(ended(worker)) for worker in workers) == total


_DIE = """
store.catalog.announce({web: ["1.1.0"]}, now=now)
store.catalog.claim(web, now=now, ttl=timedelta(minutes=1))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_that_dies_with_its_claim_holds_up_nobody_for_long(url: str) -> None:
    worker = python(_BEGIN + _DIE, url, NOW.isoformat())
    worker.communicate("go\n", timeout=60)
    assert worker.returncode == -9
    store = SqlStore(url)
    assert not store.catalog.claim(_WEB, now=NOW, ttl=MINUTE)
    assert store.catalog.claim(_WEB, now=NOW + MINUTE, ttl=MINUTE)
    store.catalog.keep(_WEB, ImageEntry(Listing(("1.0.0",)), NOW + MINUTE))
    entry = store.catalog.entry(_WEB)
    assert entry is not None
    assert entry.announced == ("1.1.0",)
    store.close()


_KEEP = """
for turn in range(1_000_000):
    tags = tuple(f"{turn}.{number}" for number in range(20_000))
    store.catalog.announce({web: [str(turn)]}, now=now)
    entry = store.catalog.entry(web)
    heard, announced = (entry.heard, entry.announced) if entry else (0, ())
    moment = now + timedelta(minutes=turn)
    store.catalog.keep(web, ImageEntry(Listing(tags), moment, announced=announced, heard=heard))
    print(turn, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 2, 4])
def test_a_worker_killed_while_it_keeps_a_list_leaves_one_whole_state(url: str, lines: int) -> None:
    worker = python(_BEGIN + _KEEP, url, NOW.isoformat())
    assert line(worker) == "ready"
    say(worker, "go")
    kept = [int(line(worker)) for _ in range(lines)][-1]
    killed(worker)
    store = SqlStore(url)
    entry = store.catalog.entry(_WEB)
    assert entry is not None
    turn = (entry.listed_at - NOW) // MINUTE
    assert turn >= kept
    assert entry.listing == Listing(tuple(f"{turn}.{number}" for number in range(20_000)))
    assert list(entry.announced) == [str(number) for number in range(entry.heard)]
    assert entry.heard in (turn + 1, turn + 2)
    store.close()
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
