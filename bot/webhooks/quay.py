"""Quay: pushes of a repository, one fact for each updated tag.

https://docs.quay.io/guides/notifications.html
Nothing is signed, and no event is named: only a push has `updated_tags`. There is no id, digest or time
either, so that two pushes of one tag have equal bodies: they are told apart by when they came.
"""

from __future__ import annotations

from functools import partial

from bot.domain.fact import Fact, Ignored
from bot.domain.image import ImageName
from bot.webhooks import images
from bot.webhooks.auth import url_secret
from bot.webhooks.body import Json, decode
from bot.webhooks.fields import optional_text, sequence, text
from bot.webhooks.reader import (
    Endpoint,
    Reading,
    Rejected,
    Request,
    Unreadable,
    attempt,
    each,
    refuse_bounds,
)

_CONTENT_TYPES = frozenset({"application/json"})
_MOST_TAGS = 1000


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read a push; other events are ignored."""
    return (
        url_secret(request, endpoint.secrets)
        or refuse_bounds(request, endpoint, _CONTENT_TYPES)
        or attempt(_parse, request, endpoint)
    )


def _parse(request: Request, endpoint: Endpoint) -> Reading:
    body = decode(request.body)
    return Reading(_delivery_key(request), _facts(body, endpoint))


def _delivery_key(request: Request) -> str:
    """The body's hash with the minute: a repeat in the next costs a look, a push taken for one is lost."""
    minute = int(request.received_at.timestamp() // 60) if request.received_at else 0
    return f"{request.body_hash} {minute}"


def _facts(body: Json, endpoint: Endpoint) -> tuple[Fact, ...]:
    if "updated_tags" not in body:
        return (Ignored(reason="not a push event"),)
    tags = sequence(body, "updated_tags")
    if len(tags) > _MOST_TAGS:
        raise Unreadable("too many tags", 413)
    image = _image(body, endpoint)
    return each(partial(_fact, image, endpoint), tags) or (Ignored(reason="untagged", image=image),)


def _fact(image: ImageName, endpoint: Endpoint, tag: object) -> Fact:
    if not isinstance(tag, str):
        raise Unreadable("a tag is not text")
    return images.pushed(image, images.tag(tag), endpoint)


def _image(body: Json, endpoint: Endpoint) -> ImageName:
    """The name that is pulled; `name` alone can be another thing in fixtures and old releases."""
    pulled = images.reference(text(body, "docker_url"))
    named = optional_text(body, "repository")
    if named is not None and named != pulled.path:
        raise Unreadable("repository and docker_url disagree")
    return images.located(endpoint.registry or pulled.host, pulled.path, endpoint)
