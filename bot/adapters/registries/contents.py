"""What images are made of: manifests, indexes and configs, read to `TagDetails`.

Pure but for the `Source` that fetches the documents. Media types and fields: the OCI image specification
(https://github.com/opencontainers/image-spec) and Docker's schema 2, which has the same fields.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Protocol, TypeVar

import msgspec

from bot.domain.choosing.platform import missing_platforms
from bot.domain.choosing.selection import TagDetails
from bot.domain.errors import Damaged, Malformed, Refused
from bot.domain.image import ImageName, is_digest, is_tag

LARGEST_MANIFEST = 4 * 1024 * 1024
"""Bytes; the distribution specification asks registries to take at least this much, so few take more."""
LARGEST_CONFIG = 8 * 1024 * 1024
"""Bytes; configs of real images have 5 to 50 KB, those with a long history some hundreds."""

INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_CONFIG_TYPES = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)
_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+"
# Indexes of real images have under 40 entries, attestations included; one nested level is already rare.
_MOST_ENTRIES = 256
_MOST_READS = 64
_DEEPEST_INDEX = 2
_MOST_LABELS = 256
_LONGEST_LABEL = 4096
_CREATED = "org.opencontainers.image.created"
_PLATFORM_PART = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,18}))?\s*(?:[Zz]|([+-])(\d\d):?(\d\d)?)",
    re.ASCII,
)


class Platform(msgspec.Struct, frozen=True):
    """Where an image runs, as indexes and configs name it."""

    os: str = ""
    architecture: str = ""
    variant: str | None = None


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """A pointer to another document: its digest, its size in bytes, and what it is."""

    digest: str
    size: int
    media_type: str = ""
    platform: Platform | None = None
    annotations: dict[str, Any] | None = None


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """A manifest (`config` is set) or an index of manifests (`manifests` is set)."""

    schema_version: int = 2
    media_type: str | None = None
    config: Descriptor | None = None
    manifests: list[Descriptor] | None = None
    annotations: dict[str, Any] | None = None


class _Runtime(msgspec.Struct, frozen=True):
    labels: dict[str, Any] | None = msgspec.field(default=None, name="Labels")


class Config(msgspec.Struct, frozen=True):
    """An image's config: when it was made, where it runs, and its labels."""

    created: Any = None
    os: str = ""
    architecture: str = ""
    variant: str | None = None
    config: _Runtime | None = None


class Source(Protocol):
    """Fetches documents, verified against their digests."""

    def manifest(self, image: ImageName, reference: str) -> tuple[str, Manifest]:
        """The manifest of a tag or digest, and its digest; `NotFound` when there is none."""
        ...

    def config(self, image: ImageName, descriptor: Descriptor) -> Config:
        """The config blob that a manifest points to."""
        ...


_Document = TypeVar("_Document", Manifest, Config)


def describe(source: Source, image: ImageName, reference: str, platforms: Collection[str]) -> TagDetails:
    """Read what the registry says of a tag or digest; only the platforms asked for are read in full.

    Labels of the config win over annotations of the manifest, and these over the index's.

    Raises:
        Malformed: a document is broken, too large, or of a kind that is no image.
    """
    digest, top = source.manifest(image, reference)
    reader = _Reader(source, image, tuple(platforms))
    parts = reader.parts(top)
    if not parts:
        raise Malformed(
            f"{image}@{digest} holds no image",
            why="its index is empty, or lists other things only",
            fix="ignore tags of this kind",
        )
    wanted = [part for part in parts if reader.is_wanted(part.platform)]
    labels = _texts(top.annotations)
    # Where platforms differ, the one listed first speaks for the image.
    for part in reversed(wanted):
        labels.update(part.labels)
    return TagDetails(
        digest=digest,
        created=max((part.created for part in wanted if part.created), default=None),
        platforms=tuple(dict.fromkeys(part.platform for part in parts if part.platform)),
        labels=labels,
    )


def read_manifest(body: bytes, what: str) -> Manifest:
    """Parse a manifest or index; `what` names it in errors.

    Raises:
        Malformed: it is not one, or is Docker's schema 1.
    """
    manifest = _decode(body, Manifest, what)
    if manifest.schema_version == 1 or (manifest.media_type or "").startswith(_SCHEMA_1):
        raise Malformed(
            f"{what} cannot be read",
            why="it has Docker's manifest schema 1, which holds no digest of its config",
            fix="push the image again with a current docker or buildah",
        )
    if (manifest.config is None) == (manifest.manifests is None):
        raise Malformed(f"{what} is neither a manifest nor an index")
    if len(manifest.manifests or ()) > _MOST_ENTRIES:
        raise Malformed(f"{what} is an index of more than {_MOST_ENTRIES} manifests")
    return manifest


def read_config(body: bytes, what: str) -> Config:
    """Parse a config blob; `what` names it in errors. Raises `Malformed`."""
    return _decode(body, Config, what)


def digest_of(body: bytes, *, like: str = "sha256:") -> str:
    """The digest of the bytes, by the algorithm that `like` uses."""
    algorithm = "sha512" if like.startswith("sha512:") else "sha256"
    return f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"


def verify(body: bytes, digest: str, what: str) -> None:
    """Raise `Damaged` unless the bytes have this digest."""
    if not is_digest(digest) or digest_of(body, like=digest) != digest:
        raise Damaged(
            f"{what} is not what its digest says",
            why=f"the bytes do not have the digest {digest[:150]!a}",
            fix="check the registry's storage and any proxy before it",
        )


def check_size(descriptor: Descriptor, limit: int, what: str) -> None:
    """Raise `Malformed` when the descriptor announces an impossible size or more than `limit` bytes."""
    if not is_digest(descriptor.digest) or not 0 < descriptor.size <= limit:
        raise Malformed(f"{what} is not read", why=f"its descriptor is broken or over {limit} bytes")


def check_reference(image: ImageName, reference: str) -> None:
    """Raise `Refused` unless the text is a tag or a digest: nothing else is put into a URL or a path."""
    if not is_tag(reference) and not is_digest(reference):
        raise Refused(f"{reference[:80]!a} is not asked of {image}", why="it is neither a tag nor a digest")


def parse_time(text: object) -> datetime | None:
    """A created time in UTC, cut to microseconds; None when absent, unreadable, or Go's zero time."""
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    micros = int((match[7] or "").ljust(6, "0")[:6])
    offset = timedelta(hours=int(match[9] or 0), minutes=int(match[10] or 0))
    try:
        zone = timezone(-offset if match[8] == "-" else offset)
        # RFC 3339 allows the 60th second of a leap second, which datetime does not know.
        moment = datetime(year, month, day, hour, minute, min(second, 59), micros, tzinfo=zone).astimezone(
            UTC
        )
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > 1 else None


@dataclass(frozen=True, slots=True)
class _Part:
    platform: str
    created: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Reader:
    source: Source
    image: ImageName
    asked: tuple[str, ...]
    reads: int = 0

    def is_wanted(self, platform: str) -> bool:
        """Whether the platform is one of those asked for, by the rule that the choice of a tag follows."""
        missing = missing_platforms(self.asked, offered=(platform,))
        return not self.asked or len(missing) < len(self.asked)

    def parts(self, manifest: Manifest, platform: str = "", depth: int = 0) -> Sequence[_Part]:
        """One part per platform; those that nobody asked for carry their name only."""
        if manifest.manifests is None:
            return [self._part(manifest, platform)]
        if depth >= _DEEPEST_INDEX:
            raise Malformed(f"{self.image} has indexes within indexes within an index")
        entries = [entry for entry in manifest.manifests if _is_image(entry)]
        return [part for entry in entries for part in self._entry(entry, depth)]

    def _entry(self, entry: Descriptor, depth: int) -> Sequence[_Part]:
        platform = _platform_name(entry.platform, self.image)
        if platform and not self.is_wanted(platform):
            return [_Part(platform)]
        self.reads += 1
        if self.reads > _MOST_READS:
            raise Malformed(f"{self.image} has an index of more than {_MOST_READS} images")
        check_size(entry, LARGEST_MANIFEST, f"a manifest of {self.image}")
        _, manifest = self.source.manifest(self.image, entry.digest)
        return self.parts(manifest, platform, depth + 1)

    def _part(self, manifest: Manifest, platform: str) -> _Part:
        labels = _texts(manifest.annotations)
        created = parse_time(labels.get(_CREATED))
        pointer = manifest.config
        if pointer is None or pointer.media_type not in _CONFIG_TYPES:
            # A chart, a signature or another artifact: what its annotations say is all there is.
            return _Part(platform, created, labels)
        check_size(pointer, LARGEST_CONFIG, f"the config of {self.image}")
        config = self.source.config(self.image, pointer)
        platform = platform or _platform_name(
            Platform(config.os, config.architecture, config.variant), self.image
        )
        labels.update(_texts(config.config.labels if config.config else None))
        return _Part(platform, parse_time(config.created) or created, labels)


def _decode(body: bytes, kind: type[_Document], what: str) -> _Document:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"{what} cannot be read", why=f"it is no valid JSON of its kind: {error}") from error


def _is_image(entry: Descriptor) -> bool:
    """Whether an index entry is an image; BuildKit lists attestations beside them as `unknown/unknown`.

    https://docs.docker.com/build/metadata/attestations/attestation-storage/
    """
    if entry.platform and entry.platform.os == entry.platform.architecture == "unknown":
        return False
    return entry.media_type in {*INDEX_TYPES, *MANIFEST_TYPES} and not (entry.annotations or {}).get(
        "vnd.docker.reference.type"
    )


def _platform_name(platform: Platform | None, image: ImageName) -> str:
    if platform is None or not platform.os:
        return ""
    parts = [part for part in (platform.os, platform.architecture, platform.variant) if part]
    if not all(_PLATFORM_PART.fullmatch(part) for part in parts):
        raise Malformed(f"{image} names a platform that is none")
    return "/".join(parts)


def _texts(values: Mapping[str, Any] | None) -> dict[str, str]:
    """The entries that are text, as far as they are of a size that people read."""
    texts = [(key, value) for key, value in (values or {}).items() if isinstance(value, str)]
    return {key: value for key, value in texts[:_MOST_LABELS] if len(key) + len(value) <= _LONGEST_LABEL}
