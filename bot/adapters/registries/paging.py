"""A list of tags that comes in pages, read to its end or not at all.

A list can be endless, run in circles, or send us to another host with our login (a `Link` header is only an
answer's word): each is an error that names the host, and none is taken for a short list. Of a `Link` only the
query is used, on the path that we asked for ourselves: Artifactory leaves its own path out, and Nexus puts in
one that its connectors do not serve.
https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode, urljoin, urlsplit

import msgspec
import structlog

from bot.adapters.registries.site import Site
from bot.adapters.registries.transport import Answer, origin
from bot.domain.choosing.listing import Listing
from bot.domain.errors import Malformed, Refused, Unreachable
from bot.domain.image import ImageName, is_digest, is_tag

_log = structlog.get_logger()

LARGEST_PAGE = 32 * 1024 * 1024
"""Bytes: Google's registries give the whole list at once, with every manifest's sizes and times."""
# The most that Amazon's registry takes. Others answer with as many as they like; distribution 3 refuses more
# than its `maxtags`, so what is refused is asked for in smaller pages, and then of whatever size it likes.
_SIZES = (1000, 100, None)
_REFUSED_SIZES = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.METHOD_NOT_ALLOWED})
# Some registries give 100 tags a page at most, so both limits come to the same: several times what the
# largest public repositories hold.
_MOST_PAGES = 1000
_MOST_TAGS = 100_000
_LONGEST_SECONDS = 120.0
_NEXT = re.compile(r'<([^<>]{1,4096})>\s*;[^,]*\brel="?next"?', re.IGNORECASE)
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{1,256}"')


class _Manifest(msgspec.Struct, frozen=True):
    tag: list[str] | None = None


class _Page(msgspec.Struct, frozen=True):
    tags: list[str] | None
    manifest: msgspec.Raw = msgspec.Raw(b"null")


@dataclass(frozen=True, slots=True)
class TagList:
    """One repository's tags at a site."""

    image: ImageName
    site: Site
    monotonic: Callable[[], float] = time.monotonic

    def read(self, known: Listing | None = None) -> Listing:
        """Every tag, in the registry's order; words that are no tags by the grammar are left out.

        `known` is given again where the registry says that it still holds.

        Raises:
            NotFound: there is no such repository.
            Malformed: a page is no list, or comes twice.
            Refused: the list is too long, or goes on at another host.
            Unreachable: it takes too long.
        """
        etag = _etag(known.validator) if known else None
        first, size = self._first(etag)
        if known is not None and first.status == HTTPStatus.NOT_MODIFIED:
            return known
        pages = _Pages(self, size)
        pages.read(first)
        legal = tuple(tag for tag in pages.tags if is_tag(tag))
        if len(legal) < len(pages.tags):
            _log.warning("illegal_tags_ignored", image=str(self.image), count=len(pages.tags) - len(legal))
        # The mark of one page says nothing of others.
        mark = _etag(first.headers.get("ETag")) if len(pages.asked) == 1 else None
        return Listing(legal, mark, {tag: pages.digests[tag] for tag in legal if tag in pages.digests})

    def _first(self, etag: str | None) -> tuple[Answer, int | None]:
        """The first page, and the size of pages that the registry takes."""
        for size in _SIZES:
            answer = self.ask(_query(size), etag)
            if answer.status not in _REFUSED_SIZES:
                break
        if etag is None or answer.status != HTTPStatus.NOT_MODIFIED:
            self.site.check(answer, self.what)
        return answer, size

    def ask(self, query: str, etag: str | None = None) -> Answer:
        """One page."""
        target = f"tags/list?{query}" if query else "tags/list"
        return self.site.ask(self.image.path, target, limit=LARGEST_PAGE, etag=etag)

    @property
    def what(self) -> str:
        """What is read, for errors."""
        return f"the repository {self.image}"


@dataclass(slots=True)
class _Pages:
    """What was read so far."""

    source: TagList
    size: int | None
    tags: dict[str, None] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)

    def read(self, first: Answer) -> None:
        """Go on from the first page to the end."""
        deadline = self.source.monotonic() + _LONGEST_SECONDS
        answer, query = first, _query(self.size)
        while True:
            self.asked.add(query)
            following = self._take(answer)
            if following is None:
                return
            query = following
            self._check_goes_on(query, deadline)
            answer = self.source.ask(query)
            self.source.site.check(answer, self.source.what)

    def _take(self, answer: Answer) -> str | None:
        """Add what the page has; the query of the next page, or None."""
        page = self._decode(answer)
        tags: Sequence[str] = page.tags or ()
        before = len(self.tags)
        self.tags.update(dict.fromkeys(tags))
        if len(self.tags) > _MOST_TAGS:
            raise self._too_long(f"over {_MOST_TAGS} tags")
        self.digests |= _digests(page.manifest)
        has_news = len(self.tags) > before
        query = self._next(answer)
        # Quay may give its last page twice; what has a next page and nothing new runs in a circle.
        if query is not None and tags and not has_news:
            raise Malformed(
                f"{self._image.registry} gives the same tags of {self._image.path} again and again"
            )
        if query is None and has_news and len(tags) == self.size:
            # Nexus's groups cut a list at what was asked for and name no next page: only a question tells.
            return _query(self.size, last=tags[-1])
        return query

    def _check_goes_on(self, query: str, deadline: float) -> None:
        if not query or query in self.asked:
            raise Malformed(f"{self._image.registry} lists the tags of {self._image.path} in a circle")
        if len(self.asked) >= _MOST_PAGES:
            raise self._too_long(f"over {_MOST_PAGES} pages of tags")
        if self.source.monotonic() > deadline:
            raise Unreachable(
                f"{self._image.registry} is too slow", why=f"its tags took over {_LONGEST_SECONDS:.0f} s"
            )

    def _decode(self, answer: Answer) -> _Page:
        try:
            return msgspec.json.decode(answer.body, type=_Page)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(
                f"{self._image.registry} gives no list of tags of {self._image.path}",
                why=f"its answer is no valid JSON of that kind: {error}",
                fix="check that the host is a registry",
            ) from error

    def _next(self, answer: Answer) -> str | None:
        match = _NEXT.search(answer.headers.get("Link", ""))
        if match is None:
            return None
        query = _query_at(self.source.site.origin, answer.url, match[1])
        if query is not None:
            return query
        raise Refused(
            f"the next page of tags of {self._image} is not read",
            why=f"it is said to be at another host: {match[1][:100]!a}",
            fix="correct the external URL in the registry's own configuration",
        )

    @property
    def _image(self) -> ImageName:
        return self.source.image

    def _too_long(self, why: str) -> Refused:
        return Refused(f"the tags of {self._image} are not read", why=why, fix="delete old tags")


def _query(size: int | None, *, last: str | None = None) -> str:
    wanted = {"n": str(size) if size else None, "last": last}
    return urlencode({key: value for key, value in wanted.items() if value is not None})


def _query_at(place: tuple[str, str, int], base: str, target: str) -> str | None:
    """The query of the page that `target` stands for on the page `base`; None when it is elsewhere.

    A registry that redirects everything names the next page at the host that it redirects to.
    """
    try:
        url = urljoin(base, target)
        return urlsplit(url).query if origin(url) in {place, origin(base)} else None
    except ValueError:
        return None


def _etag(text: str | None) -> str | None:
    return text if text and _ETAG.fullmatch(text) else None


def _digests(manifests: msgspec.Raw) -> dict[str, str]:
    """Digest by tag, as Google's registries tell in `manifest`; nothing where another vendor means otherwise.

    https://docs.cloud.google.com/artifact-registry/docs/docker/names: a tag names one digest.
    """
    try:
        told = msgspec.json.decode(manifests, type=dict[str, _Manifest] | None) or {}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    pairs = [(tag, digest) for digest, entry in told.items() if is_digest(digest) for tag in entry.tag or ()]
    counts = Counter(tag for tag, _ in pairs)
    return {tag: digest for tag, digest in pairs if counts[tag] == 1}
