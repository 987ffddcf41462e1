"""Azure Container Registry: one event per body, in the words of a distribution registry.

https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference
What proves the sender is a header set by `az acr webhook create --headers`, or a secret in the address.
"""

from __future__ import annotations

from bot.domain.fact import Fact, Ignored, Pinged
from bot.webhooks import images
from bot.webhooks.auth import header_or_address
from bot.webhooks.body import Json, decode
from bot.webhooks.fields import mapping, optional_clean_text, optional_text, text, word
from bot.webhooks.reader import (
    Endpoint,
    Reading,
    Rejected,
    Request,
    attempt,
    delivery_key,
    refuse_bounds,
)

_CONTENT_TYPES = frozenset({"application/json"})


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read one event: the push of a tag, a ping, or something that is ignored."""
    return (
        header_or_address(request, endpoint)
        or refuse_bounds(request, endpoint, _CONTENT_TYPES)
        or attempt(_parse, request, endpoint)
    )


def _parse(request: Request, endpoint: Endpoint) -> Reading:
    body = decode(request.body)
    return Reading(delivery_key(optional_text(body, "id"), request), (_fact(body, endpoint),))


def _fact(body: Json, endpoint: Endpoint) -> Fact:
    action = text(body, "action")
    if action == "ping":
        return Pinged()
    if action != "push":
        return Ignored(reason=f"action {word(action)}")
    target = mapping(body, "target")
    media_type = optional_clean_text(target, "mediaType")
    if media_type is not None and media_type not in images.MANIFESTS:
        return Ignored(reason="not a manifest")
    return images.pushed(
        images.located(endpoint.registry or text(body, "request.host"), text(target, "repository"), endpoint),
        optional_text(target, "tag"),
        endpoint,
        digest_given=optional_text(target, "digest"),
        media_type=media_type,
    )
