"""What every chat promises (port `Notifier`): threads that are found again, and lines that are seen."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from slack_sdk import WebClient

from bot.adapters.notifiers.memory import MemoryNotifier
from bot.adapters.notifiers.slack import SlackNotifier
from bot.domain.errors import Permanent
from bot.domain.notice import Notice
from bot.ports import Notifier
from tests.adapters.notifiers.fake_slack import fake_slack
from tests.kit.emulate import emulator
from tests.kit.stores import notice as any_notice

_TOKEN = "xoxb-test"
_SEED = {"slack": {"users": [{"name": "tagboat"}], "tokens": [{"token": _TOKEN, "user": "tagboat"}]}}


@dataclass(frozen=True)
class _Chat:
    """A notifier, and a look at what people see of one of its threads: headline first, then the lines."""

    notifier: Notifier
    shown: Callable[[str], Sequence[str]]


@pytest.fixture(scope="module")
def emulated() -> Iterator[str]:
    with emulator(["slack"], _SEED) as addresses:
        yield addresses["slack"] + "/api/"


@pytest.fixture(params=["memory", "slack", pytest.param("emulator", marks=pytest.mark.servers)])
def chat(request: pytest.FixtureRequest) -> Iterator[_Chat]:
    if request.param == "memory":
        yield _memory()
    elif request.param == "emulator":
        yield _emulator(request.getfixturevalue("emulated"))
    else:
        with fake_slack() as slack:
            notifier = SlackNotifier(token=_TOKEN, channel="#deploys", base_url=slack.url)
            yield _Chat(notifier, slack.shown)


@pytest.fixture
def notice() -> Notice:
    """A notice of a thread that no other test has."""
    return any_notice("first", thread=f"web/{uuid.uuid4().hex}")


def test_a_thread_never_begun_is_not_found(chat: _Chat, notice: Notice) -> None:
    assert chat.notifier.find(notice) is None


def test_a_begun_thread_shows_its_headline_and_is_found_again(chat: _Chat, notice: Notice) -> None:
    thread = chat.notifier.begin(notice)
    assert chat.notifier.find(notice) == thread
    assert list(chat.shown(thread)) == [notice.headline]


def test_a_thread_is_found_by_its_later_notices_too(chat: _Chat, notice: Notice) -> None:
    thread = chat.notifier.begin(notice)
    chat.notifier.reply(thread, notice)
    chat.notifier.begin(replace(notice, thread="web/other"))
    assert chat.notifier.find(replace(notice, key="second")) == thread


def test_a_line_is_seen_once_it_was_added(chat: _Chat, notice: Notice) -> None:
    thread = chat.notifier.begin(notice)
    assert not chat.notifier.has_reply(thread, notice)
    chat.notifier.reply(thread, notice)
    assert chat.notifier.has_reply(thread, notice)
    assert not chat.notifier.has_reply(thread, replace(notice, key="second"))


def test_a_line_of_another_thread_is_not_seen_in_this_one(chat: _Chat, notice: Notice) -> None:
    other = replace(notice, thread=notice.thread + "-other")
    thread, elsewhere = chat.notifier.begin(notice), chat.notifier.begin(other)
    chat.notifier.reply(elsewhere, notice)
    assert not chat.notifier.has_reply(thread, notice)


def test_lines_come_in_order_under_the_headline(chat: _Chat, notice: Notice) -> None:
    thread = chat.notifier.begin(notice)
    for text in ("opened", "merged", "healthy"):
        chat.notifier.reply(thread, replace(notice, key=text, text=text))
    headline, *lines = chat.shown(thread)
    assert headline == notice.headline
    assert [next(word for word in line.split() if word.isalpha()) for line in lines] == [
        "opened",
        "merged",
        "healthy",
    ]


def test_the_headline_changes_and_the_thread_stays_found(chat: _Chat, notice: Notice) -> None:
    thread = chat.notifier.begin(notice)
    chat.notifier.reply(thread, notice)
    chat.notifier.revise(thread, replace(notice, headline="web 1.4.2: live in prod"))
    headline, line = chat.shown(thread)
    assert headline == "web 1.4.2: live in prod"
    assert notice.text in line
    assert chat.notifier.find(notice) == thread


def test_a_thread_has_an_address_of_its_own(chat: _Chat, notice: Notice) -> None:
    thread = chat.notifier.begin(notice)
    other = chat.notifier.begin(replace(notice, thread=notice.thread + "-other"))
    address = chat.notifier.permalink(thread)
    assert address is not None
    assert address.startswith(("http://", "https://"))
    assert chat.notifier.permalink(thread) == address != chat.notifier.permalink(other)


def test_a_thread_that_is_gone_has_no_address(chat: _Chat, notice: Notice) -> None:
    thread = chat.notifier.begin(notice)
    assert chat.notifier.permalink(f"{thread}9") is None


def test_a_thread_id_of_nowhere_takes_no_line(chat: _Chat, notice: Notice) -> None:
    with pytest.raises(Permanent):
        chat.notifier.reply("nowhere", notice)


def _memory() -> _Chat:
    notifier = MemoryNotifier()

    def shown(message: str) -> Sequence[str]:
        thread = notifier._threads[message]
        return [thread.headline, *(reply.text for reply in thread.replies)]

    return _Chat(notifier, shown)


def _emulator(base_url: str) -> _Chat:
    client = WebClient(token=_TOKEN, base_url=base_url)

    def shown(message: str) -> Sequence[str]:
        channel, _, ts = message.partition(":")
        answer = client.conversations_replies(channel=channel, ts=ts)
        return [message["text"] for message in answer["messages"]]

    return _Chat(SlackNotifier(token=_TOKEN, channel="C000000001", base_url=base_url), shown)
