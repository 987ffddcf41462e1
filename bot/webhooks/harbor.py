"""Harbor: events of its projects, in its own format and as CloudEvents.

https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/
What proves the sender is the text that was typed into the policy as its auth header, with or without a scheme
word. The host is nowhere but in `resource_url`, which has no scheme.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from bot.domain.fact import Fact, Ignored
from bot.domain.image import is_digest
from bot.webhooks import images
from bot.webhooks.auth import whole_header
from bot.webhooks.body import Json, decode
from bot.webhooks.fields import items, mapping, optional_text, text
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

CLOUD_EVENT = "harbor.artifact.pushed"
"""The type of a push as a CloudEvent."""

_CONTENT_TYPES = frozenset({"application/json", "application/cloudevents+json"})
# The second is what Harbor 1.x called it.
_PUSHES = frozenset({"PUSH_ARTIFACT", "pushImage", CLOUD_EVENT})
_MOST_RESOURCES = 1000


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read one event: each tagged resource of a push is a fact, all else is ignored."""
    return (
        whole_header(request, "Authorization", endpoint.secrets)
        or refuse_bounds(request, endpoint, _CONTENT_TYPES)
        or attempt(_parse, request, endpoint)
    )


def _parse(request: Request, endpoint: Endpoint) -> Reading:
    body = decode(request.body)
    is_cloud_event = "specversion" in body
    # The default format has no id; what Harbor sends again is the same to the byte.
    key = delivery_key(optional_text(body, "id") if is_cloud_event else None, request)
    if text(body, "type") not in _PUSHES:
        return Reading(key, (Ignored(reason="not a push event"),))
    return Reading(key, facts(mapping(body, "data" if is_cloud_event else "event_data"), endpoint))


def facts(data: Json, endpoint: Endpoint) -> tuple[Fact, ...]:
    """The facts of a push's data."""
    resources: Sequence[Any] = items(data, "resources")
    if len(resources) > _MOST_RESOURCES:
        raise Unreadable("too many resources", 413)
    named = optional_text(data, "repository.repo_full_name")
    return each(partial(_fact, named, endpoint), resources)


def _fact(named: str | None, endpoint: Endpoint, resource: object) -> Fact:
    if not isinstance(resource, dict):
        raise Unreadable("resource is not an object")
    written = images.reference(text(resource, "resource_url"))
    if named is not None and named != written.path:
        raise Unreadable("repository and resource_url disagree")
    tag, digest = optional_text(resource, "tag"), optional_text(resource, "digest")
    # For a push by digest the digest stands where the tag belongs.
    given = None if tag is None or is_digest(tag) else tag
    if written.tag is not None and written.tag != given:
        raise Unreadable("tag and resource_url disagree")
    image = images.located(endpoint.registry or written.host, written.path, endpoint)
    return images.pushed(image, given, endpoint, digest_given=digest or written.digest)
