"""The CNCF distribution registry (`registry:2`, `registry:3`): notification envelopes.

https://distribution.github.io/distribution/about/notifications/
A registry sends a refused envelope again until it is accepted, and everything later waits behind it: once
the sender is known, whatever cannot be taken is answered with 202 all the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from bot.domain.fact import Fact, Ignored
from bot.webhooks import images
from bot.webhooks.auth import static_header
from bot.webhooks.body import Json, decode
from bot.webhooks.fields import items, mapping, optional_clean_text, optional_text, text, word
from bot.webhooks.reader import Endpoint, Reading, Rejected, Request, Unreadable, attempt, each, refuse_bounds

_CONTENT_TYPES = frozenset(
    {
        "application/vnd.docker.distribution.events.v1+json",
        "application/vnd.docker.distribution.events.v2+json",
        "application/json",
    }
)
_MOST_EVENTS = 1000
_EVENT_ID = re.compile(r"[0-9A-Za-z._-]{1,100}")
_ACCEPTED = 202


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read an envelope: pushes of tagged manifests are facts, all else is ignored with a reason."""
    return static_header(request, endpoint.header, endpoint.secrets) or take(request, endpoint)


def take(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read an envelope of a sender who is known already."""
    reading = refuse_bounds(request, endpoint, _CONTENT_TYPES) or attempt(_parse, request, endpoint)
    return Rejected(_ACCEPTED, reading.reason) if isinstance(reading, Rejected) else reading


def _parse(request: Request, endpoint: Endpoint) -> Reading:
    events = items(decode(request.body), "events")
    if len(events) > _MOST_EVENTS:
        raise Unreadable("too many events")
    facts = each(partial(_fact, endpoint), events)
    return Reading(_delivery_key(events) or request.body_hash, facts)


def _delivery_key(events: Sequence[Any]) -> str | None:
    """The id of the event, or one made of the ids of all; None where an event has no usable id."""
    given = [event.get("id") for event in events if isinstance(event, dict)]
    ids = [each for each in given if isinstance(each, str) and _EVENT_ID.fullmatch(each)]
    if not ids or len(ids) < len(events):
        return None
    return ids[0] if len(ids) == 1 else f"sha256:{hashlib.sha256(' '.join(ids).encode()).hexdigest()}"


def _fact(endpoint: Endpoint, event: object) -> Fact:
    if not isinstance(event, dict):
        raise Unreadable("event is not an object")
    return _push(event, endpoint)


def _push(event: Json, endpoint: Endpoint) -> Fact:
    action = text(event, "action")
    if action != "push":
        return Ignored(reason=f"action {word(action)}")
    target = mapping(event, "target")
    media_type = optional_clean_text(target, "mediaType")
    given = optional_text(target, "tag")
    # GitLab's registry may leave the type out: what has a tag is a manifest.
    if media_type not in images.MANIFESTS and (media_type or given is None):
        return Ignored(reason="not a manifest")
    # The Host header that the client pushed to; `source` is the registry's own node.
    host = endpoint.registry or text(event, "request.host")
    image = images.located(host, text(target, "repository"), endpoint)
    digest = optional_text(target, "digest")
    return images.pushed(image, given, endpoint, digest_given=digest, media_type=media_type)
