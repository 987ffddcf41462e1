"""GitHub's container registry: `package` and `registry_package` events of a GitHub webhook.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#package
Hooks of repositories send the first, GitHub Apps the second, and one push can come as both.
"""

from __future__ import annotations

import re

from bot.domain.fact import Fact, Ignored, ImagePushed
from bot.domain.image import ImageName
from bot.webhooks import images
from bot.webhooks.body import Json
from bot.webhooks.fields import (
    clean,
    mapping,
    optional_clean_text,
    optional_mapping,
    optional_text,
    text,
    word,
)
from bot.webhooks.reader import Endpoint, Unreadable

_PUSHES = frozenset({"published", "updated"})
_CONTAINERS = frozenset({"container", "docker"})
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def package_fact(event: str, body: Json, endpoint: Endpoint) -> Fact:
    """The fact of a `package` or `registry_package` event."""
    action = text(body, "action")
    if action not in _PUSHES:
        return Ignored(reason=f"action {word(action)}")
    package = mapping(body, event)
    if not _is_container(package):
        return Ignored(reason="not a container package")
    version = optional_mapping(package, "package_version")
    if not version:
        return Ignored(reason="no package version")
    container = optional_mapping(version, "container_metadata")
    digest = images.digest(_digest(version, container))
    image = _image(version, endpoint)
    tag = optional_text(container, "tag.name")
    if tag is None:
        return Ignored(reason="untagged", image=image, digest=digest.get("digest"))
    pushed = ImagePushed(
        image=image,
        tag=images.tag(tag),
        media_type=optional_clean_text(container, "manifest.media_type"),
        source_commit=_source_commit(version),
        source_repository=optional_clean_text(body, "repository.full_name"),
        **digest,
    )
    return images.watched(pushed, endpoint)


def _is_container(package: Json) -> bool:
    """By the kind of registry: in GitHub's own samples the other fields call a container `npm`."""
    kind = optional_text(package, "registry.type") or optional_text(package, "package_type") or ""
    return kind.lower() in _CONTAINERS


def _image(version: Json, endpoint: Endpoint) -> ImageName:
    """The name that is pulled, without what follows it; `registry.url` is another host.

    `updated` events need not have a `package_url`; the same reference ends their `docker pull` line.
    """
    reference = optional_text(version, "package_url") or _pulled(version)
    if reference is None:
        raise Unreadable("missing package_version.package_url")
    host, _, rest = reference.partition("@")[0].partition("/")
    path = rest.partition(":")[0]
    if not path.isascii():
        raise Unreadable("repository is not a valid repository name")
    return images.located(host, path.lower(), endpoint)


def _pulled(version: Json) -> str | None:
    command = (optional_text(version, "installation_command") or "").split()
    return command[2] if command[:2] == ["docker", "pull"] and len(command) == 3 else None


def _digest(version: Json, container: Json) -> str | None:
    given = optional_text(container, "tag.digest") or optional_text(container, "manifest.digest")
    return given or optional_text(version, "version")


def _source_commit(version: Json) -> str | None:
    given = clean(optional_text(version, "target_oid") or "")
    return given if _COMMIT.fullmatch(given) else None
