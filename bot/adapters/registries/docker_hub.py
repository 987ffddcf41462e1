"""Docker Hub's own list of tags, which tells digests and changes first: https://docs.docker.com/reference/api/hub/latest/.

One request says that nothing changed, and manifests need not be asked for where only digests count. It is
asked without a login, so it knows public images only. A convenience: whatever is odd about an answer ends it,
and the registry itself is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import pairwise
from urllib.parse import urlencode

import msgspec

from bot.adapters.registries.transport import Answer, Request, Transport
from bot.domain.choosing.listing import Listing
from bot.domain.errors import Malformed, NotFound, Refused, Unreachable
from bot.domain.image import ImageName, is_digest, is_tag
from bot.ports import Clock

HUB_URL = "https://hub.docker.com"
"""Where the API answers."""
_PAGE_SIZE = 100  # The most that it gives.
_LARGEST_PAGE = 4 * 1024 * 1024
# A list that is longer costs less at the registry, which gives 1,000 a page.
_MOST_PAGES = 100
# Its rate is low: a list that would keep a worker for longer is the registry's to give.
_LONGEST = timedelta(seconds=20)
# Changes are found by their time and by the count of all tags; a whole list now and then trusts neither.
_WHOLE_EVERY = timedelta(hours=12)
_MARK = re.compile(r"hub (?P<whole_at>[0-9]{1,12}) (?P<newest>[0-9T:.Z+-]{10,40})")


class _Tag(msgspec.Struct, frozen=True):
    name: str
    last_updated: str | None = None
    digest: str | None = None


class _Page(msgspec.Struct, frozen=True):
    count: int
    results: list[_Tag]


class HubTags:
    """Lists tags at Docker Hub's API."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._now = clock.now

    def close(self) -> None:
        """Close the connections that are kept for reuse."""
        self._transport.close()

    def listing(self, image: ImageName, known: Listing | None = None) -> Listing:
        """Every tag with its digest, complete; `known` again where nothing changed.

        Raises:
            NotFound: there is no such public image.
            Refused: it has so many tags that they are better asked of the registry.
            Malformed: the answers do not fit together.
            Transient: there is no answer now.
        """
        if image.path.count("/") != 1:
            raise NotFound(f"Docker Hub shows no tags of {image}", why="its names have two parts")
        mark = _MARK.fullmatch(known.validator or "") if known else None
        first = self._page(image, 1)
        if known is not None and mark is not None and not self._is_old(mark):
            changed = self._changed(image, first, known, mark)
            if changed is not None:
                return changed
        return self._whole(image, first)

    def _is_old(self, mark: re.Match[str]) -> bool:
        return self._now() - datetime.fromtimestamp(int(mark["whole_at"]), UTC) >= _WHOLE_EVERY

    def _changed(self, image: ImageName, first: _Page, known: Listing, mark: re.Match[str]) -> Listing | None:
        """The list with what changed since; None where that cannot be told from the newest tags alone.

        Whatever was pushed stands first, so pages are read until one holds nothing new. Then all that there
        is now is in the union, and where its size is the count, nothing was deleted either.
        """
        since, page, number = _time(mark["newest"]), first, 1
        digests: dict[str, str | None] = {tag: known.digests.get(tag) for tag in known.tags}
        earliest: datetime | None = None
        while True:
            times = [_time(tag.last_updated) for tag in page.results]
            if page.count != first.count or not _is_falling(times, earliest):
                return None
            news = [
                tag
                for tag, at in zip(page.results, times, strict=True)
                if at > since or tag.name not in digests or digests[tag.name] != tag.digest
            ]
            digests |= {tag.name: tag.digest for tag in news}
            if len(digests) > first.count:
                return None
            if not news or number * _PAGE_SIZE >= first.count:
                break
            earliest, number = times[-1], number + 1
            page = self._page(image, number)
        if len(digests) != first.count:
            return None
        listing = _listing(digests, mark["whole_at"], first)
        return known if listing == known else listing

    def _whole(self, image: ImageName, first: _Page) -> Listing:
        """The whole list; what is pushed or deleted meanwhile moves the pages, so it may need two tries."""
        for _ in range(2):
            digests = self._all(image, first)
            if digests is not None:
                return _listing(digests, f"{self._now().timestamp():.0f}", first)
            first = self._page(image, 1)
        raise Malformed(f"Docker Hub gives no list of {image} that fits its own count")

    def _all(self, image: ImageName, first: _Page) -> dict[str, str | None] | None:
        """Digest by tag; None when pages moved while they were read."""
        pages = -(-first.count // _PAGE_SIZE)
        if pages > _MOST_PAGES:
            raise Refused(
                f"Docker Hub is not asked for {first.count} tags of {image}", why="they are too many"
            )
        digests = {tag.name: tag.digest for tag in first.results}
        until = self._now() + _LONGEST
        for number in range(2, pages + 1):
            page = self._page(image, number)
            digests |= {tag.name: tag.digest for tag in page.results}
            if page.count != first.count:
                return None
            if self._now() > until:
                raise Unreachable(f"Docker Hub takes too long to list {image}")
        return digests if len(digests) == first.count else None

    def _page(self, image: ImageName, number: int) -> _Page:
        query = urlencode({"page_size": _PAGE_SIZE, "page": number, "ordering": "last_updated"})
        url = f"{self._transport.base}/v2/repositories/{image.path}/tags?{query}"
        answer = self._transport.ask(Request(url, _LARGEST_PAGE))
        if answer.status != HTTPStatus.OK:
            raise NotFound(f"Docker Hub shows no tags of {image} in public", why=f"HTTP {answer.status}")
        page = _decode(answer, image)
        if not page.results or not all(is_tag(tag.name) for tag in page.results):
            raise Malformed(f"Docker Hub gives no tags of {image}, or some that are none")
        return page


def _decode(answer: Answer, image: ImageName) -> _Page:
    try:
        return msgspec.json.decode(answer.body, type=_Page)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"Docker Hub gives no list of tags of {image}", why=str(error)) from error


def _listing(digests: Mapping[str, str | None], whole_at: str, first: _Page) -> Listing:
    told = {tag: digest for tag, digest in digests.items() if digest is not None and is_digest(digest)}
    newest = first.results[0].last_updated
    return Listing(tuple(digests), f"hub {whole_at} {newest}", told)


def _time(text: str | None) -> datetime:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError as error:
        raise Malformed("Docker Hub names a time that is none") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_falling(times: Sequence[datetime], earliest: datetime | None) -> bool:
    """Whether the newest stand first, here and after the page whose last one is `earliest`."""
    row = [earliest, *times] if earliest else list(times)
    return all(before >= after for before, after in pairwise(row))
