"""What a registry holds as proof that somebody signed an image, and what it proves.

Two forms are written by cosign: a payload with the signature beside it ("simple signing", tag `sha256-….sig`
https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md), and a Sigstore bundle
(https://docs.sigstore.dev/about/bundle/). Nothing that a document says counts before its signature does.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

import msgspec

from bot.domain.signing.claim import (
    Unproved,
    another,
    check_annotations,
    check_payload,
    check_statement,
    decode,
)
from bot.domain.signing.public_key import PublicKey

STATEMENT_TYPE = "application/vnd.in-toto+json"
"""The type of the payload in a bundle that speaks of an image."""

_MOST_SIGNATURES = 16
_HASHES = {"SHA2_256": "sha256", "SHA2_512": "sha512"}


@dataclass(frozen=True, slots=True)
class SimpleSigning:
    """A payload and the signature over its very bytes, in Base64.

    `has_certificate` tells that an identity signed, and no key.
    """

    payload: bytes = field(repr=False)
    signature: str
    has_certificate: bool = False


@dataclass(frozen=True, slots=True)
class Bundle:
    """A Sigstore bundle, as JSON."""

    document: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Illegible:
    """Something in the place of evidence that can never be read: it proves nothing."""

    reason: str


Evidence = SimpleSigning | Bundle | Illegible


class Envelope(msgspec.Struct, frozen=True, rename="camel"):
    """A DSSE envelope: https://github.com/secure-systems-lab/dsse/blob/master/envelope.md."""

    payload: str
    payload_type: str
    signatures: list[_EnvelopeSignature]


class _EnvelopeSignature(msgspec.Struct, frozen=True):
    sig: str


class _MessageDigest(msgspec.Struct, frozen=True):
    algorithm: str
    digest: str


class MessageSignature(msgspec.Struct, frozen=True, rename="camel"):
    """A signature over the image's manifest itself."""

    signature: str
    message_digest: _MessageDigest


class _BundleDocument(msgspec.Struct, frozen=True, rename="camel"):
    media_type: str
    dsse_envelope: Envelope | None = None
    message_signature: MessageSignature | None = None


def key_refusal(
    evidence: Evidence, keys: Sequence[PublicKey], digest: str, annotations: Mapping[str, str]
) -> str:
    """Why the evidence does not prove that one of the keys signed that digest; empty when it does.

    All of the annotations must have been signed with it.
    """
    try:
        match evidence:
            case SimpleSigning():
                _check_simple(evidence, keys, digest, annotations)
            case Bundle():
                _check_bundle(read_bundle(evidence), keys, digest, annotations)
            case Illegible():
                return evidence.reason
            case _:
                assert_never(evidence)
    except Unproved as refusal:
        return str(refusal)
    return ""


def check_message(found: MessageSignature, digest: str, annotations: Mapping[str, str]) -> bytes:
    """The bytes of the digest that a signature of the manifest itself is over, when it is the image's.

    Raises:
        Unproved: it is for another digest, or annotations are asked for, which this form cannot carry.
    """
    algorithm, _, value = digest.partition(":")
    named = _decoded(found.message_digest.digest)
    if _HASHES.get(found.message_digest.algorithm) != algorithm or named.hex() != value:
        raise Unproved(another(f"{algorithm}:{named.hex()}"))
    check_annotations(None, annotations)
    return named


def read_bundle(evidence: Bundle) -> Envelope | MessageSignature:
    """What a bundle signs.

    Raises:
        Unproved: it cannot be read, or signs nothing.
    """
    found = decode(evidence.document, _BundleDocument, "bundle")
    if found.dsse_envelope is not None and found.message_signature is None:
        return found.dsse_envelope
    if found.message_signature is not None and found.dsse_envelope is None:
        return found.message_signature
    raise Unproved("the bundle holds no signature, or two of them")


def _check_simple(
    evidence: SimpleSigning, keys: Sequence[PublicKey], digest: str, annotations: Mapping[str, str]
) -> None:
    signature = _decoded(evidence.signature)
    _check(any(key.has_signed(evidence.payload, signature) for key in keys), keys)
    check_payload(evidence.payload, digest, annotations)


def _check_bundle(
    found: Envelope | MessageSignature,
    keys: Sequence[PublicKey],
    digest: str,
    annotations: Mapping[str, str],
) -> None:
    if isinstance(found, MessageSignature):
        value = check_message(found, digest, annotations)
        signature, algorithm = _decoded(found.signature), digest.partition(":")[0]
        _check(any(key.has_signed_digest(value, algorithm, signature) for key in keys), keys)
        return
    payload = _decoded(found.payload)
    message = _to_sign(found.payload_type, payload)
    signatures = [_decoded(each.sig) for each in found.signatures[:_MOST_SIGNATURES]]
    _check(any(key.has_signed(message, each) for key in keys for each in signatures), keys)
    if found.payload_type != STATEMENT_TYPE:
        raise Unproved("what was signed is no statement about an image")
    check_statement(payload, digest, annotations)


def _decoded(text: str) -> bytes:
    """The bytes of Base64 in its one canonical form, by which no text reads as another's bytes.

    Raises:
        Unproved: it is not in this form.
    """
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unproved("the signature is no Base64") from error
    if base64.b64encode(found).decode() != text:
        raise Unproved("the signature is no Base64")
    return found


def _to_sign(payload_type: str, payload: bytes) -> bytes:
    """The encoding that a DSSE signature is over, which binds the payload to its type."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _check(is_signed: bool, keys: Sequence[PublicKey]) -> None:
    if not is_signed:
        raise Unproved(
            f"signed by none of the {len(keys)} keys" if len(keys) > 1 else "not signed by the key"
        )
