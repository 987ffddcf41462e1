"""Bitbucket, Cloud and Data Center: pushes, pull requests, statuses and comments.

Both name the event in `X-Event-Key`, each with words of its own, and sign with `X-Hub-Signature: sha256=…`.
Neither gives the address that is cloned, so the repository is found among the configured ones.
"""

from __future__ import annotations

from bot.domain.fact import Ignored
from bot.webhooks import bitbucket_cloud, bitbucket_data_center
from bot.webhooks.auth import hub_signature
from bot.webhooks.body import decode
from bot.webhooks.fields import word
from bot.webhooks.reader import (
    Endpoint,
    Reading,
    Rejected,
    Request,
    Unreadable,
    attempt,
    delivery_key,
    refuse_bounds,
)

_CONTENT_TYPES = frozenset({"application/json"})
_EVENTS = {**bitbucket_cloud.EVENTS, **bitbucket_data_center.EVENTS}


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read one event; a push of several branches and tags gives a fact for each."""
    return (
        refuse_bounds(request, endpoint, _CONTENT_TYPES)
        or hub_signature(request, endpoint.secrets, "X-Hub-Signature")
        or attempt(_parse, request, endpoint)
    )


def _parse(request: Request, endpoint: Endpoint) -> Reading:
    event = request.header("X-Event-Key")
    if not event:
        raise Unreadable("no X-Event-Key header")
    body = decode(request.body)
    facts_of = _EVENTS.get(event)
    facts = facts_of(body, endpoint) if facts_of else (Ignored(reason=f"event {word(event)}"),)
    key = request.header("X-Request-UUID") or request.header("X-Request-Id")
    return Reading(delivery_key(key, request), facts)
