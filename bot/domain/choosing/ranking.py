"""The candidates among the tags of a repository, best first, and why the other tags are none.

Tags of equal value are put in the byte order of their names, and the last one is the best, whichever way the
strategy sorts (argocd-image-updater's rule: of `1.0`, `1.0.0` and `v1.0.0` it is `v1.0.0`). Nothing depends
on the order in which a registry lists its tags.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

from bot.domain.choosing.extraction import Extraction
from bot.domain.choosing.strategies.order import Order, Running
from bot.domain.choosing.tag_filter import TagFilter


class Ranking:
    """Tags in the order of a strategy. Iterating gives the candidates, best first, and reads no further."""

    def __init__(self, order: Order[Any], tags: Collection[str], *, names: TagFilter, values: Extraction):
        self.order = order
        self._tags = tags
        self._names = names
        self._values = values
        self._first: list[str] = []
        self._rest = self._candidates()

    def __iter__(self) -> Iterator[str]:
        return self.since(0)

    def since(self, position: int) -> Iterator[str]:
        """The candidates from this place on."""
        while self._reaches(position):
            yield self._first[position]
            position += 1

    def between(self, start: int, end: int) -> tuple[str, ...]:
        """The candidates at these places, as far as there are any."""
        self._reaches(end - 1)
        return tuple(self._first[start:end])

    def refusals(self) -> Iterator[tuple[str, str]]:
        """The tags that are no candidates, and why: first those by their value, then those by their name."""
        by_name: list[tuple[str, str]] = []
        for tag in sorted(set(self._tags)):
            refusal = self._names.refusal(tag)
            if refusal:
                by_name.append((tag, refusal))
            elif refusal := self._refusal(tag):
                yield tag, refusal
        yield from by_name

    def is_listed(self, tag: str | None) -> bool:
        """Whether the repository has the tag, candidate or not."""
        return tag in self._tags

    def equals(self, one: str, other: str) -> bool:
        """Whether two candidates have one place."""
        return bool(self._key(one) == self._key(other))

    def is_newer(self, running: Running | None, *, than: str) -> bool:
        """Whether what runs stands above the candidate; False where the two do not compare."""
        value = self._values.value(than)
        if running is None or running.value is None or value is None:
            return False
        return self.order.is_newer(running.value, than=value)

    def is_placed(self, running: Running) -> bool:
        """Whether what runs has a place in the order."""
        return running.value is not None and self.order.key(running.value) is not None

    def allowed(self) -> tuple[str, ...]:
        """The tags that neither names nor the pattern refuse, whatever their place."""
        return tuple(
            tag
            for tag in sorted(set(self._tags))
            if not self._names.refusal(tag) and self._values.value(tag) is not None
        )

    def _key(self, tag: str) -> object:
        value = self._values.value(tag)
        return None if value is None else self.order.key(value)

    def _refusal(self, tag: str) -> str:
        value = self._values.value(tag)
        return self._values.refusal(tag) if value is None else self.order.refusal(value)

    def _reaches(self, position: int) -> bool:
        while len(self._first) <= position:
            tag = next(self._rest, None)
            if tag is None:
                return False
            self._first.append(tag)
        return True

    def _candidates(self) -> Iterator[str]:
        for tier in self._tiers():
            for tag in sorted(set(tier), reverse=True):
                if not self._names.refusal(tag):
                    yield tag

    def _tiers(self) -> Iterator[Collection[str]]:
        if self._values.is_plain:
            yield from self.order.tiers(self._tags)
            return
        tags: dict[str, list[str]] = defaultdict(list)
        for tag in self._tags:
            if not self._names.refusal(tag) and (value := self._values.value(tag)) is not None:
                tags[value].append(tag)
        for tier in self.order.tiers(tags):
            yield [tag for value in tier for tag in tags[value]]
