"""CloudEvents of anybody, in the structured and in the binary mode of their HTTP binding.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
Pushes are events whose type has the word push, pushed or published: CDEvents' `artifact.published`, Harbor's,
those of an input transformer for ECR, and any other of a container or image. In the binary mode type and
source are headers, which no signature covers; what they say is still only a hint.
"""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import unquote, urlsplit

from bot.domain.fact import Fact, Ignored
from bot.domain.proof import Proof
from bot.webhooks import harbor, images, standard
from bot.webhooks.auth import standard_signature, static_header
from bot.webhooks.body import Json, decode
from bot.webhooks.ecr import cloud_event_fact
from bot.webhooks.fields import mapping, optional_text, text
from bot.webhooks.purl import image_reference
from bot.webhooks.reader import (
    Endpoint,
    Reading,
    Rejected,
    Request,
    Unreadable,
    attempt,
    content_type,
    refuse_bounds,
)

_STRUCTURED = "application/cloudevents+json"
_CONTENT_TYPES = frozenset({_STRUCTURED, "application/json"})
_ATTRIBUTES = ("specversion", "id", "source", "type", "subject")
_REQUIRED = ("id", "source", "type")
_PUSH = re.compile(r"(?:.*[._-])?(?:push|pushed|published)(?:[._-].*)?", re.IGNORECASE)
_CDEVENT = "dev.cdevents.artifact.published"
_LONGEST_TYPE = 200


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read one event: pushes of images are facts, all else is ignored."""
    return (
        refuse_bounds(request, endpoint, _CONTENT_TYPES)
        or _refusal(request, endpoint)
        or attempt(_parse, request, endpoint)
    )


def _refusal(request: Request, endpoint: Endpoint) -> Rejected | None:
    if endpoint.proof is Proof.TOKEN:
        return static_header(request, endpoint.header, endpoint.secrets)
    return standard_signature(request, endpoint.secrets)


def _parse(request: Request, endpoint: Endpoint) -> Reading:
    event = _event(request)
    if text(event, "specversion") != "1.0":
        raise Unreadable("specversion is not 1.0")
    missing = next((name for name in _REQUIRED if not text(event, name)), None)
    if missing:
        raise Unreadable(f"{missing} is empty")
    # Only source and id together are unique.
    identity = f"{event['source']} {event['id']}".encode(errors="replace")
    return Reading(f"sha256:{hashlib.sha256(identity).hexdigest()}", _facts(event, endpoint))


def _event(request: Request) -> Json:
    """The event as the structured mode writes it."""
    if content_type(request) != _STRUCTURED and request.header("ce-specversion") is not None:
        given = {name: request.header(f"ce-{name}") for name in _ATTRIBUTES}
        attributes = {name: unquote(value) for name, value in given.items() if value is not None}
        return {**attributes, "data": decode(request.body)}
    body = decode(request.body)
    encoded = optional_text(body, "data_base64")
    return body if encoded is None else {**body, "data": decode(_decoded(encoded))}


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        raise Unreadable("data_base64 is not base64") from None


def _facts(event: Json, endpoint: Endpoint) -> tuple[Fact, ...]:
    kind = text(event, "type")[:_LONGEST_TYPE]
    if not _PUSH.fullmatch(kind):
        return (Ignored(reason="not a push event"),)
    data = mapping(event, "data")
    if kind == harbor.CLOUD_EVENT:
        return harbor.facts(data, endpoint)
    if kind == _CDEVENT or kind.startswith(f"{_CDEVENT}."):
        return (_cdevent_fact(data, endpoint),)
    if kind.startswith("com.amazon.ecr."):
        return (cloud_event_fact(event, endpoint),)
    if "image" in data or "images" in data:
        return standard.facts(data, endpoint)
    if "container" in kind or "image" in kind:
        return (_image_fact(event, data, endpoint),)
    return (Ignored(reason="not a push event"),)


def _cdevent_fact(data: Json, endpoint: Endpoint) -> Fact:
    """https://github.com/cdevents/spec/blob/main/artifact.md: the subject's id is a package URL."""
    found = image_reference(text(data, "subject.id"))
    image = images.located(found.host, found.path, endpoint)
    return images.pushed(image, found.tag, endpoint, digest_given=found.digest)


def _image_fact(event: Json, data: Json, endpoint: Endpoint) -> Fact:
    """An event with repository, tag, digest and registry in its data, each under one of two names."""
    named, _, tagged = (optional_text(event, "subject") or "").partition(":")
    path = _either(data, "repository", "repositoryName") or named
    host = _either(data, "registry", "registryUrl") or text(event, "source")
    return images.pushed(
        images.located(_host(host), path, endpoint),
        _either(data, "tag", "imageTag") or tagged or None,
        endpoint,
        digest_given=_either(data, "digest", "imageDigest"),
    )


def _either(data: Json, first: str, second: str) -> str | None:
    return optional_text(data, first) or optional_text(data, second)


def _host(given: str) -> str:
    """The host of an address, or of a reference without a scheme."""
    try:
        return urlsplit(given if "://" in given else f"//{given}").netloc
    except ValueError:
        raise Unreadable("registry host is not valid", 403) from None
