"""The three sentences that every fault is held against: nothing lost, nothing twice, and a clear error.

Read from the fakes' own books and from what people see, never from Tagboat's memory.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.notice import Event
from bot.domain.status import State
from bot.flow.status import board, status_json
from tests.faults.stage import SECRETS, Stage

_LINES = (Event.OPENED, Event.MERGED, Event.SYNCED, Event.HEALTHY)
_LONGEST_SENTENCE = 600


def assert_all_is_well(stage: Stage, *, tags: Sequence[str] = ("1.1.0",)) -> None:
    """The last of `tags` is live everywhere; every release left one pull request and one thread."""
    _assert_nothing_is_lost(stage, tags[-1])
    _assert_nothing_is_there_twice(stage)
    assert_no_secret_is_shown(stage)
    assert_nothing_broke(stage)


def assert_one_release_went_through(stage: Stage) -> None:
    """As above for one release: two merges, each of one commit, and the eight lines of one thread."""
    assert_all_is_well(stage)
    assert [pull.state for pull in stage.hosted.pulls.values()] == ["merged", "merged"]
    assert len(stage.hosted.git.log("main")) == 5, "one commit and one merge per environment"
    told = Counter((key.split("/")[2], key.split("/")[3]) for key in lines(stage))
    assert told == Counter((name, str(event)) for name in ("dev", "prod") for event in _LINES)
    assert not [text for text in _texts(stage) if "by hand" in text], "Tagboat's own merges are told as such"


def assert_says(stage: Stage, *words: str) -> str:
    """While the fault lasts, one sentence on the board holds all of these words; return it."""
    found = [text for text in sentences(stage) if all(word in text for word in words)]
    assert found, f"nothing says {words}: {sentences(stage)}"
    assert "\n" not in found[0]
    assert len(found[0]) < _LONGEST_SENTENCE
    assert_no_secret_is_shown(stage)
    return found[0]


def sentences(stage: Stage) -> list[str]:
    """Every reason that people see: of the pipeline, its environments and their Applications."""
    shown = stage.shown()
    reasons = [shown.problem, *(each.reason for each in shown.environments)]
    return [text for text in reasons if text]


def assert_nothing_was_done(stage: Stage, environment: str = "dev", tag: str = "1.0.0") -> None:
    """The environment still has the tag that it had."""
    assert stage.file(environment) == stage.values(tag)
    assert stage.status(environment).state is not State.DEGRADED


def lines(stage: Stage) -> list[str]:
    """The keys of the lines told about releases, in order; blocked ones are in threads of their own."""
    return [key for key in _keys(stage) if "/blocked/" not in key]


def blocked(stage: Stage) -> list[str]:
    """The texts of the threads that call for a human."""
    replies = [m for m in stage.slack.messages if "/blocked/" in _payload(m).get("key", "")]
    return [str(message["text"]) for message in replies]


def assert_nothing_broke(stage: Stage) -> None:
    """No exception but the expected ones was met."""
    assert not [entry for entry in stage.logs if entry["event"] in ("pipeline_broke", "notice_broke")]


def assert_no_secret_is_shown(stage: Stage) -> None:
    """Neither the board, nor the chat, nor the log holds a token or a password."""
    seen = json.dumps(
        [status_json(board(stage.world)), stage.slack.messages, [dict(entry) for entry in stage.logs]],
        default=repr,
    )
    assert not [secret for secret in SECRETS if secret in seen]


def _assert_nothing_is_lost(stage: Stage, tag: str) -> None:
    for name in ("dev", "prod"):
        assert stage.file(name) == stage.values(tag), name
        assert stage.status(name).state is State.LIVE, name
    assert stage.is_still(), "something waits to be told"


def _assert_nothing_is_there_twice(stage: Stage) -> None:
    proposed = Counter((pull.branch, _release(pull.body)) for pull in stage.hosted.pulls.values())
    assert set(proposed.values()) == {1}, f"pull requests: {proposed}"
    told = Counter(_keys(stage))
    assert set(told.values()) == {1}, f"lines: {told}"
    threads = Counter(_payload(m)["thread"] for m in stage.slack.messages if "thread_ts" not in m)
    assert set(threads.values()) == {1}, f"threads: {threads}"


def _release(body: str) -> str:
    found = re.search(r"tagboat release=([0-9a-f]+)", body)
    return found[1] if found else ""


def _keys(stage: Stage) -> list[str]:
    return [key for message in stage.slack.messages if (key := _payload(message).get("key"))]


def _texts(stage: Stage) -> list[str]:
    return [str(message["text"]) for message in stage.slack.messages]


def _payload(message: Mapping[str, Any]) -> Mapping[str, str]:
    metadata = message.get("metadata")
    metadata = json.loads(metadata) if isinstance(metadata, str) else metadata or {}
    payload: Mapping[str, str] = metadata["event_payload"]
    return payload
