"""A list of tags that comes in pages, read to its end or not at all.

A list can be endless, run in circles, or send us to another host with our login (a `Link` header is only an
answer's word): each is an error that names the host, and none is taken for a short list.
https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

import msgspec
import structlog

from bot.adapters.registries.transport import Answer, origin
from bot.domain.errors import Malformed, Refused, Unreachable
from bot.domain.image import ImageName, is_tag

_log = structlog.get_logger()

LARGEST_PAGE = 32 * 1024 * 1024
"""Bytes: Google's registries give the whole list at once, with every manifest's sizes and times."""
# The most that Amazon's registry takes; others answer with as many as they like.
_FIRST = "tags/list?n=1000"
# Some registries give 100 tags a page at most, so both limits come to the same: several times what the
# largest public repositories hold.
_MOST_PAGES = 1000
_MOST_TAGS = 100_000
_LONGEST_SECONDS = 120.0
_NEXT = re.compile(r'<([^<>]{1,4096})>\s*;[^,]*\brel="?next"?', re.IGNORECASE)


class _Page(msgspec.Struct, frozen=True):
    tags: list[str] | None


@dataclass(frozen=True, slots=True)
class TagList:
    """One repository's tags. `ask` fetches a page by its URL, or by its place within the repository."""

    image: ImageName
    ask: Callable[[str], Answer]
    origin: tuple[str, str, int]
    monotonic: Callable[[], float] = time.monotonic

    def read(self) -> Sequence[str]:
        """Every tag, in the registry's order; words that are no tags by the grammar are left out.

        Raises:
            Malformed: a page is no list, or comes twice.
            Refused: the list is too long, or goes on at another host.
            Unreachable: it takes too long.
        """
        found: dict[str, None] = {}
        for page in self._pages():
            before = len(found)
            found.update(dict.fromkeys(page))
            if page and len(found) == before:
                raise Malformed(
                    f"{self.image.registry} gives the same tags of {self.image.path} again and again"
                )
            if len(found) > _MOST_TAGS:
                raise self._too_long(f"over {_MOST_TAGS} tags")
        legal = tuple(tag for tag in found if is_tag(tag))
        if len(legal) < len(found):
            _log.warning("illegal_tags_ignored", image=str(self.image), count=len(found) - len(legal))
        return legal

    def _pages(self) -> Iterator[Sequence[str]]:
        target: str | None = _FIRST
        visited: set[str] = set()
        deadline = self.monotonic() + _LONGEST_SECONDS
        while target is not None:
            if target in visited:
                raise Malformed(f"{self.image.registry} lists the tags of {self.image.path} in a circle")
            if len(visited) >= _MOST_PAGES:
                raise self._too_long(f"over {_MOST_PAGES} pages of tags")
            if self.monotonic() > deadline:
                raise Unreachable(
                    f"{self.image.registry} is too slow", why=f"its tags took over {_LONGEST_SECONDS:.0f} s"
                )
            visited.add(target)
            answer = self.ask(target)
            yield self._tags(answer)
            target = self._next(answer)

    def _tags(self, answer: Answer) -> Sequence[str]:
        try:
            # Null stands for an empty list in registries written in Go.
            return msgspec.json.decode(answer.body, type=_Page).tags or ()
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(
                f"{self.image.registry} gives no list of tags of {self.image.path}",
                why=f"its answer is no valid JSON of that kind: {error}",
                fix="check that the host is a registry",
            ) from error

    def _next(self, answer: Answer) -> str | None:
        match = _NEXT.search(answer.headers.get("Link", ""))
        if match is None:
            return None
        target = _absolute(answer.url, match[1])
        if target is not None and origin(target) == self.origin:
            return target
        raise Refused(
            f"the next page of tags of {self.image} is not read",
            why=f"it is said to be at another host: {match[1][:100]!a}",
            fix="correct the external URL in the registry's own configuration",
        )

    def _too_long(self, why: str) -> Refused:
        return Refused(f"the tags of {self.image} are not read", why=why, fix="delete old tags")


def _absolute(base: str, target: str) -> str | None:
    """The web address that `target` stands for on the page `base`, or None when it is none."""
    try:
        url = urljoin(base, target)
        origin(url)
    except ValueError:
        return None
    return url
