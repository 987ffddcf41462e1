"""Notices reach people once, in order, whatever breaks on the way, and a broken chat holds up no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import structlog

from bot.adapters.notifiers.memory import MemoryNotifier
from bot.adapters.notifiers.slack import SlackNotifier
from bot.adapters.stores.memory import MemoryStore
from bot.domain.errors import Denied, Limited, NotFound, Refused, TagboatError, Unreachable
from bot.domain.notice import Notice
from bot.flow.announce import MOST_ATTEMPTS, announce, pause
from bot.ports import Notifier
from tests.adapters.notifiers.fake_slack import LOST, Answer, FakeSlack, error, fake_slack
from tests.kit.stores import MINUTE, NOW, notice, told

_CALLS = ["find", "begin", "has_reply", "reply", "revise"]


class _Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time

    def passes(self, time: timedelta) -> None:
        self.time += time


class _Breaking(MemoryNotifier):
    """A chat that raises: the listed errors of a call one by one, before or after it did its work."""

    def __init__(self, faults: Mapping[str, Sequence[BaseException]], *, works: bool = False) -> None:
        super().__init__()
        self.calls: list[str] = []
        self._faults = {name: list(errors) for name, errors in faults.items()}
        self._works = works

    def find(self, notice: Notice) -> str | None:
        self._before("find")
        found = super().find(notice)
        self._after("find")
        return found

    def begin(self, notice: Notice) -> str:
        self._before("begin")
        message = super().begin(notice)
        self._after("begin")
        return message

    def has_reply(self, thread: str, notice: Notice) -> bool:
        self._before("has_reply")
        answer = super().has_reply(thread, notice)
        self._after("has_reply")
        return answer

    def reply(self, thread: str, notice: Notice) -> None:
        self._before("reply")
        super().reply(thread, notice)
        self._after("reply")

    def revise(self, thread: str, notice: Notice) -> None:
        self._before("revise")
        super().revise(thread, notice)
        self._after("revise")

    def _before(self, call: str) -> None:
        self.calls.append(call)
        if not self._works:
            self._raise(call)

    def _after(self, call: str) -> None:
        if self._works:
            self._raise(call)

    def _raise(self, call: str) -> None:
        if errors := self._faults.get(call):
            raise errors.pop(0)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


def _announce(store: MemoryStore, clock: _Clock, limit: int = 100, **notifiers: Notifier) -> int:
    return announce(store, notifiers, clock, limit)


def _texts(chat: MemoryNotifier, thread: str = "web/1") -> list[str]:
    return [reply.key for reply in chat.replies(thread)]


def test_a_thread_is_begun_once_and_its_lines_come_in_order(store: MemoryStore, clock: _Clock) -> None:
    chat = MemoryNotifier()
    told(store, notice("a"), notice("b"), notice("c"))
    assert _announce(store, clock, slack=chat) == 3
    assert _texts(chat) == ["a", "b", "c"]
    assert chat.headlines() == ["web: c"]


def test_a_second_call_has_nothing_left_to_tell(store: MemoryStore, clock: _Clock) -> None:
    chat = MemoryNotifier()
    told(store, notice("a"))
    assert [_announce(store, clock, slack=chat) for _ in range(2)] == [1, 0]
    assert _texts(chat) == ["a"]


def test_a_thread_goes_on_where_it_was_begun(store: MemoryStore, clock: _Clock) -> None:
    chat = MemoryNotifier()
    for key in ("a", "b"):
        told(store, notice(key))
        _announce(store, clock, slack=chat)
    assert _texts(chat) == ["a", "b"]
    assert chat.headlines() == ["web: b"]


def test_every_notifier_is_told(store: MemoryStore, clock: _Clock) -> None:
    chats = {"slack": MemoryNotifier(), "log": MemoryNotifier()}
    told(store, notice("a"), notifiers=list(chats))
    assert announce(store, chats, clock, 100) == 2
    assert [_texts(chat) for chat in chats.values()] == [["a"], ["a"]]


def test_no_more_than_the_limit_is_tried(store: MemoryStore, clock: _Clock) -> None:
    chat = MemoryNotifier()
    told(store, *(notice(f"{number}", thread=f"web/{number % 2}") for number in range(7)))
    assert [_announce(store, clock, 3, slack=chat) for _ in range(4)] == [3, 3, 1, 0]


def test_nothing_is_looked_up_on_the_first_try(store: MemoryStore, clock: _Clock) -> None:
    chat = _Breaking({})
    told(store, notice("a"), notice("b"))
    _announce(store, clock, slack=chat)
    assert chat.calls == ["begin", "reply", "revise", "reply", "revise"]


@pytest.mark.parametrize("works", [False, True], ids=["before the work", "after the work"])
@pytest.mark.parametrize("call", _CALLS)
def test_a_call_that_fails_is_made_up_for_without_a_second_line(
    store: MemoryStore, clock: _Clock, call: str, works: bool
) -> None:
    faults = {call: [Unreachable("cut"), Unreachable("cut again")], "begin": [Unreachable("cut")]}
    chat = _Breaking(faults, works=works)
    told(store, notice("a"), notice("b"))
    for _ in range(5):
        _announce(store, clock, slack=chat)
        clock.passes(MINUTE)
    assert _texts(chat) == ["a", "b"]
    assert chat.headlines() == ["web: b"]


def test_a_failing_notice_holds_its_thread_and_no_other(store: MemoryStore, clock: _Clock) -> None:
    chat = _Breaking({"reply": [Unreachable("cut")]})
    told(store, notice("a"), notice("b"), notice("other", thread="web/2"))
    assert _announce(store, clock, slack=chat) == 1
    assert (_texts(chat), _texts(chat, "web/2")) == ([], ["other"])
    clock.passes(MINUTE)
    assert _announce(store, clock, slack=chat) == 2
    assert _texts(chat) == ["a", "b"]


def test_a_failing_chat_holds_up_no_other(store: MemoryStore, clock: _Clock) -> None:
    chat = MemoryNotifier()
    told(store, notice("a"), notifiers=["broken", "slack"])
    assert _announce(store, clock, broken=_Breaking({"begin": [Unreachable("cut")]}), slack=chat) == 1
    assert _texts(chat) == ["a"]


def test_a_refusal_is_given_up_and_the_thread_goes_on(store: MemoryStore, clock: _Clock) -> None:
    chat = _Breaking({"reply": [Refused("no", why="msg_blocks_too_long", fix="write less")]})
    told(store, notice("a"), notice("b"))
    with structlog.testing.capture_logs() as logs:
        assert _announce(store, clock, slack=chat) == 1
    assert _texts(chat) == ["b"]
    assert [(entry["event"], entry.get("error")) for entry in logs if entry["log_level"] == "error"] == [
        ("notice_given_up", "no: msg_blocks_too_long (write less)")
    ]
    clock.passes(timedelta(days=1))
    assert _announce(store, clock, slack=chat) == 0


@pytest.mark.parametrize(
    "error", [Denied("no", why="token_revoked"), NotFound("no", why="channel_not_found")]
)
def test_news_wait_for_a_token_or_a_channel_that_a_human_puts_right(
    store: MemoryStore, clock: _Clock, error: TagboatError
) -> None:
    chat = _Breaking({"begin": [error] * 10})
    told(store, notice("a"), notice("b"))
    for _ in range(10):
        assert _announce(store, clock, slack=chat) == 0
        clock.passes(timedelta(minutes=10))
    assert _announce(store, clock, slack=chat) == 2
    assert _texts(chat) == ["a", "b"]


def test_a_bug_in_a_notifier_is_logged_and_tried_again(store: MemoryStore, clock: _Clock) -> None:
    chat = _Breaking({"reply": [KeyError("ts")]})
    told(store, notice("a"), notice("other", thread="web/2"))
    with structlog.testing.capture_logs() as logs:
        assert _announce(store, clock, slack=chat) == 1
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["notice_broke"]
    clock.passes(MINUTE)
    assert _announce(store, clock, slack=chat) == 1
    assert _texts(chat) == ["a"]


def test_a_notifier_that_is_not_configured_is_waited_for(store: MemoryStore, clock: _Clock) -> None:
    """While a new configuration is rolled out, some workers do not know the new chat yet."""
    told(store, notice("a"))
    assert _announce(store, clock) == 0
    clock.passes(MINUTE)
    chat = MemoryNotifier()
    assert _announce(store, clock, slack=chat) == 1
    assert _texts(chat) == ["a"]


def test_pauses_double_up_to_ten_minutes() -> None:
    seconds = [pause(attempts).total_seconds() for attempts in range(9)]
    assert seconds == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert pause(10_000) == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (timedelta(seconds=1), timedelta(seconds=5)),
        (timedelta(minutes=30), timedelta(minutes=30)),
        (timedelta(days=30), timedelta(hours=1)),
    ],
)
def test_the_other_side_may_ask_for_a_longer_pause(wish: timedelta, expected: timedelta) -> None:
    assert pause(0, wish) == expected


def test_a_limit_is_waited_for(store: MemoryStore, clock: _Clock) -> None:
    chat = _Breaking({"begin": [Limited("slow", retry_after=timedelta(minutes=5))]})
    told(store, notice("a"))
    _announce(store, clock, slack=chat)
    clock.passes(timedelta(minutes=5) - timedelta(microseconds=1))
    assert _announce(store, clock, slack=chat) == 0
    clock.passes(timedelta(microseconds=1))
    assert _announce(store, clock, slack=chat) == 1


def test_a_chat_that_is_away_for_a_day_is_given_up(store: MemoryStore, clock: _Clock) -> None:
    chat = _Breaking({"begin": [Unreachable("cut")] * 1000})
    told(store, notice("a"))
    start = clock.now()
    with structlog.testing.capture_logs() as logs:
        while store.outbox(now=clock.now() + timedelta(minutes=10), limit=1):
            _announce(store, clock, slack=chat)
            clock.passes(timedelta(minutes=10))
    events = [entry["event"] for entry in logs]
    assert events == ["notice_delayed"] * (MOST_ATTEMPTS - 1) + ["notice_given_up"]
    assert timedelta(hours=20) < clock.now() - start < timedelta(hours=30)


def test_a_crash_after_the_post_leaves_no_second_line(store: MemoryStore, clock: _Clock) -> None:
    """The process ends after the line was added, before the store hears of it."""
    chat = _Breaking({"reply": [SystemExit(9)]}, works=True)
    told(store, notice("a"))
    with pytest.raises(SystemExit):
        _announce(store, clock, slack=chat)
    assert _announce(store, clock, slack=chat) == 0, "the claim of the dead worker still holds"
    clock.passes(timedelta(minutes=2))
    assert _announce(store, clock, slack=chat) == 1
    assert _texts(chat) == ["a"]


def test_a_crash_after_the_thread_was_begun_leaves_no_second_thread(
    store: MemoryStore, clock: _Clock
) -> None:
    chat = _Breaking({"begin": [SystemExit(9)]}, works=True)
    told(store, notice("a"))
    with pytest.raises(SystemExit):
        _announce(store, clock, slack=chat)
    clock.passes(timedelta(minutes=2))
    assert _announce(store, clock, slack=chat) == 1
    assert chat.headlines() == ["web: a"]


_HTTP_FAULTS = {
    "limit": Answer(b"{}", 429, {"Retry-After": "1"}),
    "fault": Answer(b"oops", 503),
    "cut before": Answer(status=0),
    "lost answer": LOST,
    "fault after the work": replace(LOST, status=500),
    "outage": error("fatal_error"),
}


@pytest.mark.parametrize("fault", _HTTP_FAULTS)
@pytest.mark.parametrize("call", range(5))
def test_slack_may_break_at_any_call(store: MemoryStore, clock: _Clock, call: int, fault: str) -> None:
    """Two notices take five calls; each of them breaks in each way, and people see the same in the end."""
    with fake_slack() as slack:
        chat = SlackNotifier(token="xoxb-test", channel="#deploys", base_url=slack.url)
        told(store, notice("a", text="opened"), notice("b", text="merged"))
        _break(slack, call, _HTTP_FAULTS[fault])
        for _ in range(3):
            _announce(store, clock, slack=chat)
            clock.passes(timedelta(minutes=1))
        texts = [message["text"] for message in slack.messages]
    assert texts[0] == "web: b"
    assert [text.split()[1] for text in texts[1:]] == ["opened", "merged"]


def _break(slack: FakeSlack, call: int, fault: Answer) -> None:
    methods = ["chat.postMessage", "chat.postMessage", "chat.update", "chat.postMessage", "chat.update"]
    slack.will_at(methods[call], methods[:call].count(methods[call]), fault)
