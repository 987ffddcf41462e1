"""Package URLs of container images: `pkg:oci/…` and `pkg:docker/…`.

https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md
https://github.com/package-url/purl-spec/blob/main/types-doc/docker-definition.md
"""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote

from bot.domain.image import DOCKER_HUB
from bot.webhooks.images import Reference, reference
from bot.webhooks.reader import Unreadable

_LONGEST = 2000
_MOST_QUALIFIERS = 20
_REASON = "subject is not the package URL of an image"


def image_reference(text: str) -> Reference:
    """The image that a package URL names; its parts are unchecked still.

    Raises:
        Unreadable: it is no package URL of an image, or names no registry.
    """
    scheme, _, rest = text[: _LONGEST + 1].partition(":")
    kind, _, named = rest.lstrip("/").partition("/")
    if scheme != "pkg" or kind not in {"oci", "docker"} or len(text) > _LONGEST:
        raise Unreadable(_REASON)
    path, _, query = named.partition("#")[0].partition("?")
    qualifiers = _qualifiers(query)
    name, _, version = path.partition("@")
    return (
        _oci(unquote(version), qualifiers) if kind == "oci" else _docker(name, unquote(version), qualifiers)
    )


def _qualifiers(query: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(query, max_num_fields=_MOST_QUALIFIERS))
    except ValueError:
        raise Unreadable(_REASON) from None


def _oci(version: str, qualifiers: dict[str, str]) -> Reference:
    """`repository_url` is the whole name; the version is a digest, and the tag a qualifier."""
    whole = reference(qualifiers.get("repository_url", ""))
    if not whole.path:
        raise Unreadable("package URL without a repository_url")
    return Reference(whole.host, whole.path, qualifiers.get("tag") or whole.tag, version or whole.digest)


def _docker(name: str, version: str, qualifiers: dict[str, str]) -> Reference:
    """The name is the path, `repository_url` the host; the version is a digest or a tag."""
    is_digest = version.startswith("sha256:")
    host = reference(qualifiers.get("repository_url", "")).host or DOCKER_HUB
    tag = qualifiers.get("tag") or (None if is_digest else version or None)
    return Reference(host, unquote(name), tag, version if is_digest else None)
