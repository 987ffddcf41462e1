"""JFrog Artifactory: tags of docker repositories.

https://jfrog.com/help/r/jfrog-platform-administration-documentation/domain-docker
The header `X-JFrog-Event-Auth` is the HMAC of the body where payload signing is on, and else the token
itself: the endpoint knows which, and never takes the other. `jpd_origin` is empty without a Custom Base URL,
and a repository can be pulled from another host or through a virtual repository: prefixes say so.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bot.domain.fact import Fact, Ignored
from bot.domain.image import ImageName
from bot.domain.proof import Proof
from bot.webhooks import images
from bot.webhooks.auth import hex_signature, whole_header
from bot.webhooks.body import Json, decode
from bot.webhooks.fields import clean_text, mapping, objects, optional_text, text, word
from bot.webhooks.reader import Endpoint, Reading, Rejected, Request, Unreadable, attempt, refuse_bounds

_CONTENT_TYPES = frozenset({"application/json"})
_HEADER = "X-JFrog-Event-Auth"
# A promotion makes a tag appear in another repository, as a push does.
_PUSHES = frozenset({"pushed", "promoted"})
_MANIFESTS = frozenset({"manifest.json", "list.manifest.json"})
_CACHE = "-cache"
_MOST_PLATFORMS = 50
_WORD = re.compile(r"[a-z0-9][a-z0-9._]{0,31}")
_DISAGREE = "path and image_name disagree"


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read one event: pushed and promoted tags are facts, all else is ignored."""
    return (
        refuse_bounds(request, endpoint, _CONTENT_TYPES)
        or _refusal(request, endpoint)
        or attempt(_parse, request, endpoint)
    )


def _refusal(request: Request, endpoint: Endpoint) -> Rejected | None:
    check = whole_header if endpoint.proof is Proof.TOKEN else hex_signature
    return check(request, _HEADER, endpoint.secrets)


def _parse(request: Request, endpoint: Endpoint) -> Reading:
    return Reading(request.body_hash, (_fact(decode(request.body), endpoint),))


def _fact(body: Json, endpoint: Endpoint) -> Fact:
    if text(body, "domain") != "docker" or text(body, "event_type") not in _PUSHES:
        return Ignored(reason="not a push event")
    data = mapping(body, "data")
    kind = optional_text(data, "image_type")
    path = optional_text(data, "path")
    if path is not None and path.rpartition("/")[2] not in _MANIFESTS:
        described = f"image_type {word(kind)}, " if kind else ""
        return Ignored(reason=f"not an image: {described}file is not a manifest")
    checksum = optional_text(data, "sha256")
    return images.pushed(
        _image(body, _path(text(data, "image_name"), path), endpoint),
        images.tag(text(data, "tag")),
        endpoint,
        digest_given=f"sha256:{checksum}" if checksum else None,
        platforms=_platforms(data),
    )


def _path(image_name: str, path: str | None) -> str:
    """The whole path of the image: `image_name` can be its last part alone, `path` ends in tag and file."""
    if path is None:
        return image_name
    whole = "/".join(path.split("/")[:-2])
    if whole != image_name and not whole.endswith(f"/{image_name}"):
        raise Unreadable(_DISAGREE)
    return whole


def _image(body: Json, path: str, endpoint: Endpoint) -> ImageName:
    repository = clean_text(body, "data.repo_key")
    found = images.within(repository, path, endpoint)
    if found is not None:
        return found
    host = endpoint.registry or _origin(optional_text(body, "jpd_origin"))
    name = images.located(host, f"{repository}/{path}", endpoint)
    # What a remote repository fetched is reported by its cache, and pulled by the repository's own name.
    if not repository.endswith(_CACHE) or not endpoint.images or name in endpoint.images:
        return name
    pulled = images.located(host, f"{repository.removesuffix(_CACHE)}/{path}", endpoint)
    return pulled if pulled in endpoint.images else name


def _origin(url: str | None) -> str:
    if url is None:
        raise Unreadable("jpd_origin is empty and no registry is configured", 403)
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Unreadable("registry host is not valid", 403) from None
    if parts.scheme not in {"https", "http"} or "@" in parts.netloc:
        raise Unreadable("registry host is not valid", 403)
    return parts.netloc


def _platforms(data: Json) -> tuple[str, ...] | None:
    found = [_platform(each) for each in objects(data, "platforms")[:_MOST_PLATFORMS]]
    return tuple(each for each in found if each) or None


def _platform(given: Json) -> str | None:
    """`linux/arm64`, or None for what is none: an attestation is `unknown/unknown`."""
    parts = [optional_text(given, key) for key in ("os", "architecture", "variant")]
    known = [part for part in parts if part and part != "unknown" and _WORD.fullmatch(part)]
    return "/".join(known) if len(known) >= 2 else None
