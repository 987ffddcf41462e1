"""What every store promises of its outbox (port `Store`): told once, in order, and never lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.ports import Pending
from tests.kit.stores import DAY, HOUR, KINDS, MINUTE, NOW, AnyStore, notice, opened, told

_AFTER_CLAIM = NOW + timedelta(minutes=2)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    with opened(request.param, request, tmp_path) as store:
        yield store


def test_a_notice_waits_for_every_notifier(store: AnyStore) -> None:
    assert told(store, notice("a"), notifiers=["slack", "log"]) == 2
    waiting = store.outbox(now=NOW, limit=10)
    assert waiting == [
        Pending("slack", notice("a"), attempts=0, thread=None, begun=False),
        Pending("log", notice("a"), attempts=0, thread=None, begun=False),
    ]


def test_a_known_notice_is_not_told_again(store: AnyStore) -> None:
    assert told(store, notice("a")) == 1
    assert told(store, notice("a", text="said in other words"), notice("b")) == 1
    assert told(store, notice("a"), notifiers=["slack", "log"]) == 1
    store.sent(_only(store, "slack"), now=NOW)
    assert told(store, notice("a")) == 0


def test_what_keeps_people_from_being_told_is_shown_until_they_are(store: AnyStore) -> None:
    told(store, notice("a", thread="web/1"), notice("b", thread="web/2"))
    assert store.untold() == {}
    first, second = store.outbox(now=NOW, limit=10)
    store.failed(first, error="the token is refused", retry_at=NOW + MINUTE)
    store.failed(second, error="later", retry_at=NOW + MINUTE)
    assert store.untold() == {first.notice.pipeline: "the token is refused"}
    for pending in store.outbox(now=NOW + MINUTE, limit=10):
        store.sent(pending, now=NOW + MINUTE)
    assert store.untold() == {}


def test_nothing_is_told_without_notifiers(store: AnyStore) -> None:
    assert told(store, notice("a"), notifiers=[]) == 0
    assert store.outbox(now=NOW, limit=10) == []


def test_a_thread_is_told_in_order_one_at_a_time(store: AnyStore) -> None:
    told(store, notice("b"), notice("a"))
    told(store, notice("c"))
    seen = []
    while pending := store.outbox(now=NOW, limit=10):
        assert len(pending) == 1
        seen.append(pending[0].notice.key)
        store.sent(pending[0], now=NOW)
    assert seen == ["b", "a", "c"]


def test_threads_do_not_wait_for_each_other(store: AnyStore) -> None:
    told(store, notice("a", thread="web/1"), notice("b", thread="web/2"), notice("c", thread="web/1"))
    assert _keys(store) == ["a", "b"]


def test_the_same_thread_at_two_notifiers_goes_at_its_own_pace(store: AnyStore) -> None:
    told(store, notice("a"), notice("b"), notifiers=["slack", "log"])
    store.sent(_only(store, "slack"), now=NOW)
    assert {(found.notifier, found.notice.key) for found in store.outbox(now=NOW, limit=10)} == {
        ("slack", "b"),
        ("log", "a"),
    }


def test_no_more_than_the_limit_is_given(store: AnyStore) -> None:
    told(store, *(notice(f"{number}", thread=f"web/{number}") for number in range(5)))
    assert [found.notice.key for found in store.outbox(now=NOW, limit=3)] == ["0", "1", "2"]


def test_a_claimed_notice_is_nobody_elses_and_holds_its_thread(store: AnyStore) -> None:
    told(store, notice("a"), notice("b"))
    pending = _only(store)
    assert store.begin_send(pending, now=NOW)
    assert not store.begin_send(pending, now=NOW)
    assert store.outbox(now=_AFTER_CLAIM - timedelta(microseconds=1), limit=10) == []


def test_a_claim_that_was_never_concluded_says_that_a_post_was_begun(store: AnyStore) -> None:
    told(store, notice("a"))
    store.begin_send(_only(store), now=NOW)
    again = _only(store, now=_AFTER_CLAIM)
    assert again.begun
    assert store.begin_send(again, now=_AFTER_CLAIM)


def test_a_stale_view_of_a_notice_claims_nothing(store: AnyStore) -> None:
    """Who read the outbox before somebody else began would not look before posting."""
    told(store, notice("a"))
    stale = _only(store)
    store.begin_send(_only(store), now=NOW)
    assert not store.begin_send(stale, now=_AFTER_CLAIM)


def test_a_notice_that_failed_meanwhile_is_not_claimed_from_a_stale_view(store: AnyStore) -> None:
    told(store, notice("a"))
    stale = _only(store)
    store.failed(_claimed(store), error="500", retry_at=NOW + MINUTE)
    assert not store.begin_send(stale, now=NOW + HOUR)


def test_a_notice_that_failed_again_is_not_claimed_from_a_stale_view(store: AnyStore) -> None:
    told(store, notice("a"))
    store.failed(_claimed(store), error="500", retry_at=NOW)
    stale = _only(store)
    store.failed(_claimed(store), error="500", retry_at=NOW)
    assert not store.begin_send(stale, now=NOW)
    assert store.begin_send(_only(store), now=NOW)


def test_a_sent_notice_is_gone(store: AnyStore) -> None:
    told(store, notice("a"))
    pending = _claimed(store)
    store.sent(pending, now=NOW)
    assert store.outbox(now=NOW + DAY, limit=10) == []
    assert not store.begin_send(pending, now=NOW + DAY)


def test_the_begun_thread_is_known_to_its_later_notices(store: AnyStore) -> None:
    told(store, notice("a"), notice("b"))
    pending = _claimed(store)
    store.thread_begun("slack", "web/1", "C1:1700000000.000100", now=NOW)
    store.sent(pending, now=NOW)
    assert _only(store).thread == "C1:1700000000.000100"


def test_the_first_message_of_a_thread_stays_its_first(store: AnyStore) -> None:
    told(store, notice("a"))
    store.thread_begun("slack", "web/1", "first", now=NOW)
    store.thread_begun("slack", "web/1", "second", now=NOW)
    assert _only(store).thread == "first"


def test_a_thread_belongs_to_one_notifier(store: AnyStore) -> None:
    told(store, notice("a"), notifiers=["slack", "log"])
    store.thread_begun("log", "web/1", "elsewhere", now=NOW)
    assert _only(store, "slack").thread is None


def test_what_was_begun_of_a_thread_is_told_by_notifier(store: AnyStore) -> None:
    told(store, notice("a"), notifiers=["slack", "log"])
    assert store.threads("web/1") == {}
    store.thread_begun("slack", "web/1", "C1:1", now=NOW)
    store.thread_begun("log", "web/1", "web/1", now=NOW)
    store.thread_begun("slack", "web/2", "C1:2", now=NOW)
    assert store.threads("web/1") == {"slack": "C1:1", "log": "web/1"}


def test_a_failed_notice_waits_and_holds_its_thread(store: AnyStore) -> None:
    told(store, notice("a"), notice("b"), notice("other", thread="web/2"))
    store.failed(_claimed(store), error="500", retry_at=NOW + MINUTE)
    assert _keys(store) == ["other"]
    assert _keys(store, now=NOW + MINUTE) == ["a", "other"]
    again = store.outbox(now=NOW + MINUTE, limit=1)[0]
    assert (again.attempts, again.begun) == (1, True)


def test_a_notice_that_is_given_up_lets_its_thread_go_on(store: AnyStore) -> None:
    told(store, notice("a"), notice("b"))
    store.failed(_claimed(store), error="channel_not_found \0\ud800" + "x" * 100_000, retry_at=None)
    assert _keys(store, now=NOW + DAY) == ["b"]
    assert told(store, notice("a")) == 0


def test_a_notice_that_another_worker_told_cannot_fail_any_more(store: AnyStore) -> None:
    told(store, notice("a"))
    slow = _claimed(store)
    store.sent(_only(store, now=_AFTER_CLAIM), now=_AFTER_CLAIM)
    store.failed(slow, error="timeout", retry_at=_AFTER_CLAIM)
    assert store.outbox(now=NOW + DAY, limit=10) == []


def test_old_notices_and_their_threads_are_forgotten(store: AnyStore) -> None:
    told(store, notice("sent"), notice("given up"), notice("waiting", thread="web/2"))
    store.thread_begun("slack", "web/1", "one", now=NOW)
    store.thread_begun("slack", "web/2", "two", now=NOW)
    store.sent(_claimed(store), now=NOW)
    store.failed(_claimed(store), error="refused", retry_at=None)
    assert store.tidy(now=NOW + 180 * DAY) == 0
    assert store.tidy(now=NOW + 181 * DAY) == 3
    assert [found.thread for found in store.outbox(now=NOW + 181 * DAY, limit=10)] == ["two"]
    assert told(store, notice("sent"), now=NOW + 181 * DAY) == 1


def _keys(store: AnyStore, *, now: datetime = NOW) -> list[str]:
    return [found.notice.key for found in store.outbox(now=now, limit=10)]


def _only(store: AnyStore, notifier: str = "slack", *, now: datetime = NOW) -> Pending:
    """The first notice that waits for the notifier."""
    return next(found for found in store.outbox(now=now, limit=10) if found.notifier == notifier)


def _claimed(store: AnyStore) -> Pending:
    pending = _only(store)
    assert store.begin_send(pending, now=NOW)
    return pending
