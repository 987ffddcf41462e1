"""Names of images in bodies: hosts, repositories, tags and digests, checked before they go anywhere."""

from __future__ import annotations

from typing import TypedDict

from bot.domain.fact import Ignored, ImagePushed
from bot.domain.image import ImageName, image_name, is_digest, is_tag
from bot.webhooks.fields import clean
from bot.webhooks.reader import Endpoint, Unreadable


class Digest(TypedDict, total=False):
    """A digest, or what was given in its place; fits the fields of `ImagePushed`."""

    digest: str
    malformed_digest: str


def located(host: str, path: str, endpoint: Endpoint) -> ImageName:
    """The canonical name of an image at one of the endpoint's registries.

    Raises:
        Unreadable: the host is none or not configured (403), or the path is no repository name (400).
    """
    return ImageName(_configured_host(endpoint.registry or host, endpoint), _path(path))


def on_docker_hub(path: str) -> ImageName:
    """The canonical name of an image on Docker Hub, where a name has one or two parts and never a host."""
    namespace, slash, name = path.partition("/")
    if not path:
        raise Unreadable("repository is empty")
    if "/" in name or "." in namespace[: len(namespace) if slash else 0]:
        raise Unreadable("repository is not a valid repository name")
    return image_name(registry="docker.io", path=_path(path))


def tag(given: str) -> str:
    """The text when it is a tag."""
    if not is_tag(given):
        raise Unreadable("tag is not a valid tag")
    return given


def digest(given: str | None) -> Digest:
    """The text as a digest; one that breaks the grammar is kept apart, since its tag still counts."""
    if given is None:
        return {}
    return {"digest": given} if is_digest(given) else {"malformed_digest": clean(given)}


def watched(pushed: ImagePushed, endpoint: Endpoint) -> ImagePushed | Ignored:
    """The push, or that it is ignored because nobody watches the image."""
    if endpoint.images is None or pushed.image in endpoint.images:
        return pushed
    return Ignored(reason="image is not configured", image=pushed.image, digest=pushed.digest)


def _configured_host(host: str, endpoint: Endpoint) -> str:
    try:
        canonical = image_name(registry=host if host.isascii() else "", path="any").registry
    except ValueError:
        raise Unreadable("registry host is not valid", 403) from None
    if canonical not in endpoint.registries:
        raise Unreadable("registry host is not a configured registry", 403)
    return canonical


def _path(path: str) -> str:
    try:
        return image_name(registry="any", path=path).path
    except ValueError:
        raise Unreadable("repository is not a valid repository name") from None
