"""Tagboat's own small format, for pipelines of CI and everything that has no reader of its own.

    {"image": "ghcr.io/acme/web", "tag": "1.4.2", "digest": "sha256:…"}

`digest` may be left out; several pushes are `{"images": [{…}, {…}]}`. The delivery is signed as Standard
Webhooks say, which any of their libraries does: https://www.standardwebhooks.com
"""

from __future__ import annotations

from functools import partial

from bot.domain.fact import Fact
from bot.domain.image import parse_image_name
from bot.webhooks import images
from bot.webhooks.auth import standard_signature
from bot.webhooks.body import Json, decode
from bot.webhooks.fields import optional_text, sequence, text
from bot.webhooks.reader import (
    Endpoint,
    Reading,
    Rejected,
    Request,
    Unreadable,
    attempt,
    delivery_key,
    each,
    refuse_bounds,
)

_CONTENT_TYPES = frozenset({"application/json"})
_MOST_IMAGES = 1000


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read pushes of one or several tags."""
    return (
        refuse_bounds(request, endpoint, _CONTENT_TYPES)
        or standard_signature(request, endpoint.secrets)
        or attempt(_parse, request, endpoint)
    )


def _parse(request: Request, endpoint: Endpoint) -> Reading:
    key = delivery_key(request.header("webhook-id"), request)
    return Reading(key, facts(decode(request.body), endpoint))


def facts(body: Json, endpoint: Endpoint) -> tuple[Fact, ...]:
    """The pushes that a body in this format tells of."""
    if "images" not in body:
        return (_fact(endpoint, body),)
    if "image" in body:
        raise Unreadable("image and images exclude each other")
    listed = sequence(body, "images")
    if len(listed) > _MOST_IMAGES:
        raise Unreadable("too many images", 413)
    return each(partial(_fact, endpoint), listed)


def _fact(endpoint: Endpoint, pushed: object) -> Fact:
    if not isinstance(pushed, dict):
        raise Unreadable("an item of images is not an object")
    written = text(pushed, "image")
    try:
        name = parse_image_name(written if written.isascii() else "")
    except ValueError:
        raise Unreadable("image is not the name of an image without a tag") from None
    image = images.located(name.registry, name.path, endpoint)
    digest = optional_text(pushed, "digest")
    return images.pushed(image, images.tag(text(pushed, "tag")), endpoint, digest_given=digest)
