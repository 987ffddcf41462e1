"""Slack: commands, buttons and events, and where an answer may go."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.webhooks.reader import Reading, Rejected, Request
from bot.webhooks.senders import read
from tests.webhooks.deliveries import NOW, authentic, endpoint, outcome, sample, slack_headers

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _form(body: bytes) -> Reading | Rejected:
    return read(authentic("slack", body, headers=FORM), endpoint("slack"))


def _pressed(**changed: Any) -> Reading | Rejected:
    given = sample("slack_button")
    return read(given.request({**given.body, **changed}), endpoint("slack"))


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/actions/x",
        "https://hooks.slack.com.evil.example.com/x",
        "https://user@hooks.slack.com/x",
        "https://hooks.slack.com:8443/x",
        "https://evil.example.com/hooks.slack.com",
        "https://hooks.sl\u0430ck.com/x",
        "//hooks.slack.com/x",
        "https://hooks.slack.com/a b\n",
        "https://[hooks.slack.com/",
        "file:///etc/passwd",
    ],
)
def test_an_answer_goes_to_slack_and_nowhere_else(url: str) -> None:
    refusal = Rejected(400, "response_url is not at hooks.slack.com")
    assert _pressed(response_url=url) == refusal
    command = {**sample("slack_command").body, "response_url": url}
    assert _form(urlencode(command).encode()) == refusal


def test_a_form_of_slack_has_no_address_to_answer_to() -> None:
    changed = {"type": "view_submission", "response_url": None, "actions": None, "container": None}
    (fact,) = outcome(_pressed(**changed, channel=None, message=None))
    assert (fact["type"], fact["response_url"], fact["channel_id"], fact["actions"]) == (
        "view_submission",
        None,
        None,
        [],
    )


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ({"type": "button", "value": "a"}, "a"),
        ({"type": "button"}, None),
        ({"type": "static_select", "selected_option": {"value": "b"}}, "b"),
        ({"type": "static_select", "selected_option": None}, None),
        ({"type": "datepicker", "selected_date": "2026-11-20"}, "2026-11-20"),
        ({"type": "users_select", "selected_user": "U2"}, "U2"),
    ],
)
def test_what_was_chosen_is_the_value(action: dict[str, Any], value: str | None) -> None:
    (fact,) = outcome(_pressed(actions=[{"action_id": "x", **action}]))
    assert fact["actions"][0]["value"] == value


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"command=/x&command=/y", "command given twice"),
        (b"text=hello", "missing command"),
        (b"payload=%5B%5D", "body is not an object"),
        (b"payload=", "body is empty"),
        (b"\xff=1", "body is not UTF-8"),
        (b"&".join(b"k%d=1" % number for number in range(40)), "too many form fields"),
    ],
)
def test_a_form_of_the_wrong_shape_is_refused(body: bytes, reason: str) -> None:
    assert _form(body) == Rejected(400, reason)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"user": None}, "user is not an object"),
        ({"type": None}, "type is not text"),
        ({"actions": [{}] * 26}, "too many actions"),
        ({"actions": [{"type": "button"}]}, "missing action_id"),
        ({"actions": {}}, "actions is not a list"),
    ],
)
def test_an_interaction_of_the_wrong_shape_is_refused(changed: dict[str, Any], reason: str) -> None:
    assert _pressed(**changed) == Rejected(400, reason)


@pytest.mark.parametrize(
    ("late", "reason"),
    [
        (timedelta(minutes=5), None),
        (timedelta(minutes=-5), None),
        (timedelta(minutes=5, seconds=1), "timestamp too old"),
        (timedelta(minutes=-6), "timestamp too new"),
    ],
)
def test_what_was_signed_minutes_ago_is_taken_and_a_recorded_request_is_not(
    late: timedelta, reason: str | None
) -> None:
    request = replace(sample("slack_command").request(), received_at=NOW + late)
    reading = read(request, endpoint("slack"))
    assert (reading.reason if isinstance(reading, Rejected) else None) == reason


def test_without_the_time_of_arrival_nothing_is_let_in() -> None:
    request = replace(sample("slack_command").request(), received_at=None)
    assert isinstance(read(request, endpoint("slack")), Rejected)


@pytest.mark.parametrize(
    ("missing", "reason"),
    [("X-Slack-Signature", "no signature"), ("X-Slack-Request-Timestamp", "no timestamp")],
)
def test_a_request_without_its_proof_is_refused(missing: str, reason: str) -> None:
    headers = {name: value for name, value in slack_headers(b"{}").items() if name != missing}
    assert read(Request(headers, b"{}", received_at=NOW), endpoint("slack")) == Rejected(401, reason)


def test_an_event_that_comes_again_is_the_same_delivery() -> None:
    given = sample("slack_event")
    again = {**given.headers, "X-Slack-Retry-Num": "3", "X-Slack-Retry-Reason": "http_error"}
    request = authentic("slack", json.dumps(given.body).encode(), headers=again)
    first, second = (read(each, endpoint("slack")) for each in (given.request(), request))
    assert isinstance(first, Reading)
    assert first == second


def test_other_messages_of_an_app_are_ignored_by_their_name() -> None:
    body = json.dumps({"type": "app_rate_limited", "minute_rate_limited": 1}).encode()
    request = authentic("slack", body, headers={"Content-Type": "application/json"})
    assert outcome(read(request, endpoint("slack"))) == [
        {"kind": "ignored", "reason": "type app_rate_limited"}
    ]


def test_empty_text_after_a_command_is_empty_and_not_missing() -> None:
    body = urlencode({**sample("slack_command").body, "text": ""}).encode()
    (fact,) = outcome(_form(body))
    assert fact["text"] == ""
