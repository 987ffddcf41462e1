"""A tree of OCI image layouts on disk as a registry: for demonstrations, tests and air-gapped places.

The image `acme/web` is the layout in `<root>/acme/web/`: `oci-layout`, `index.json`, `blobs/sha256/`
(https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md). Any tool that writes layouts
can fill it, for example `skopeo copy docker://… oci:<root>/acme/web:1.4.2`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from bot.adapters.registries.contents import (
    LARGEST_CONFIG,
    LARGEST_MANIFEST,
    Config,
    Descriptor,
    Manifest,
    check_reference,
    check_size,
    describe,
    read_config,
    read_manifest,
    verify,
)
from bot.adapters.registries.signatures import Referrer, read_referrers, signatures
from bot.domain.choosing.listing import Listing
from bot.domain.choosing.selection import TagDetails
from bot.domain.errors import Malformed, NotFound, Refused, Unreachable
from bot.domain.image import ImageName, is_digest, is_tag
from bot.domain.signing.evidence import Evidence

REF_NAME = "org.opencontainers.image.ref.name"
"""The annotation of an entry of `index.json` that holds its tag."""
# Some 40,000 tags: an entry has about 400 bytes.
_LARGEST_INDEX = 16 * 1024 * 1024


class _Marker(msgspec.Struct, frozen=True, rename="camel"):
    image_layout_version: str


class _Index(msgspec.Struct, frozen=True):
    manifests: list[Descriptor]


class LayoutRegistry:
    """The port `Registry` over a folder of image layouts. Every read goes to the disk and is verified."""

    def __init__(self, *, root: Path) -> None:
        self._root = root.resolve()

    def listing(self, image: ImageName, *, known: Listing | None = None) -> Listing:
        """Every tag that the layout's index names.

        Raises:
            NotFound: there is no layout for this image.
            Malformed: the layout is broken.
        """
        del known
        return Listing(tuple(self._tagged(image)))

    def digest(self, image: ImageName, tag: str) -> str | None:
        """The digest that the tag names now, or None when there is no such tag."""
        check_reference(image, tag)
        try:
            entry = self._tagged(image).get(tag)
        except NotFound:
            return None
        return entry.digest if entry else None

    def details(self, image: ImageName, reference: str, platforms: Sequence[str]) -> TagDetails:
        """Digest, created time, platforms and labels of a tag or digest.

        Raises:
            NotFound: there is no such tag or digest.
            Malformed: the layout is broken, or a blob is not what its digest says.
        """
        check_reference(image, reference)
        return describe(self, image, reference, platforms)

    def signatures(self, image: ImageName, digest: str) -> Iterator[Evidence]:
        """What the layout holds as signatures of the digest; read one by one, as it is asked for."""
        return signatures(self, image, digest)

    def document(self, image: ImageName, reference: str) -> bytes | None:
        """The manifest or index of a tag or digest, verified; None when there is none."""
        digest = reference if is_digest(reference) else self.digest(image, reference)
        if digest is None:
            return None
        try:
            return self._blob(image, digest, LARGEST_MANIFEST, f"the manifest {image}@{digest}")
        except NotFound:
            return None

    def blob(self, image: ImageName, descriptor: Descriptor, limit: int) -> bytes:
        """A blob, verified."""
        return self._blob(image, descriptor.digest, limit, f"the blob {image}@{descriptor.digest}")

    def referrers(self, image: ImageName, digest: str) -> Sequence[Referrer] | None:
        """The layout's own entries of artifacts, as `oras` writes them, and those that a tag lists."""
        tagged = self.document(image, digest.replace(":", "-"))
        what = f"the index of {image}"
        try:
            index = _read(self._folder(image) / "index.json", _LARGEST_INDEX, what)
        except NotFound:
            return None
        own = [each for each in read_referrers(index, what) if each.artifact_type]
        return own if tagged is None else [*own, *read_referrers(tagged, f"the referrers of {image}")]

    def manifest(self, image: ImageName, reference: str) -> tuple[str, Manifest]:
        """The manifest or index of a tag or digest, verified, and its digest."""
        what = f"the manifest {image}{'@' if is_digest(reference) else ':'}{reference}"
        digest = reference
        if not is_digest(reference):
            entry = self._tagged(image).get(reference)
            if entry is None:
                raise NotFound(f"{image} has no tag {reference[:128]!a}")
            check_size(entry, LARGEST_MANIFEST, what)
            digest = entry.digest
        return digest, read_manifest(self._blob(image, digest, LARGEST_MANIFEST, what), what)

    def config(self, image: ImageName, descriptor: Descriptor) -> Config:
        """The config blob that the descriptor points to, verified."""
        what = f"the config {image}@{descriptor.digest}"
        check_size(descriptor, LARGEST_CONFIG, what)
        return read_config(self._blob(image, descriptor.digest, descriptor.size, what), what)

    def _tagged(self, image: ImageName) -> dict[str, Descriptor]:
        """Entry by tag; the last one counts where a tag stands twice, as it was added last."""
        folder = self._folder(image)
        marker = _read(folder / "oci-layout", 1024, f"the image layout of {image}")
        index = _read(folder / "index.json", _LARGEST_INDEX, f"the index of {image}")
        try:
            version = msgspec.json.decode(marker, type=_Marker).image_layout_version
            entries = msgspec.json.decode(index, type=_Index).manifests
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(f"{folder} is no image layout", why=str(error)) from error
        if not version.startswith("1."):
            raise Malformed(f"{folder} is no image layout of version 1", why=f"it says {version[:20]!a}")
        named = [((entry.annotations or {}).get(REF_NAME), entry) for entry in entries]
        return {name: entry for name, entry in named if isinstance(name, str) and is_tag(name)}

    def _folder(self, image: ImageName) -> Path:
        folder = (self._root / image.path).resolve()
        if not folder.is_relative_to(self._root) or folder == self._root:
            raise Refused(f"{image} is not read", why=f"its folder would be outside {self._root}")
        return folder

    def _blob(self, image: ImageName, digest: str, limit: int, what: str) -> bytes:
        algorithm, _, value = digest.partition(":")
        folder = self._folder(image)
        path = (folder / "blobs" / algorithm / value).resolve()
        if not is_digest(digest) or not path.is_relative_to(folder):
            raise Refused(f"{what} is not read", why="it would be outside the image's folder")
        body = _read(path, limit, what)
        verify(body, digest, what)
        return body


def _read(path: Path, limit: int, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            body = file.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"{what} is not there", why=f"there is no file {path}") from error
    except OSError as error:
        raise Unreachable(f"{what} cannot be read", why=f"{path}: {error.strerror}") from error
    if len(body) > limit:
        raise Malformed(f"{what} is not read", why=f"{path} is larger than {limit} bytes")
    return body
