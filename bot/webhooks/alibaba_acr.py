"""Alibaba Cloud Container Registry: one body per pushed tag.

https://www.alibabacloud.com/help/en/acr/user-guide/manage-webhooks
Nothing is signed and no id is sent, so the address carries a secret and the body's hash recognises a repeat
(`pushed_at` differs between pushes). The body names a region and no host: an Enterprise instance has a host
of its own, which the endpoint must say.
"""

from __future__ import annotations

import re

from bot.webhooks import images
from bot.webhooks.auth import url_secret
from bot.webhooks.body import Json, decode
from bot.webhooks.fields import mapping, optional_text, text
from bot.webhooks.reader import Endpoint, Reading, Rejected, Request, Unreadable, attempt, refuse_bounds

_CONTENT_TYPES = frozenset({"application/json"})
_REGION = re.compile(r"[a-z]{2}(?:-[a-z0-9]+){1,4}")
# From the internet, from a VPC and from the classic network, in this order.
_HOSTS = ("registry", "registry-vpc", "registry-internal")


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
    repository = mapping(body, "repository")
    hosts = () if endpoint.registry else _hosts(text(repository, "region"))
    fact = images.pushed(
        images.located_first(hosts, images.lowered(_path(repository)), endpoint),
        images.tag(tag),
        endpoint,
        digest_given=optional_text(body, "push_data.digest"),
    )
    return Reading(request.body_hash, (fact,))


def _hosts(region: str) -> tuple[str, ...]:
    if not _REGION.fullmatch(region):
        raise Unreadable("region is not a region", 403)
    return tuple(f"{name}.{region}.aliyuncs.com" for name in _HOSTS)


def _path(repository: Json) -> str:
    full = optional_text(repository, "repo_full_name")
    return full or f"{text(repository, 'namespace')}/{text(repository, 'name')}"
