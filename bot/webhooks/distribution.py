"""The CNCF distribution registry (`registry:2`, `registry:3`): notification envelopes.

https://distribution.github.io/distribution/about/notifications/
A registry sends a refused envelope again until it is accepted, and everything later waits behind it: once
the sender is known, whatever cannot be taken is answered with 202 all the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from bot.domain.fact import Fact, Ignored, ImagePushed
from bot.webhooks import images
from bot.webhooks.auth import static_header
from bot.webhooks.body import Json, decode
from bot.webhooks.fields import items, mapping, optional_clean_text, optional_text, text, word
from bot.webhooks.reader import Endpoint, Reading, Rejected, Request, Unreadable, attempt, refuse_bounds

_CONTENT_TYPES = frozenset(
    {
        "application/vnd.docker.distribution.events.v1+json",
        "application/vnd.docker.distribution.events.v2+json",
        "application/json",
    }
)
_MANIFESTS = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    }
)
_MOST_EVENTS = 1000
_EVENT_ID = re.compile(r"[0-9A-Za-z._-]{1,100}")
_ACCEPTED = 202


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read an envelope: pushes of tagged manifests are facts, all else is ignored with a reason."""
    refusal = static_header(request, endpoint.header, endpoint.secrets)
    if refusal:
        return refusal
    reading = refuse_bounds(request, endpoint, _CONTENT_TYPES) or attempt(_parse, request, endpoint)
    return Rejected(_ACCEPTED, reading.reason) if isinstance(reading, Rejected) else reading


def _parse(request: Request, endpoint: Endpoint) -> Reading:
    events = items(decode(request.body), "events")
    if len(events) > _MOST_EVENTS:
        raise Unreadable("too many events")
    facts = [_fact(event, endpoint) for event in events]
    refused = [fact for fact in facts if isinstance(fact, Rejected)]
    if refused and len(refused) == len(facts):
        raise Unreadable(refused[0].reason)
    return Reading(
        _delivery_key(events) or request.body_hash,
        tuple(Ignored(reason=fact.reason) if isinstance(fact, Rejected) else fact for fact in facts),
    )


def _delivery_key(events: Sequence[Any]) -> str | None:
    """The id of the event, or one made of the ids of all; None where an event has no usable id."""
    given = [event.get("id") for event in events if isinstance(event, dict)]
    ids = [each for each in given if isinstance(each, str) and _EVENT_ID.fullmatch(each)]
    if not ids or len(ids) < len(events):
        return None
    return ids[0] if len(ids) == 1 else f"sha256:{hashlib.sha256(' '.join(ids).encode()).hexdigest()}"


def _fact(event: object, endpoint: Endpoint) -> Fact | Rejected:
    """One event; a bad one must not take the others of its envelope with it."""
    if not isinstance(event, dict):
        return Rejected(_ACCEPTED, "event is not an object")
    try:
        return _push(event, endpoint)
    except Unreadable as error:
        return Rejected(_ACCEPTED, error.reason)


def _push(event: Json, endpoint: Endpoint) -> Fact:
    action = text(event, "action")
    if action != "push":
        return Ignored(reason=f"action {word(action)}")
    target = mapping(event, "target")
    media_type = optional_clean_text(target, "mediaType")
    if media_type not in _MANIFESTS:
        return Ignored(reason="not a manifest")
    # The Host header that the client pushed to; `source` is the registry's own node.
    host = endpoint.registry or text(event, "request.host")
    image = images.located(host, text(target, "repository"), endpoint)
    digest = images.digest(optional_text(target, "digest"))
    given = optional_text(target, "tag")
    if given is None:
        return Ignored(reason="untagged", image=image, digest=digest.get("digest"))
    pushed = ImagePushed(image=image, tag=images.tag(given), media_type=media_type, **digest)
    return images.watched(pushed, endpoint)
