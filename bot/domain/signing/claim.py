"""What somebody signed about an image, and whether it is about this one.

Nothing here is believed before its signature was checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from bot.domain.image import is_digest, short_digest

SIGN = "https://sigstore.dev/cosign/sign/v1"
"""The kind of statement by which cosign signs an image."""

_SIMPLE = "cosign container image signature"
_STATEMENTS = frozenset({"https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"})
_MOST_SUBJECTS = 1024

_Document = TypeVar("_Document", bound=msgspec.Struct)


class Unproved(Exception):
    """The evidence proves nothing; the message says why, as the end of a sentence."""


class _SimpleImage(msgspec.Struct, frozen=True):
    digest: str = msgspec.field(name="docker-manifest-digest")


class _Critical(msgspec.Struct, frozen=True):
    image: _SimpleImage
    type: str


class _SimplePayload(msgspec.Struct, frozen=True):
    critical: _Critical
    optional: dict[str, Any] | None = None


class _Subject(msgspec.Struct, frozen=True):
    digest: dict[str, str]
    annotations: dict[str, Any] | None = None


class _Statement(msgspec.Struct, frozen=True, rename="camel"):
    subject: list[_Subject]
    predicate_type: str
    type: str = msgspec.field(name="_type")


def check_payload(payload: bytes, digest: str, annotations: Mapping[str, str]) -> None:
    """Return when a signed payload of simple signing is for that digest, with these annotations.

    As in cosign, the name in it (`docker-reference`) is not compared: the same bytes may be copied elsewhere.

    Raises:
        Unproved: it is not so.
    """
    found = decode(payload, _SimplePayload, "payload")
    if found.critical.type != _SIMPLE:
        raise Unproved("what was signed is no image")
    if found.critical.image.digest != digest:
        raise Unproved(another(found.critical.image.digest))
    check_annotations(found.optional, annotations)


def check_statement(payload: bytes, digest: str, annotations: Mapping[str, str]) -> None:
    """Return when a signed statement of in-toto is cosign's signature of that digest, with these annotations.

    Statements of another kind, such as a scan's or a builder's, do not approve of what they are about.

    Raises:
        Unproved: it is not so.
    """
    found = decode(payload, _Statement, "statement")
    if found.type not in _STATEMENTS or found.predicate_type != SIGN:
        raise Unproved("what was signed is an attestation, and no signature of the image")
    algorithm, _, value = digest.partition(":")
    subjects = found.subject[:_MOST_SUBJECTS]
    ours = [subject for subject in subjects if subject.digest.get(algorithm) == value]
    if not ours:
        others = [f"{algorithm}:{subject.digest.get(algorithm, '')}" for subject in subjects]
        raise Unproved(another(next(iter(others), "")))
    check_annotations(ours[0].annotations, annotations)


def check_annotations(found: Mapping[str, Any] | None, wanted: Mapping[str, str]) -> None:
    """Return when all that is wanted was signed; raises `Unproved`."""
    for name, value in wanted.items():
        if (found or {}).get(name) != value:
            raise Unproved(f"signed without the annotation {name}={value}")


def another(digest: str) -> str:
    """What to say of a signature for this digest, which may be any text."""
    shown = f" ({short_digest(digest)})" if is_digest(digest) else ""
    return f"the signature is for another digest{shown}"


def decode(body: bytes, kind: type[_Document], what: str) -> _Document:
    """Parse a document; `what` names it. Raises `Unproved`."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unproved(f"its {what} cannot be read") from error
