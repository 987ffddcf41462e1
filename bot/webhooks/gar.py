"""Google Artifact Registry, and gcr.io: messages of the Pub/Sub topic `gcr`, pushed wrapped or unwrapped.

https://cloud.google.com/artifact-registry/docs/configure-notifications
https://cloud.google.com/pubsub/docs/push
Pub/Sub sends again, for days, whatever is not answered with success: once the sender is known, what cannot be
taken is answered with 204 all the same.
"""

from __future__ import annotations

import base64
import binascii

from bot.domain.fact import Fact, Ignored
from bot.webhooks import images
from bot.webhooks.body import Json, decode
from bot.webhooks.fields import mapping, optional_text, text, word
from bot.webhooks.identity import google_identity
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
_TAKEN = 204


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read one message: the push of a tag is a fact, all else is ignored."""
    refusal = google_identity(request, endpoint.identity)
    if refusal:
        return refusal
    reading = refuse_bounds(request, endpoint, _CONTENT_TYPES) or attempt(_parse, request, endpoint)
    return Rejected(_TAKEN, reading.reason) if isinstance(reading, Rejected) else reading


def _parse(request: Request, endpoint: Endpoint) -> Reading:
    body = decode(request.body)
    if "message" not in body:
        key = delivery_key(request.header("x-goog-pubsub-message-id"), request)
        return Reading(key, (_fact(body, endpoint),))
    message = mapping(body, "message")
    given = optional_text(message, "messageId") or optional_text(message, "message_id")
    return Reading(delivery_key(given, request), (_wrapped(message, endpoint),))


def _wrapped(message: Json, endpoint: Endpoint) -> Fact:
    try:
        data = base64.b64decode(optional_text(message, "data") or "", validate=True)
    except ValueError as error:  # Not base64, or not even ASCII.
        reason = "data is not base64" if isinstance(error, binascii.Error) else "data is not ASCII"
        raise Unreadable(reason) from None
    if not data.lstrip().startswith(b"{"):
        return Ignored(reason="not a message of a registry")
    return _fact(decode(data), endpoint)


def _fact(message: Json, endpoint: Endpoint) -> Fact:
    if "action" not in message:
        return Ignored(reason="not a message of a registry")
    action = text(message, "action")
    if action != "INSERT":
        return Ignored(reason=f"action {word(action)}")
    tagged = _reference(message, "tag")
    by_digest = _reference(message, "digest")
    found = tagged or by_digest
    if found is None:
        raise Unreadable("missing tag and digest")
    if tagged and by_digest and (tagged.host, tagged.path) != (by_digest.host, by_digest.path):
        raise Unreadable("tag and digest disagree")
    return images.pushed(
        images.located(found.host, found.path, endpoint),
        tagged.tag if tagged else None,
        endpoint,
        digest_given=by_digest.digest if by_digest else None,
    )


def _reference(message: Json, key: str) -> images.Reference | None:
    """`host/path:tag` or `host/path@digest`; each message has full references, never bare tags."""
    given = optional_text(message, key)
    if given is None:
        return None
    found = images.reference(given)
    if not found.path or getattr(found, key) is None:
        raise Unreadable(f"{key} is not a full reference")
    return found
