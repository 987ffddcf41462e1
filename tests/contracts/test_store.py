"""What every store promises (port `Store`): deliveries, wakes, leases, outcomes and the board.

The outbox has a suite of its own, `test_outbox.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import Conflict
from bot.domain.image import ImageName, ImageRef, Release
from bot.domain.record import Deployment, EnvironmentRecord, Record
from bot.ports import Delivery, Lease, Outcome, Store
from tests.kit.stores import DAY, HOUR, KINDS, MINUTE, NOW, AnyStore, notice, opened, outcome, status, take

_LIVE = Deployment(
    release=Release.of({"web": ImageRef(ImageName("ghcr.io", "acme/web"), "1.4.2", "sha256:" + "a" * 64)}),
    commit="c" * 40,
    merged_at=NOW,
    live_since=NOW + MINUTE,
    refreshed={"main/web": NOW + timedelta(microseconds=1)},
)
_RECORD = Record({"dev": EnvironmentRecord((_LIVE, replace(_LIVE, commit="d" * 40)))})


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    with opened(request.param, request, tmp_path) as store:
        yield store


def test_it_is_a_store(store: AnyStore) -> None:
    port: Store = store
    assert port.board() == []


# Deliveries and wakes


def test_a_delivery_is_new_once(store: AnyStore) -> None:
    delivery = Delivery("github", "72d3162e", ({"kind": "branch_moved", "commit": "c" * 40},))
    answers = [store.receive(delivery, pipelines=["web"], now=NOW) for _ in range(3)]
    assert answers == [True, False, False]


def test_the_same_key_from_two_senders_is_two_deliveries(store: AnyStore) -> None:
    assert store.receive(Delivery("github", "1"), pipelines=[], now=NOW)
    assert store.receive(Delivery("gitlab", "1"), pipelines=[], now=NOW)


@pytest.mark.parametrize(
    "key", ["k" * 100_000, "é\0\x1b[31m", "\ud800", ""], ids=["long", "odd", "half", "empty"]
)
def test_a_key_of_any_shape_is_remembered(store: AnyStore, key: str) -> None:
    delivery = Delivery("github", key)
    assert store.receive(delivery, pipelines=[], now=NOW)
    assert not store.receive(delivery, pipelines=[], now=NOW)


def test_facts_of_any_text_are_kept(store: AnyStore) -> None:
    delivery = Delivery("github", "1", ({"text": "\0 \ud800 é", "list": [1, None, {"deep": True}]},))
    assert store.receive(delivery, pipelines=["web"], now=NOW)


def test_a_seen_delivery_wakes_nobody(store: AnyStore) -> None:
    delivery = Delivery("github", "1")
    store.receive(delivery, pipelines=["web"], now=NOW)
    _reconcile(store, "web")
    store.receive(delivery, pipelines=["web"], now=NOW)
    assert store.due(["web"], now=NOW, every=HOUR) == []


def test_a_delivery_wakes_the_pipelines_that_it_names(store: AnyStore) -> None:
    for name in ("api", "db", "web"):
        _reconcile(store, name)
    store.receive(Delivery("github", "1"), pipelines=["web", "api", "web"], now=NOW)
    assert set(store.due(["api", "db", "web"], now=NOW, every=HOUR)) == {"api", "web"}


# Due


def test_a_pipeline_never_seen_is_due(store: AnyStore) -> None:
    assert store.due(["web"], now=NOW, every=HOUR) == ["web"]


def test_a_pipeline_just_looked_at_is_not_due(store: AnyStore) -> None:
    _reconcile(store, "web")
    assert store.due(["web"], now=NOW + HOUR - MINUTE, every=HOUR) == []


def test_a_pipeline_is_due_again_after_a_while(store: AnyStore) -> None:
    _reconcile(store, "web")
    assert store.due(["web"], now=NOW + HOUR, every=HOUR) == ["web"]


@pytest.mark.parametrize(("after", "expected"), [(-1, []), (0, ["web"]), (1, ["web"])])
def test_a_pipeline_is_due_at_its_own_time(store: AnyStore, after: int, expected: list[str]) -> None:
    _reconcile(store, "web", outcome(wake_at=NOW + MINUTE))
    moment = NOW + MINUTE + timedelta(microseconds=after)
    assert store.due(["web"], now=moment, every=HOUR) == expected


def test_the_time_to_look_again_is_replaced_by_the_next_outcome(store: AnyStore) -> None:
    _reconcile(store, "web", outcome(wake_at=NOW + MINUTE))
    _reconcile(store, "web", outcome(wake_at=None))
    assert store.due(["web"], now=NOW + 2 * MINUTE, every=HOUR) == []


def test_only_those_asked_for_are_named(store: AnyStore) -> None:
    store.wake(["web", "api"], now=NOW)
    assert store.due(["api"], now=NOW, every=HOUR) == ["api"]
    assert store.due([], now=NOW, every=HOUR) == []


def test_woken_ones_come_first_and_the_longest_waiting_leads(store: AnyStore) -> None:
    store.wake(["late"], now=NOW + MINUTE)
    store.wake(["early"], now=NOW)
    due = store.due(["new", "late", "early", "newer"], now=NOW + HOUR, every=HOUR)
    assert due == ["early", "late", "new", "newer"]


def test_thousands_are_asked_for_at_once(store: AnyStore) -> None:
    names = [f"app-{number}" for number in range(3000)]
    store.wake(names[:2000], now=NOW)
    assert sorted(store.due(names, now=NOW, every=HOUR)) == sorted(names)


def test_a_wake_during_a_reconcile_is_served_by_the_next_one(store: AnyStore) -> None:
    store.wake(["web"], now=NOW)
    lease = take(store)
    store.wake(["web"], now=NOW)
    store.save(lease, outcome(), notifiers=[], now=NOW)
    store.release(lease)
    assert store.due(["web"], now=NOW, every=HOUR) == ["web"]
    _reconcile(store, "web")
    assert store.due(["web"], now=NOW, every=HOUR) == []


def test_a_reconcile_that_saved_nothing_leaves_the_wake_due(store: AnyStore) -> None:
    _reconcile(store, "web")
    store.wake(["web"], now=NOW)
    store.release(take(store))
    assert store.due(["web"], now=NOW, every=HOUR) == ["web"]


# Leases


def test_a_pipeline_has_one_message_however_often_it_is_woken(store: AnyStore) -> None:
    first = store.enqueue(["web", "api"], now=NOW, again=MINUTE)
    second = store.enqueue(["api", "web", "db"], now=NOW, again=MINUTE)
    assert (list(first), list(second)) == (["web", "api"], ["db"])


def test_a_message_that_nobody_took_counts_as_lost_after_a_while(store: AnyStore) -> None:
    store.enqueue(["web"], now=NOW, again=MINUTE)
    assert store.enqueue(["web"], now=NOW + MINUTE, again=MINUTE) == ["web"]


def test_a_message_counts_until_somebody_asks_for_the_lease(store: AnyStore) -> None:
    store.enqueue(["web"], now=NOW, again=HOUR)
    take(store)
    assert store.enqueue(["web"], now=NOW, again=HOUR) == ["web"]
    assert store.lease("web", owner="two", now=NOW, ttl=MINUTE) is None
    assert store.enqueue(["web"], now=NOW, again=HOUR) == ["web"]


def test_a_leased_pipeline_is_not_due_until_the_lease_runs_out(store: AnyStore) -> None:
    take(store)
    assert store.due(["web"], now=NOW + MINUTE - timedelta(microseconds=1), every=HOUR) == []
    assert store.due(["web"], now=NOW + MINUTE, every=HOUR) == ["web"]


@pytest.mark.parametrize("owner", ["one", "two"])
def test_a_leased_pipeline_is_nobody_elses(store: AnyStore, owner: str) -> None:
    take(store, owner="one")
    assert store.lease("web", owner=owner, now=NOW, ttl=MINUTE) is None


def test_pipelines_are_leased_one_by_one(store: AnyStore) -> None:
    assert take(store, "web").pipeline == "web"
    assert take(store, "api").pipeline == "api"


def test_a_lease_that_ran_out_is_taken_over_with_a_higher_fence(store: AnyStore) -> None:
    first = take(store, owner="one")
    second = take(store, owner="two", now=NOW + MINUTE)
    assert second.fence > first.fence
    assert second.until == NOW + 2 * MINUTE


def test_the_fence_grows_over_releases(store: AnyStore) -> None:
    fences = []
    for _ in range(3):
        lease = take(store)
        fences.append(lease.fence)
        store.release(lease)
    assert fences == sorted(set(fences))


def test_a_renewed_lease_lasts_longer(store: AnyStore) -> None:
    lease = store.renew(take(store), now=NOW + MINUTE / 2, ttl=HOUR)
    assert lease.until == NOW + MINUTE / 2 + HOUR
    assert store.lease("web", owner="two", now=NOW + HOUR, ttl=MINUTE) is None


def test_a_lease_that_ran_out_but_was_not_taken_is_still_good(store: AnyStore) -> None:
    lease = take(store)
    store.renew(lease, now=NOW + HOUR, ttl=MINUTE)
    store.save(lease, outcome(), notifiers=[], now=NOW + HOUR)
    assert [found.name for found in store.board()] == ["web"]


def test_a_lost_lease_neither_renews_nor_saves(store: AnyStore) -> None:
    lost = take(store, owner="one")
    held = take(store, owner="two", now=NOW + MINUTE)
    with pytest.raises(Conflict, match="lease of web was lost"):
        store.renew(lost, now=NOW + MINUTE, ttl=HOUR)
    with pytest.raises(Conflict, match="lease of web was lost"):
        store.save(lost, outcome(notice("a")), notifiers=["slack"], now=NOW + MINUTE)
    assert store.board() == []
    assert store.outbox(now=NOW + HOUR, limit=10) == []
    assert store.renew(held, now=NOW + MINUTE, ttl=MINUTE)


def test_a_lease_taken_over_by_the_same_owner_is_lost_all_the_same(store: AnyStore) -> None:
    lost = take(store, owner="one")
    take(store, owner="one", now=NOW + MINUTE)
    with pytest.raises(Conflict):
        store.save(lost, outcome(), notifiers=[], now=NOW + MINUTE)


def test_a_released_lease_saves_nothing(store: AnyStore) -> None:
    lease = take(store)
    store.release(lease)
    with pytest.raises(Conflict):
        store.save(lease, outcome(), notifiers=[], now=NOW)


def test_a_lease_of_a_pipeline_never_seen_is_lost(store: AnyStore) -> None:
    with pytest.raises(Conflict):
        store.renew(Lease("ghost", "one", 1, NOW, 0), now=NOW, ttl=MINUTE)
    store.release(Lease("ghost", "one", 1, NOW, 0))


def test_releasing_a_lost_lease_leaves_the_new_one(store: AnyStore) -> None:
    lost = take(store, owner="one")
    take(store, owner="two", now=NOW + MINUTE)
    store.release(lost)
    assert store.lease("web", owner="three", now=NOW + MINUTE, ttl=MINUTE) is None


# Outcomes and the board


def test_a_pipeline_never_seen_has_an_empty_record(store: AnyStore) -> None:
    assert store.load("web") == Record()


def test_a_pipeline_only_woken_has_an_empty_record_and_is_not_shown(store: AnyStore) -> None:
    store.wake(["web"], now=NOW)
    assert store.load("web") == Record()
    assert store.board() == []


def test_what_is_saved_is_loaded(store: AnyStore) -> None:
    _reconcile(store, "web", Outcome(_RECORD, status()))
    assert store.load("web") == _RECORD
    assert store.board() == [status()]


def test_an_outcome_without_a_record_leaves_what_is_remembered(store: AnyStore) -> None:
    _reconcile(store, "web", Outcome(_RECORD, status()))
    _reconcile(store, "web", Outcome(None, status(reason="cannot be read")))
    assert store.load("web") == _RECORD
    assert store.board() == [status(reason="cannot be read")]


def test_one_pipeline_is_shown_as_on_the_board(store: AnyStore) -> None:
    _reconcile(store, "web", Outcome(_RECORD, status()))
    assert store.shown("web") == status()


def test_a_pipeline_never_looked_at_is_not_shown(store: AnyStore) -> None:
    store.wake(["web"], now=NOW)
    assert (store.shown("web"), store.shown("ghost")) == (None, None)


def test_text_that_is_half_a_character_is_shown_as_a_question_mark(store: AnyStore) -> None:
    _reconcile(store, "web", Outcome(Record(), status(reason="bad \ud800 text \0")))
    (shown,) = store.board()
    assert shown.environments[0].reason.startswith("bad ")


def test_the_board_is_sorted_by_name(store: AnyStore) -> None:
    for name in ("web", "Api", "db"):
        _reconcile(store, name, outcome(name=name))
    assert [found.name for found in store.board()] == ["Api", "db", "web"]


def test_the_revision_grows_when_the_board_changes(store: AnyStore) -> None:
    before = store.revision()
    _reconcile(store, "web", Outcome(Record(), status()))
    first = store.revision()
    _reconcile(store, "web", Outcome(Record(), status(reason="soaks")))
    assert before < first < store.revision()


def test_the_revision_stays_when_only_the_time_of_the_look_changed(store: AnyStore) -> None:
    _reconcile(store, "web", Outcome(Record(), status()))
    before = store.revision()
    _reconcile(store, "web", Outcome(_RECORD, status(looked_at=NOW + HOUR)))
    assert store.revision() == before
    assert store.board() == [status(looked_at=NOW + HOUR)]


def test_old_deliveries_are_forgotten(store: AnyStore) -> None:
    store.receive(Delivery("github", "old"), pipelines=[], now=NOW)
    store.receive(Delivery("github", "new"), pipelines=[], now=NOW + 4 * DAY)
    assert store.tidy(now=NOW + 31 * DAY) == 1
    assert not store.receive(Delivery("github", "new"), pipelines=[], now=NOW + 31 * DAY)
    assert store.receive(Delivery("github", "old"), pipelines=[], now=NOW + 31 * DAY)


def _reconcile(store: AnyStore, pipeline: str, left: Outcome | None = None) -> None:
    lease = take(store, pipeline)
    store.save(lease, left or outcome(name=pipeline), notifiers=[], now=NOW)
    store.release(lease)
