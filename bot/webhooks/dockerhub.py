"""Docker Hub: one body per pushed tag.

https://docs.docker.com/docker-hub/repos/manage/webhooks/
Nothing is signed and no id is sent, so the address carries a secret and the body's hash recognises a
repeat. The body has no digest; its `callback_url` is a relic that is never requested.
"""

from __future__ import annotations

from bot.domain.fact import ImagePushed
from bot.webhooks import images
from bot.webhooks.auth import url_secret
from bot.webhooks.body import Json, decode
from bot.webhooks.fields import mapping, optional_clean_text, optional_text, text
from bot.webhooks.reader import Endpoint, Reading, Rejected, Request, attempt, refuse_bounds

_CONTENT_TYPES = frozenset({"application/json"})


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read the push of one tag."""
    return (
        url_secret(request, endpoint.secrets)
        or refuse_bounds(request, endpoint, _CONTENT_TYPES)
        or attempt(_parse, request, endpoint)
    )


def _parse(request: Request, endpoint: Endpoint) -> Reading:
    body = decode(request.body)
    tag = text(body, "push_data.tag")
    pushed = ImagePushed(
        image=images.on_docker_hub(_path(mapping(body, "repository"))),
        tag=images.tag(tag),
        media_type=optional_clean_text(body, "push_data.media_type"),
    )
    return Reading(request.body_hash, (images.watched(pushed, endpoint),))


def _path(repository: Json) -> str:
    """`repo_name`, or where that is not given, namespace and name."""
    full = optional_text(repository, "repo_name")
    if full is not None:
        return full
    parts = (optional_text(repository, "namespace"), optional_text(repository, "name"))
    return "/".join(part for part in parts if part is not None)
