"""Slack: slash commands, pressed buttons, and the events of a Slack app.

https://docs.slack.dev/interactivity/implementing-slash-commands
https://docs.slack.dev/reference/interaction-payloads
https://docs.slack.dev/apis/events-api
All three come to one address. An answer is posted to `response_url`, so it must be at Slack's own host.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from bot.domain.chat_fact import Challenged, CommandGiven, Interacted, Pressed
from bot.domain.fact import Fact, Ignored
from bot.webhooks.auth import slack_signature
from bot.webhooks.body import Json, decode, form
from bot.webhooks.fields import (
    clean,
    clean_text,
    mapping,
    objects,
    optional_clean_text,
    optional_mapping,
    optional_text,
    text,
    word,
)
from bot.webhooks.reader import (
    Endpoint,
    Reading,
    Rejected,
    Request,
    Unreadable,
    attempt,
    content_type,
    delivery_key,
    refuse_bounds,
)

_FORM = "application/x-www-form-urlencoded"
_CONTENT_TYPES = frozenset({"application/json", _FORM})
_ANSWERS_AT = "hooks.slack.com"
_MOST_ACTIONS = 25


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read a command, an interaction or an event."""
    return (
        refuse_bounds(request, endpoint, _CONTENT_TYPES)
        or slack_signature(request, endpoint.secrets)
        or attempt(_parse, request, endpoint)
    )


def _parse(request: Request, endpoint: Endpoint) -> Reading:  # noqa: ARG001 - any endpoint reads alike
    if content_type(request) != _FORM:
        return _event(decode(request.body), request)
    fields: Json = {**form(request.body)}
    if "payload" in fields:
        payload = decode(text(fields, "payload").encode(errors="surrogatepass"))
        return _reading(_interaction(payload), optional_text(payload, "trigger_id"), request)
    if "ssl_check" in fields:
        return _reading(Ignored(reason="certificate check"), None, request)
    return _reading(_command(fields), optional_text(fields, "trigger_id"), request)


def _reading(fact: Fact, key: str | None, request: Request) -> Reading:
    return Reading(delivery_key(key, request), (fact,))


def _event(body: Json, request: Request) -> Reading:
    kind = text(body, "type")
    if kind == "url_verification":
        return _reading(Challenged(challenge=clean_text(body, "challenge")), None, request)
    inner = optional_text(body, "event.type")
    reason = f"event {word(inner)}" if inner else f"type {word(kind)}"
    # The same on each of the three further tries, which X-Slack-Retry-Num counts.
    return _reading(Ignored(reason=reason), optional_text(body, "event_id"), request)


def _command(fields: Json) -> CommandGiven:
    return CommandGiven(
        command=clean_text(fields, "command"),
        text=optional_clean_text(fields, "text") or "",
        user_id=clean_text(fields, "user_id"),
        user_name=optional_clean_text(fields, "user_name"),
        team_id=optional_clean_text(fields, "team_id"),
        channel_id=optional_clean_text(fields, "channel_id"),
        response_url=_response_url(fields),
        trigger_id=optional_clean_text(fields, "trigger_id"),
    )


def _interaction(payload: Json) -> Interacted:
    container = optional_mapping(payload, "container")
    user = mapping(payload, "user")
    # A whole organisation's install has no team but the user's.
    team = optional_clean_text(payload, "team.id") or optional_clean_text(user, "team_id")
    return Interacted(
        type=clean_text(payload, "type"),
        user_id=clean_text(user, "id"),
        team_id=team,
        channel_id=optional_clean_text(payload, "channel.id") or optional_clean_text(container, "channel_id"),
        message_ts=optional_clean_text(payload, "message.ts") or optional_clean_text(container, "message_ts"),
        response_url=_response_url(payload),
        trigger_id=optional_clean_text(payload, "trigger_id"),
        actions=_actions(payload),
    )


def _actions(payload: Json) -> tuple[Pressed, ...]:
    found = objects(payload, "actions")
    if len(found) > _MOST_ACTIONS:
        raise Unreadable("too many actions")
    return tuple(
        Pressed(
            action_id=clean_text(action, "action_id"),
            block_id=optional_clean_text(action, "block_id"),
            type=clean_text(action, "type"),
            value=_value(action),
        )
        for action in found
    )


def _value(action: Json) -> str | None:
    """A button's value, or what was chosen, typed or picked."""
    paths = (
        "value",
        "selected_option.value",
        "selected_user",
        "selected_channel",
        "selected_conversation",
        "selected_date",
        "selected_time",
    )
    return next((found for path in paths if (found := optional_clean_text(action, path))), None)


def _response_url(source: Mapping[str, object]) -> str | None:
    given = optional_text(dict(source), "response_url")
    if given is None:
        return None
    try:
        parts = urlsplit(given)
        is_slacks = (parts.scheme, parts.netloc) == ("https", _ANSWERS_AT)
    except ValueError:
        is_slacks = False
    if not is_slacks or not given.isascii() or not given.isprintable():
        raise Unreadable("response_url is not at hooks.slack.com")
    return clean(given)
