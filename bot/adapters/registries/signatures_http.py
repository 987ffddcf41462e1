"""Documents and referrers over the distribution API, for `bot.adapters.registries.signatures`.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urljoin

from requests.utils import parse_header_links

from bot.adapters.registries.contents import (
    INDEX_TYPES,
    LARGEST_MANIFEST,
    MANIFEST_TYPES,
    Descriptor,
    verify,
)
from bot.adapters.registries.signatures import Referrer, read_referrers
from bot.adapters.registries.site import Site
from bot.adapters.registries.transport import Answer, origin
from bot.domain.errors import Refused
from bot.domain.image import ImageName, is_digest

_ACCEPT = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))
_DIGEST_HEADER = "Docker-Content-Digest"
_MOST_PAGES = 16
# What registries answer that know no referrers; go-containerregistry takes the same for it.
_NO_REFERRERS = frozenset(
    {
        HTTPStatus.NOT_FOUND,
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.NOT_ACCEPTABLE,
    }
)


@dataclass(frozen=True, slots=True)
class HttpDocuments:
    """The documents of the registry at `site`; mirrors are not asked, as signatures come after images."""

    site: Site

    def document(self, image: ImageName, reference: str) -> bytes | None:
        """The manifest or index of a tag or digest, verified; None when there is none."""
        answer = self.site.ask(image.path, f"manifests/{reference}", limit=LARGEST_MANIFEST, accept=_ACCEPT)
        if answer.status == HTTPStatus.NOT_FOUND and not answer.is_html:
            return None
        what = f"the manifest {image}{'@' if is_digest(reference) else ':'}{reference}"
        self.site.check(answer, what)
        digest = reference if is_digest(reference) else answer.headers.get(_DIGEST_HEADER)
        if digest is not None:
            verify(answer.body, digest, what)
        return answer.body

    def blob(self, image: ImageName, descriptor: Descriptor, limit: int) -> bytes:
        """A blob, verified."""
        what = f"the blob {image}@{descriptor.digest}"
        answer = self.site.ask(image.path, f"blobs/{descriptor.digest}", limit=limit)
        self.site.check(answer, what)
        verify(answer.body, descriptor.digest, what)
        return answer.body

    def referrers(self, image: ImageName, digest: str) -> Sequence[Referrer] | None:
        """What refers to the image, by any kind of document; None when the registry knows no referrers.

        Whoever cannot filter by kind gives all anyway, and two kinds are wanted: so none is asked for.

        Raises:
            Malformed: a page is no index.
            Refused: the list is too long, or goes on at another host.
        """
        what = f"the referrers of {image}@{digest}"
        first = self._page(image, f"referrers/{digest}")
        if first.status in _NO_REFERRERS:
            return None
        found: list[Referrer] = []
        for page in self._pages(image, first, what):
            self.site.check(page, what)
            found += read_referrers(page.body, what)
        return found

    def _pages(self, image: ImageName, page: Answer, what: str) -> Iterator[Answer]:
        for _ in range(_MOST_PAGES):
            yield page
            target = self._next(page, what)
            if target is None:
                return
            page = self._page(image, target)
        raise Refused(f"{what} are not read", why=f"there are over {_MOST_PAGES} pages of them")

    def _page(self, image: ImageName, target: str) -> Answer:
        return self.site.ask(image.path, target, limit=LARGEST_MANIFEST, accept=INDEX_TYPES[0])

    def _next(self, page: Answer, what: str) -> str | None:
        links = parse_header_links(page.headers.get("Link", "")[:4096])
        target = next((link["url"] for link in links if link.get("rel") == "next"), None)
        if target is None:
            return None
        try:
            url = urljoin(page.url, target)
            is_own = origin(url) == self.site.origin
        except ValueError:
            is_own = False
        if not is_own:
            raise Refused(f"{what} are not read", why="the next page is said to be at another host")
        return url
