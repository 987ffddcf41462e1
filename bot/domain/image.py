"""Images and releases: what a registry holds, and which image references move together.

Names are canonical from the moment that they are parsed (`GHCR.IO/Acme/App` has one form), because they are
compared, locked on and shown. Grammar: the OCI distribution specification ("Pulling manifests": name,
reference) and distribution/reference for the host part and for Docker Hub's defaults.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

DOCKER_HUB = "docker.io"

_HOST = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]+\])(?::[0-9]{1,5})?"
)
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_LONGEST_PATH = 255


@dataclass(frozen=True, slots=True, order=True)
class ImageName:
    """Where an image lives: registry host (with port) and repository path, both canonical."""

    registry: str
    path: str

    def __str__(self) -> str:
        return f"{self.registry}/{self.path}"


@dataclass(frozen=True, slots=True, order=True)
class ImageRef:
    """One image at one tag, one digest, or both. The digest, where known, is the identity."""

    name: ImageName
    tag: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"

    @property
    def version(self) -> str:
        """What a human calls it: the tag, or the shortened digest where there is no tag."""
        return self.tag or short_digest(self.digest) or "nothing"


@dataclass(frozen=True, slots=True)
class Release:
    """The image references that move together, one per alias of a pipeline.

    `tree` names the files that move along, where a directory is promoted
    (`bot.domain.directories.directory.tree_id`).
    """

    images: tuple[tuple[str, ImageRef], ...]
    tree: str = ""

    @classmethod
    def of(cls, images: Mapping[str, ImageRef]) -> Release:
        """Build a release from alias → reference; the order of the mapping does not matter."""
        return cls(tuple(sorted(images.items())))

    def __iter__(self) -> Iterator[tuple[str, ImageRef]]:
        return iter(self.images)

    def __getitem__(self, alias: str) -> ImageRef:
        return dict(self.images)[alias]

    def only(self, aliases: Collection[str]) -> Release:
        """The images of the release that these aliases name, without its files."""
        return Release(tuple((alias, ref) for alias, ref in self.images if alias in aliases))

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that name this release: the same images and files give the same key."""
        lines = [f"{alias}={ref}" for alias, ref in self.images]
        text = "\n".join([*lines, f"tree {self.tree}"] if self.tree else lines)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def version(self) -> str:
        """What a human calls it: `1.4.2`, or `api 1.4.2, web 2.0.1` where there are several images."""
        if len(self.images) == 1:
            images = self.images[0][1].version
        else:
            images = ", ".join(f"{alias} {ref.version}" for alias, ref in self.images)
        files = f"files {self.tree[:7]}" if self.tree else ""
        return " + ".join(part for part in (images, files) if part)


def is_tag(text: str) -> bool:
    """Tell whether the text is a tag by the OCI grammar: ASCII, at most 128 characters, no leading dash."""
    return _TAG.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Tell whether the text is a SHA-256 or SHA-512 digest in lower-case hexadecimal."""
    return _DIGEST.fullmatch(text) is not None


def short_digest(digest: str | None) -> str:
    """The first twelve hexadecimal digits of a digest, as `docker images` shows it; empty for None."""
    return digest.partition(":")[2][:12] if digest else ""


def image_name(*, registry: str, path: str) -> ImageName:
    """Build a canonical name from its two parts.

    Docker Hub's aliases become `docker.io`, and a one-part name there is in `library/`. Port 443 is dropped,
    unless it alone says that the first part of the written name is a host (`registry:443/web`).

    Raises:
        ValueError: host or path break the grammar; the message says which and why.
    """
    host = registry.lower()
    host = host.removesuffix(":443") if _is_host(host.removesuffix(":443")) else host
    host = (
        DOCKER_HUB if host in {"index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"} else host
    )
    if not _HOST.fullmatch(host):
        raise ValueError(f"{registry!r} is not a registry host")
    if host == DOCKER_HUB and path and "/" not in path:
        path = f"library/{path}"
    if len(path) > _LONGEST_PATH or not _PATH.fullmatch(path):
        raise ValueError(
            f"{path[:80]!r} is not a repository name (lower-case letters, digits and . _ - between /)"
        )
    return ImageName(host, path)


def _is_host(part: str) -> bool:
    """Whether the first part of a written name is a host; distribution/reference's rule, but for capitals.

    Docker takes `Registry/web` for a host too, which nobody could tell from a path in its canonical form.
    """
    return part == "localhost" or "." in part or ":" in part


def parse_image_name(text: str) -> ImageName:
    """Parse `ghcr.io/acme/web`, `acme/web` or `nginx`, as Docker does: no host means Docker Hub.

    Raises:
        ValueError: the text is no image name, or carries a tag or digest.
    """
    first, slash, rest = text.partition("/")
    if slash and _is_host(first.lower()):
        return image_name(registry=first, path=rest)
    return image_name(registry=DOCKER_HUB, path=text)


def parse_image_ref(text: str) -> ImageRef:
    """Parse `name[:tag][@digest]`.

    Raises:
        ValueError: a part breaks its grammar.
    """
    rest, at, digest = text.partition("@")
    if at and not is_digest(digest):
        raise ValueError(f"{digest[:80]!r} is not a digest (sha256: and 64 lower-case hexadecimal digits)")
    head, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        return ImageRef(parse_image_name(rest), None, digest or None)
    if not is_tag(tag):
        raise ValueError(f"{tag[:80]!r} is not a tag")
    return ImageRef(parse_image_name(head), tag, digest or None)
