"""What every strategy answers: which values have a place in its order, which place, and why the others none.

A value is a tag, or what a pattern extracted from it. Orders know nothing of names that are filtered out, nor
of equal values: `bot.domain.choosing.ranking` puts the tags of equal values in the byte order of their names.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from bot.domain.image import is_tag


class Comparable(Hashable, Protocol):
    """What a key must be able to do."""

    def __lt__(self, other: Any, /) -> bool: ...


Key = TypeVar("Key", bound=Comparable)


@dataclass(frozen=True, slots=True)
class Running:
    """What runs: its tag (or a short digest, where it has none), and its value, None where it has none."""

    tag: str
    value: str | None

    @property
    def shown(self) -> str:
        """The tag, fit for a sentence."""
        return shown(self.tag)


@dataclass(frozen=True, slots=True)
class Words:
    """How an order speaks: `claim` completes "the best is …", `behind` and `equal` "this tag is … that tag".

    `unplaced` is why a value without a key is no candidate.
    """

    claim: str
    behind: str
    equal: str = "equal to"
    unplaced: str = "has no place in the order"


class Order(ABC, Generic[Key]):
    """The order of one strategy. Total: any two keys are equal, or one is the better."""

    @property
    @abstractmethod
    def words(self) -> Words:
        """How the order speaks of tags."""

    @property
    def is_descending(self) -> bool:
        """Whether the smallest key is the best."""
        return False

    @abstractmethod
    def key(self, value: str) -> Key | None:
        """The place of a value, None when it has none."""

    def unwanted(self, key: Key, value: str) -> str:
        """Why a value that has a place is no candidate, or the empty string when it is one."""
        del key, value
        return ""

    def refusal(self, value: str) -> str:
        """Why the value is no candidate, or the empty string when it is one."""
        key = self.key(value)
        return self.words.unplaced if key is None else self.unwanted(key, value)

    def is_newer(self, one: str, *, than: str) -> bool:
        """Whether `one` is the better; False when they are equal or one of them has no place."""
        key, other = self.key(one), self.key(than)
        if key is None or other is None:
            return False
        return key < other if self.is_descending else other < key

    def tiers(self, values: Collection[str]) -> Iterator[Sequence[str]]:
        """The candidates, best first; those of one tier are equal. Lazy: often the first tier is enough."""
        tiers: dict[Key, list[str]] = defaultdict(list)
        for value in values:
            key = self.key(value)
            if key is not None and not self.unwanted(key, value):
                tiers[key].append(value)
        for key in sorted(tiers, reverse=not self.is_descending):
            yield tiers[key]


def shown(tag: str) -> str:
    """A tag fit for a sentence: a values file may hold anything."""
    return tag if is_tag(tag) else ascii(tag[:80])
