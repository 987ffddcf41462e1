"""Slack's answers, all of them: what is tried again, what stops, and what is never posted twice."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from bot.adapters.notifiers import slack_client
from bot.adapters.notifiers.slack import SlackNotifier
from bot.domain.errors import (
    Denied,
    Limited,
    NotFound,
    Refused,
    TagboatError,
    Transient,
    Unreachable,
)
from bot.ports import Notifier
from tests.adapters.notifiers.fake_slack import CHANNEL, LOST, Answer, FakeSlack, error, fake_slack
from tests.kit.stores import notice

_TOKEN = "xoxb-canary-s3cret"
_NOTICE = notice("opened")


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with fake_slack() as slack:
        yield slack


@pytest.fixture
def notifier(slack: FakeSlack) -> SlackNotifier:
    return SlackNotifier(token=_TOKEN, channel="#deploys", base_url=slack.url)


_LIMIT = Answer(b'{"ok":false,"error":"ratelimited"}', 429, {"Retry-After": "17"})
_HTML = Answer(b"<html>Bad gateway</html>", 502, {"Content-Type": "text/html"})


@pytest.mark.parametrize(
    ("answer", "expected", "says"),
    [
        (_LIMIT, Limited, "slow down"),
        (Answer(b"", 429), Limited, "slow down"),
        (error("ratelimited"), Limited, "slow down"),
        (_HTML, Unreachable, "HTTP 502"),
        (Answer(b"<html>Log in to the hotel</html>"), Unreachable, "fault of its own"),
        (Answer(b"[]"), Unreachable, "fault of its own"),
        (Answer(b"[1]"), Unreachable, "does not answer"),
        (Answer(b'{"ok":true}'), Unreachable, "does not name the message"),
        (Answer(b"\xff\xfe"), Unreachable, "does not answer"),
        (Answer(status=0), Unreachable, "does not answer"),
        (error("internal_error"), Unreachable, "internal_error"),
        (error("invalid_auth"), Denied, "invalid_auth .*token"),
        (error("token_revoked"), Denied, "token_revoked .*token"),
        (error("missing_scope"), Denied, "chat:write"),
        (error("channel_not_found"), NotFound, "deploys: channel_not_found .*/invite"),
        (error("not_in_channel"), NotFound, "/invite"),
        (error("is_archived"), NotFound, "is_archived"),
        (error("msg_too_long"), Refused, "msg_too_long"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_every_answer_has_its_error(
    slack: FakeSlack, notifier: SlackNotifier, answer: Answer, expected: type[TagboatError], says: str
) -> None:
    slack.will("chat.postMessage", answer)
    with pytest.raises(expected, match=says) as caught:
        notifier.begin(_NOTICE)
    assert slack.calls == ["chat.postMessage"], "nothing is sent a second time behind our back"
    assert _TOKEN not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("header", "expected"),
    [("17", 17), ("0", 0), ("soon", 30), ("-5", 30), ("9" * 30, 30), ("1.5", 30)],
)
def test_a_limit_says_how_long_to_wait(
    slack: FakeSlack, notifier: SlackNotifier, header: str, expected: int
) -> None:
    slack.will("chat.postMessage", Answer(b"{}", 429, {"Retry-After": header}))
    with pytest.raises(Limited) as caught:
        notifier.begin(_NOTICE)
    assert caught.value.retry_after == timedelta(seconds=expected)


def test_a_server_that_is_not_there_is_unreachable(notifier: SlackNotifier) -> None:
    nowhere = SlackNotifier(token=_TOKEN, channel="#deploys", base_url="http://127.0.0.1:1/api/")
    with pytest.raises(Unreachable, match="does not answer"):
        nowhere.begin(_NOTICE)


_CALLS: dict[str, Callable[[Notifier, str], object]] = {
    "reply": lambda notifier, thread: notifier.reply(thread, _NOTICE),
    "revise": lambda notifier, thread: notifier.revise(thread, _NOTICE),
    "has_reply": lambda notifier, thread: notifier.has_reply(thread, _NOTICE),
    "find": lambda notifier, thread: notifier.find(_NOTICE),
    "permalink": lambda notifier, thread: notifier.permalink(thread),
}

_METHODS = (
    *("chat.postMessage", "chat.update", "chat.getPermalink"),
    *("conversations.replies", "conversations.history"),
)


@pytest.mark.parametrize("call", _CALLS)
@pytest.mark.parametrize("answer", [_LIMIT, _HTML, Answer(status=0)], ids=["limit", "fault", "cut"])
def test_every_call_passes_its_fault_on(
    slack: FakeSlack, notifier: SlackNotifier, call: str, answer: Answer
) -> None:
    thread = notifier.begin(_NOTICE)
    for method in _METHODS:
        slack.will(method, answer)
    with pytest.raises(Transient):
        _CALLS[call](notifier, thread)


def test_a_post_whose_answer_was_lost_is_found(slack: FakeSlack, notifier: SlackNotifier) -> None:
    slack.will("chat.postMessage", LOST, LOST)
    with pytest.raises(Unreachable):
        notifier.begin(_NOTICE)
    thread = notifier.find(_NOTICE)
    assert thread is not None
    with pytest.raises(Unreachable):
        notifier.reply(thread, _NOTICE)
    assert notifier.has_reply(thread, _NOTICE)
    assert len(slack.messages) == 2


@pytest.mark.parametrize("channel", ["#deploys", "deploys", CHANNEL])
def test_a_channel_goes_by_name_or_id(slack: FakeSlack, channel: str) -> None:
    notifier = SlackNotifier(token=_TOKEN, channel=channel, base_url=slack.url)
    thread = notifier.begin(_NOTICE)
    assert notifier.find(_NOTICE) == thread == f"{CHANNEL}:1700000000.000000"


def test_a_channel_that_is_not_listed_cannot_be_searched(slack: FakeSlack) -> None:
    notifier = SlackNotifier(token=_TOKEN, channel="#secret", base_url=slack.url)
    with structlog.testing.capture_logs() as logs:
        assert notifier.find(_NOTICE) is None
    assert [(entry["event"], entry["channel"]) for entry in logs] == [("slack_channel_unknown", "#secret")]


@pytest.mark.parametrize("method", ["conversations.list", "conversations.history"])
@pytest.mark.parametrize("code", ["missing_scope", "not_in_channel"])
def test_a_bot_that_may_not_read_finds_nothing_and_says_so(
    slack: FakeSlack, notifier: SlackNotifier, method: str, code: str
) -> None:
    notifier.begin(_NOTICE)
    slack.will(method, error(code))
    with structlog.testing.capture_logs() as logs:
        assert notifier.find(_NOTICE) is None
    assert "slack_cannot_look" in {entry["event"] for entry in logs}


def test_a_bot_that_may_not_read_a_thread_sees_no_line(slack: FakeSlack, notifier: SlackNotifier) -> None:
    thread = notifier.begin(_NOTICE)
    notifier.reply(thread, _NOTICE)
    slack.will("conversations.replies", error("missing_scope"))
    assert not notifier.has_reply(thread, _NOTICE)


@pytest.mark.parametrize("newer", [0, 199, 200, 599])
def test_a_thread_is_found_behind_newer_messages(
    slack: FakeSlack, notifier: SlackNotifier, newer: int
) -> None:
    thread = notifier.begin(_NOTICE)
    slack.messages += [{"ts": f"18{number:08}.0", "text": "chatter"} for number in range(newer)]
    assert notifier.find(_NOTICE) == thread
    assert slack.calls.count("conversations.history") == newer // 200 + 1


def test_the_search_ends_after_some_pages(slack: FakeSlack, notifier: SlackNotifier) -> None:
    slack.messages += [{"ts": f"18{number:08}.0", "text": "chatter"} for number in range(2000)]
    assert notifier.find(_NOTICE) is None
    assert slack.calls.count("conversations.history") == 3


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        "text",
        {"event_type": "other", "event_payload": {"thread": _NOTICE.thread}},
        {"event_type": "tagboat", "event_payload": [1]},
        {"event_type": "tagboat"},
    ],
)
def test_messages_of_others_are_not_taken_for_ours(
    slack: FakeSlack, notifier: SlackNotifier, metadata: object
) -> None:
    slack.messages.append({"ts": "1.0", "text": "hello", "metadata": metadata})
    assert notifier.find(_NOTICE) is None
    assert not notifier.has_reply(f"{CHANNEL}:1.0", _NOTICE)


def test_a_headline_that_a_human_deleted_is_not_missed(slack: FakeSlack, notifier: SlackNotifier) -> None:
    thread = notifier.begin(_NOTICE)
    slack.will("chat.update", error("message_not_found"))
    notifier.revise(thread, replace(_NOTICE, headline="new"))
    assert slack.shown(thread) == [_NOTICE.headline]


def test_links_are_not_unfolded_and_messages_carry_their_names(
    slack: FakeSlack, notifier: SlackNotifier
) -> None:
    notifier.reply(notifier.begin(_NOTICE), _NOTICE)
    assert [(one["unfurl_links"], one["unfurl_media"]) for one in slack.messages] == [(False, False)] * 2
    assert [one["metadata"]["event_payload"] for one in slack.messages] == [
        {"thread": "web/1"},
        {"thread": "web/1", "key": "opened"},
    ]


@pytest.mark.parametrize("url", ["http://slack.example.com/api/", "ftp://127.0.0.1/", "slack.com/api"])
def test_the_token_goes_over_no_open_line(url: str) -> None:
    with pytest.raises(Refused, match="https"):
        SlackNotifier(token=_TOKEN, channel="#deploys", base_url=url)


def test_the_token_does_not_follow_a_redirect(slack: FakeSlack, notifier: SlackNotifier) -> None:
    slack.will("chat.postMessage", Answer(status=302, headers={"Location": slack.url + "elsewhere"}))
    with pytest.raises(TagboatError):
        notifier.begin(_NOTICE)
    assert slack.redirected == [None]


@pytest.mark.parametrize("status", [200, 404])
def test_a_bounded_part_of_an_answer_is_read(
    slack: FakeSlack, notifier: SlackNotifier, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(slack_client, "_LARGEST", 100_000)
    slack.will("chat.postMessage", Answer(b" " * 100_001, status), Answer(b"{}".rjust(100_000), status))
    with pytest.raises(Unreachable, match="more than 100000 bytes"):
        notifier.begin(_NOTICE)
    with pytest.raises(Unreachable, match=f"HTTP {status}"):
        notifier.begin(_NOTICE)


def test_an_answer_that_comes_in_drops_is_not_waited_for(
    slack: FakeSlack, notifier: SlackNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_client, "_LONGEST_SECONDS", -1.0)
    with pytest.raises(Unreachable, match="too slow"):
        notifier.begin(_NOTICE)


def test_the_token_is_shown_nowhere(
    slack: FakeSlack, notifier: SlackNotifier, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    slack.will("chat.postMessage", _HTML, Answer(status=0))
    for _ in range(2):
        with pytest.raises(Unreachable):
            notifier.begin(_NOTICE)
    assert slack.tokens == {f"Bearer {_TOKEN}"}
    assert _TOKEN not in caplog.text + repr(notifier)


def test_the_address_of_a_thread_is_asked_for_once(slack: FakeSlack, notifier: SlackNotifier) -> None:
    thread = notifier.begin(_NOTICE)
    assert notifier.permalink(thread) == f"https://acme.slack.com/archives/{CHANNEL}/p1700000000000000"
    assert notifier.permalink(thread) == notifier.permalink(thread)
    assert slack.calls.count("chat.getPermalink") == 1


@pytest.mark.parametrize(
    "permalink",
    [None, 7, "", "javascript:alert(1)", "https://slack.example/)](x", "https://slack.example/a b"],
    ids=["none", "a number", "empty", "a script", "a bracket", "a space"],
)
def test_what_is_no_address_is_not_taken_for_one(
    slack: FakeSlack, notifier: SlackNotifier, permalink: object
) -> None:
    thread = notifier.begin(_NOTICE)
    slack.will("chat.getPermalink", Answer(json.dumps({"ok": True, "permalink": permalink}).encode()))
    assert notifier.permalink(thread) is None
