"""A registry in memory, for tests and dry runs: it holds what was pushed to it, and fails when told to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock

from bot.adapters.registries.contents import check_reference
from bot.domain.choosing.listing import Listing
from bot.domain.choosing.platform import missing_platforms
from bot.domain.choosing.selection import TagDetails
from bot.domain.errors import NotFound, TagboatError
from bot.domain.image import ImageName, is_tag
from bot.domain.signing.evidence import Evidence


@dataclass(slots=True)
class _Repository:
    tags: dict[str, str] = field(default_factory=dict)
    images: dict[str, Mapping[str, TagDetails]] = field(default_factory=dict)
    signatures: dict[str, list[Evidence]] = field(default_factory=dict)


class MemoryRegistry:
    """The port `Registry` over dictionaries; safe for threads."""

    def __init__(self) -> None:
        self._repositories: dict[ImageName, _Repository] = {}
        self._errors: dict[tuple[ImageName | None, str | None], TagboatError] = {}
        self._lock = Lock()

    def push(
        self,
        image: ImageName,
        tag: str,
        *,
        created: datetime | Mapping[str, datetime] | None = None,
        platforms: Sequence[str] = ("linux/amd64",),
        labels: Mapping[str, str] | None = None,
        content: str = "",
    ) -> str:
        """Put an image under the tag, which moves if it exists, and return its digest.

        `created` is one time, or one per platform. `content` tells apart images that are alike otherwise.

        Raises:
            ValueError: the tag breaks the grammar.
        """
        if not is_tag(tag):
            raise ValueError(f"{tag[:80]!a} is not a tag")
        times = created if isinstance(created, Mapping) else dict.fromkeys(platforms, created)
        utc = {name: moment and moment.astimezone(UTC) for name, moment in times.items()}
        text = repr(
            (str(image), sorted(utc.items(), key=str), platforms, sorted((labels or {}).items()), content)
        )
        digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        whole = TagDetails(digest, None, tuple(platforms), dict(labels or {}))
        with self._lock:
            repository = self._repositories.setdefault(image, _Repository())
            repository.tags[tag] = digest
            repository.images[digest] = {name: replace(whole, created=utc.get(name)) for name in platforms}
        return digest

    def attach(self, image: ImageName, digest: str, evidence: Evidence) -> None:
        """Put a signature beside what the digest names."""
        with self._lock:
            self._repositories.setdefault(image, _Repository()).signatures.setdefault(digest, []).append(
                evidence
            )

    def delete(self, image: ImageName, tag: str) -> None:
        """Remove the tag; the image stays known by its digest, as in real registries."""
        with self._lock:
            del self._repositories[image].tags[tag]

    def fail(self, error: TagboatError, *, image: ImageName | None = None, tag: str | None = None) -> None:
        """From now on raise `error`: for everything, for one image, or for one tag of it."""
        self._errors[image, tag] = error

    def recover(self) -> None:
        """Answer everything again."""
        self._errors.clear()

    def listing(self, image: ImageName, *, known: Listing | None = None) -> Listing:
        """Every tag of the image; `NotFound` when nothing was ever pushed to it."""
        del known
        self._check(image, None)
        with self._lock:
            return Listing(tuple(self._repository(image).tags))

    def digest(self, image: ImageName, tag: str) -> str | None:
        """The digest that the tag names now, or None when there is no such tag."""
        self._check(image, tag)
        with self._lock:
            return self._repositories.get(image, _Repository()).tags.get(tag)

    def details(self, image: ImageName, reference: str, platforms: Sequence[str]) -> TagDetails:
        """What was pushed under the tag or digest; `NotFound` when nothing was."""
        self._check(image, reference)
        with self._lock:
            repository = self._repository(image)
            parts = repository.images.get(repository.tags.get(reference, reference))
        if parts is None:
            raise NotFound(f"{image} has no tag or digest {reference}")
        asked = tuple(platforms) or tuple(parts)
        times = [
            part.created
            for name, part in parts.items()
            if part.created and len(missing_platforms(asked, offered=(name,))) < len(asked)
        ]
        whole = next(iter(parts.values()))
        return replace(whole, created=max(times, default=None))

    def signatures(self, image: ImageName, digest: str) -> Iterator[Evidence]:
        """What was attached to the digest."""
        self._check(image, digest)
        with self._lock:
            found = tuple(self._repositories.get(image, _Repository()).signatures.get(digest, ()))
        return iter(found)

    def _repository(self, image: ImageName) -> _Repository:
        if image not in self._repositories:
            raise NotFound(f"the repository {image} is not there")
        return self._repositories[image]

    def _check(self, image: ImageName, reference: str | None) -> None:
        if reference is not None:
            check_reference(image, reference)
        for key in ((None, None), (image, None), (image, reference)):
            if key in self._errors:
                raise self._errors[key]
