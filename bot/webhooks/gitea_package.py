"""The container registry of Gitea and Forgejo: `package` events of a Gitea webhook.

https://docs.gitea.com/usage/packages/container
The registry is at the host of the page that a body names; an index and each of its platforms come apart.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from bot.domain.fact import Fact, Ignored
from bot.webhooks import images
from bot.webhooks.body import Json
from bot.webhooks.fields import mapping, text, word
from bot.webhooks.reader import Endpoint

_CHILD = "sha256:"
"""How the versions begin that stand for one platform of an image, where others are tags."""


def package_fact(body: Json, endpoint: Endpoint) -> Fact:
    """The fact of a `package` event."""
    action = text(body, "action")
    if action != "created":
        return Ignored(reason=f"action {word(action)}")
    package = mapping(body, "package")
    if text(package, "type") != "container":
        return Ignored(reason="not a container package")
    path = f"{text(package, 'owner.login')}/{text(package, 'name')}"
    image = images.located(_host(text(package, "html_url")), images.lowered(path), endpoint)
    version = text(package, "version")
    if version.startswith(_CHILD):
        return images.pushed(image, None, endpoint, digest_given=version)
    return images.pushed(image, version, endpoint)


def _host(url: str) -> str:
    """The host of a page, which is the registry's too; empty where the text is no such address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.netloc if parts.scheme in {"http", "https"} else ""
