"""Laws: whatever an authenticated sender sends, a reader answers, and what it says can be stored."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.webhooks.reader import Reading, Rejected, Request
from bot.webhooks.senders import SENDERS, read
from tests.webhooks.deliveries import authentic, endpoint, outcome, samples

NAMES = sorted({*SENDERS})
EVENTS = [
    *("push", "pull_request", "check_suite", "check_run", "status", "package", "registry_package", "ping"),
    *("create", "delete", "issue_comment", "repo:push", "repo:refs_changed", "pullrequest:created"),
    *("pr:merged", "pr:comment:added", "pullrequest:comment_created", "repo:commit_status_created"),
]
EVENT_HEADERS = ["X-GitHub-Event", "X-Gitea-Event", "X-Event-Key"]
TYPES = [
    "application/json",
    "application/x-www-form-urlencoded",
    "application/vnd.docker.distribution.events.v1+json",
    "application/cloudevents+json",
]
KEYS = [
    *("specversion", "type", "source", "id", "data", "event_data", "resources", "message", "detail"),
    *("updated_tags", "docker_url", "component", "asset", "domain", "image", "images", "TopicArn", "Message"),
    "action",
    "events",
    "target",
    "repository",
    "push_data",
    "tag",
    "ref",
    "package",
    "number",
    "head",
    "x",
]
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | ANY_TEXT, inner, max_size=4)
    ),
    max_leaves=15,
)
# The machine may be busy; time is bounded in test_body.py.
unhurried = settings(deadline=None)
STATUSES = {202, 204, 400, 401, 403, 413, 415}


def _hold(reading: Reading | Rejected) -> None:
    """What came of it is a value that a database, a log and an answer can take."""
    encoded = json.dumps(outcome(reading), ensure_ascii=False).encode()
    assert b"\\u0000" not in encoded
    if isinstance(reading, Rejected):
        assert reading.status in STATUSES
        assert reading.reason.isascii()
        assert reading.reason.isprintable()
    else:
        assert reading.delivery_key.isascii()
        assert reading.delivery_key.isprintable()


def _paths(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [path, *(found for key, child in children for found in _paths(child, (*path, key)))]


def _put(body: dict[str, Any], path: tuple[Any, ...], value: object) -> object:
    """The body with the value at the path, or taken out where it is `...`."""
    if not path:
        return None if value is ... else value
    changed = copy.deepcopy(body)
    here: Any = changed
    for step in path[:-1]:
        here = here[step]
    if value is ...:
        del here[path[-1]]
    else:
        here[path[-1]] = value
    return changed


@pytest.mark.parametrize("sender", NAMES)
@unhurried
@given(body=st.binary(max_size=300), event=st.sampled_from(EVENTS), content_type=st.sampled_from(TYPES))
def test_any_bytes_are_answered(sender: str, body: bytes, event: str, content_type: str) -> None:
    headers = {**dict.fromkeys(EVENT_HEADERS, event), "Content-Type": content_type}
    _hold(read(authentic(sender, body, headers=headers), endpoint(sender)))


@pytest.mark.parametrize("sender", NAMES)
@unhurried
@given(value=ANY_JSON, event=st.sampled_from(EVENTS))
def test_any_json_is_answered(sender: str, value: object, event: str) -> None:
    headers = dict.fromkeys(EVENT_HEADERS, event)
    request = authentic(sender, json.dumps(value).encode(), headers=headers)
    _hold(read(request, endpoint(sender)))


@unhurried
@given(data=st.data())
def test_a_valid_body_with_anything_in_any_place_is_answered(data: st.DataObject) -> None:
    given_sample = data.draw(st.sampled_from(samples()))
    path = data.draw(st.sampled_from(_paths(given_sample.body)))
    changed = _put(given_sample.body, path, data.draw(ANY_JSON | st.just(...)))
    _hold(read(given_sample.request(changed), endpoint(given_sample.sender)))


@pytest.mark.parametrize(
    "value", [..., None, True, 0, -1, 10**30, "", "\x00", "\ud800", [], [None], {}], ids=ascii
)
def test_a_valid_body_with_each_kind_of_value_in_every_place_is_answered(value: object) -> None:
    for given_sample in samples():
        for path in _paths(given_sample.body):
            changed = _put(given_sample.body, path, value)
            _hold(read(given_sample.request(changed), endpoint(given_sample.sender)))


@unhurried
@given(
    sender=st.sampled_from(NAMES),
    headers=st.dictionaries(
        st.sampled_from(
            [
                "Authorization", "X-Hub-Signature-256", "X-GitHub-Event", "X-GitHub-Delivery", "Content-Type",
                "Content-Encoding",
            ]
        ),
        ANY_TEXT,
    ),
    secret=ANY_TEXT,
)  # fmt: skip
def test_any_headers_are_answered(sender: str, headers: dict[str, str], secret: str) -> None:
    _hold(read(Request(headers, b"{}", {"secret": secret}), endpoint(sender)))


@pytest.mark.parametrize("sender", NAMES)
@unhurried
@given(
    headers=st.dictionaries(
        st.sampled_from(["X-GitHub-Event", "X-GitHub-Delivery", "Content-Type"]), ANY_TEXT
    )
)
def test_any_headers_of_an_authentic_request_are_answered(sender: str, headers: dict[str, str]) -> None:
    _hold(read(authentic(sender, b"{}", headers=headers), endpoint(sender)))
