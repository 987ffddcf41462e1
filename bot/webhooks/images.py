"""Names of images in bodies: hosts, repositories, tags and digests, checked before they go anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from bot.domain.fact import Fact, Ignored, ImagePushed
from bot.domain.image import ImageName, image_name, is_digest, is_tag
from bot.webhooks.fields import clean
from bot.webhooks.reader import Endpoint, Unreadable

MANIFESTS = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    }
)
"""The media types of what a tag can name; the rest of what registries hold are blobs."""


class Digest(TypedDict, total=False):
    """A digest, or what was given in its place; fits the fields of `ImagePushed`."""

    digest: str
    malformed_digest: str


@dataclass(frozen=True, slots=True)
class Reference:
    """The parts of a written reference as they stand there, none of them checked."""

    host: str
    path: str
    tag: str | None
    digest: str | None


def reference(text: str) -> Reference:
    """Take `host/path:tag@digest` apart; a scheme in front, as some senders write it, is left out."""
    bare = text.removeprefix("https://").removeprefix("http://")
    rest, _, digest = bare.partition("@")
    host, _, named = rest.partition("/")
    path, _, tag = named.partition(":")
    return Reference(host, path, tag or None, digest or None)


def located(host: str, path: str, endpoint: Endpoint) -> ImageName:
    """The canonical name of an image at one of the endpoint's registries.

    Raises:
        Unreadable: the host is none or not configured (403), or the path is no repository name (400).
    """
    return ImageName(_configured_host(endpoint.registry or host, endpoint), _path(path))


def located_first(hosts: Sequence[str], path: str, endpoint: Endpoint) -> ImageName:
    """As `located`, for a registry that has several (canonical) names: the one by which the image is watched.

    Where it is watched by none of them, it is the first that is a configured registry.
    """
    if endpoint.registry:
        return located("", path, endpoint)
    checked = _path(path)
    names = [ImageName(host, checked) for host in hosts if host in endpoint.registries]
    if not names:
        raise Unreadable("registry host is not a configured registry", 403)
    return next((name for name in names if name in (endpoint.images or ())), names[0])


def within(repository: str, path: str, endpoint: Endpoint) -> ImageName | None:
    """The name of an image in one repository of a registry that has several; None without a prefix for it."""
    prefix = endpoint.prefixes.get(repository)
    if prefix is None:
        return None
    host, _, first = prefix.partition("/")
    return ImageName(_configured_host(host, endpoint), _path(f"{first}/{path}" if first else path))


def lowered(path: str) -> str:
    """The path in lower case, for senders that keep the capitals of their own names."""
    # Outside ASCII there are letters that become ASCII in lower case.
    if not path.isascii():
        raise Unreadable("repository is not a valid repository name")
    return path.lower()


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


def pushed(
    image: ImageName,
    given: str | None,
    endpoint: Endpoint,
    *,
    digest_given: str | None = None,
    media_type: str | None = None,
    platforms: tuple[str, ...] | None = None,
    repository_name: str | None = None,
) -> Fact:
    """The push of `given` as a tag; without one it is a push by digest, which is of no concern."""
    found = digest(digest_given)
    if given is None:
        return Ignored(reason="untagged", image=image, digest=found.get("digest"))
    fact = ImagePushed(
        image=image,
        tag=tag(given),
        media_type=media_type,
        platforms=platforms,
        repository_name=repository_name,
        **found,
    )
    return watched(fact, endpoint)


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
