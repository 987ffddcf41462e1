"""Where cosign leaves signatures beside an image, and how they are found again.

Three places, in the order in which they are asked: the tag `sha256-<hex>.sig` (cosign 1 and 2), the referrers
of the image, and where a registry does not know those, the tag `sha256-<hex>` in their stead
(https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema). Nothing is
judged here but size and number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec

from bot.adapters.registries.contents import LARGEST_MANIFEST, Descriptor, check_size
from bot.domain.errors import Damaged, Malformed, NotFound, Refused
from bot.domain.image import ImageName, is_digest
from bot.domain.signing.claim import SIGN
from bot.domain.signing.evidence import Bundle, Evidence, Illegible, SimpleSigning

LARGEST_PAYLOAD = 64 * 1024
"""Bytes of a signed payload; cosign writes 250, and some more for annotations."""
LARGEST_BUNDLE = 1024 * 1024
"""Bytes of a bundle; by a key it has 700, with certificate and log entry some 10,000."""

# Signing again adds a signature, so the last ones count.
_MOST_SIGNATURES = 32
_SIMPLE_ARTIFACT = "application/vnd.dev.cosign.artifact.sig.v1+json"
_SIMPLE_LAYER = "application/vnd.dev.cosign.simplesigning.v1+json"
_BUNDLE = "application/vnd.dev.sigstore.bundle"
_ARTIFACTS = (_SIMPLE_ARTIFACT, _BUNDLE)
# What the index says of a bundle that cosign 2 wrote; the manifest itself says it right.
_UNTOLD = frozenset({"", "application/vnd.oci.empty.v1+json"})
_SIGNATURE = "dev.cosignproject.cosign/signature"
_CERTIFICATE = "dev.sigstore.cosign/certificate"
_PREDICATE = "dev.sigstore.bundle.predicateType"


class Referrer(Descriptor, frozen=True, rename="camel"):
    """A pointer to a document that speaks of an image, and the kind of that document."""

    artifact_type: str = ""


class _Index(msgspec.Struct, frozen=True):
    manifests: list[Referrer] | None = None


class _Artifact(msgspec.Struct, frozen=True, rename="camel"):
    layers: list[Descriptor]
    artifact_type: str = ""
    annotations: dict[str, object] | None = None
    subject: Descriptor | None = None


_Document = TypeVar("_Document", _Index, _Artifact)


class Documents(Protocol):
    """Fetches documents of a repository, verified against their digests."""

    def document(self, image: ImageName, reference: str) -> bytes | None:
        """The manifest or index of a tag or digest; None when there is none."""
        ...

    def blob(self, image: ImageName, descriptor: Descriptor, limit: int) -> bytes:
        """The blob that a manifest points to; `Malformed` when it has more than `limit` bytes."""
        ...

    def referrers(self, image: ImageName, digest: str) -> Sequence[Referrer] | None:
        """What refers to the image; None when nobody keeps account of that but a tag."""
        ...


def signatures(source: Documents, image: ImageName, digest: str) -> Iterator[Evidence]:
    """What the repository holds as signatures of the digest; read one by one, as it is asked for.

    Raises:
        TagboatError: something cannot be read now, or not by us; what can never be read is `Illegible`.
    """
    if not is_digest(digest):
        raise Refused(f"{digest[:80]!a} of {image} is not asked for signatures", why="it is no digest")
    reader = _Reader(source, image, digest)
    yield from _legible(reader.tagged())
    yield from _legible(reader.referring())


def read_referrers(body: bytes, what: str) -> Sequence[Referrer]:
    """The entries of an index of referrers; `what` names it in errors. Raises `Malformed`."""
    return _decode(body, _Index, what).manifests or ()


@dataclass(frozen=True, slots=True)
class _Reader:
    source: Documents
    image: ImageName
    digest: str

    def tagged(self) -> Iterator[Evidence]:
        """Signatures below the tag that is named after the digest."""
        tag = f"{self.digest.replace(':', '-')}.sig"
        body = self.source.document(self.image, tag)
        if body is not None:
            yield from self._simple(_decode(body, _Artifact, f"the signature {self.image}:{tag}"))

    def referring(self) -> Iterator[Evidence]:
        """Signatures that refer to the image by themselves."""
        listed = self.source.referrers(self.image, self.digest)
        worth = [each for each in self._listed(listed) if _may_sign(each.artifact_type)]
        yield from _left_out(len(worth))
        for each in worth[-_MOST_SIGNATURES:]:
            yield from _legible(self._referrer(each))

    def _listed(self, listed: Sequence[Referrer] | None) -> Sequence[Referrer]:
        if listed is not None:
            return listed
        tag = self.digest.replace(":", "-")
        body = self.source.document(self.image, tag)
        return () if body is None else read_referrers(body, f"the index of referrers {self.image}:{tag}")

    def _referrer(self, referrer: Referrer) -> Iterator[Evidence]:
        what = f"the signature {self.image}@{referrer.digest}"
        check_size(referrer, LARGEST_MANIFEST, what)
        body = self.source.document(self.image, referrer.digest)
        if body is None:
            raise NotFound(f"{what} is listed and not there")
        artifact = _decode(body, _Artifact, what)
        if artifact.subject is None or artifact.subject.digest != self.digest:
            return
        if artifact.artifact_type.startswith(_BUNDLE):
            yield from self._bundles(artifact)
        elif artifact.artifact_type == _SIMPLE_ARTIFACT:
            yield from self._simple(artifact)

    def _simple(self, artifact: _Artifact) -> Iterator[Evidence]:
        layers = [layer for layer in artifact.layers if layer.media_type == _SIMPLE_LAYER]
        yield from _left_out(len(layers))
        payloads: dict[str, bytes] = {}
        for layer in layers[-_MOST_SIGNATURES:]:
            notes = layer.annotations or {}
            payloads[layer.digest] = payloads.get(layer.digest) or self._blob(layer, LARGEST_PAYLOAD)
            yield SimpleSigning(
                payload=payloads[layer.digest],
                signature=str(notes.get(_SIGNATURE, "")),
                has_certificate=bool(notes.get(_CERTIFICATE)),
            )

    def _bundles(self, artifact: _Artifact) -> Iterator[Evidence]:
        if (artifact.annotations or {}).get(_PREDICATE, SIGN) != SIGN:
            return  # The statement of a scan or a build; these may be large.
        for layer in artifact.layers[:1]:
            yield Bundle(self._blob(layer, LARGEST_BUNDLE))

    def _blob(self, layer: Descriptor, limit: int) -> bytes:
        check_size(layer, limit, f"a signature of {self.image}")
        return self.source.blob(self.image, layer, limit)


def _may_sign(kind: str) -> bool:
    return kind.startswith(_ARTIFACTS) or kind in _UNTOLD


def _legible(found: Iterator[Evidence]) -> Iterator[Evidence]:
    try:
        yield from found
    except Damaged:
        raise  # It may be whole the next time.
    except (Malformed, NotFound) as error:
        yield Illegible(error.what)


def _left_out(count: int) -> Iterator[Evidence]:
    if count > _MOST_SIGNATURES:
        yield Illegible(f"only the last {_MOST_SIGNATURES} of {count} signatures are looked at")


def _decode(body: bytes, kind: type[_Document], what: str) -> _Document:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"{what} is no document of its kind", why=str(error)) from error
