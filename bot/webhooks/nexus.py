"""Sonatype Nexus Repository: components and assets of its repositories.

https://help.sonatype.com/en/working-with-webhooks.html
The body is signed by HMAC-SHA1 as it is sent. It names the Nexus repository and no host: a repository may be
served at a port, a subdomain or a path, which the endpoint must say.
"""

from __future__ import annotations

import re

from bot.domain.fact import Fact, Ignored
from bot.domain.image import ImageName
from bot.webhooks import images
from bot.webhooks.auth import hex_signature
from bot.webhooks.body import Json, decode
from bot.webhooks.fields import clean_text, optional_mapping, optional_text, text, word
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
_PUSHES = frozenset({"CREATED", "UPDATED"})
# The assets of an image are its blobs and manifests, by the paths that they are pulled from.
_MANIFEST = re.compile(r"/?v2/(?P<path>[^:@]{1,255})/manifests/(?P<tag>[^/:]{1,128})")
_OTHER = "not a docker component"


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read a component or an asset: docker images with a tag are facts, all else is ignored."""
    return (
        refuse_bounds(request, endpoint, _CONTENT_TYPES)
        or hex_signature(request, "X-Nexus-Webhook-Signature", endpoint.secrets, algorithm="sha1")
        or attempt(_parse, request, endpoint)
    )


def _parse(request: Request, endpoint: Endpoint) -> Reading:
    key = delivery_key(request.header("X-Nexus-Webhook-Delivery"), request)
    return Reading(key, (_fact(decode(request.body), endpoint),))


def _fact(body: Json, endpoint: Endpoint) -> Fact:
    named = _named(body)
    if named is None:
        return Ignored(reason=_OTHER)
    action = text(body, "action")
    if action not in _PUSHES:
        return Ignored(reason=f"action {word(action)}")
    path, tag = named
    repository = clean_text(body, "repositoryName")
    image = _image(repository, path, endpoint)
    return images.pushed(image, tag, endpoint, repository_name=repository)


def _named(body: Json) -> tuple[str, str | None] | None:
    """Path and tag of a docker component, or of the manifest that an asset is; None for anything else."""
    component = optional_mapping(body, "component")
    if component:
        is_image = optional_text(component, "format") == "docker"
        return (text(component, "name"), _tag(text(component, "version"))) if is_image else None
    asset = optional_mapping(body, "asset")
    if optional_text(asset, "format") != "docker":
        return None
    manifest = _MANIFEST.fullmatch(text(asset, "name"))
    return (manifest["path"], manifest["tag"]) if manifest else None


def _tag(version: str) -> str | None:
    return None if version.startswith("sha256:") else version


def _image(repository: str, path: str, endpoint: Endpoint) -> ImageName:
    found = images.within(repository, path, endpoint)
    if found is not None:
        return found
    if endpoint.registry is None:
        raise Unreadable("no prefix is configured for this repository", 403)
    return images.located(endpoint.registry, path, endpoint)
