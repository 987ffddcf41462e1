"""What "newest" means to each strategy: one order each, and nothing of registries or of what runs.

Every order is total over its candidates: equal keys are put in the byte order of the tags, and the last one
is the best (argocd-image-updater's rule: of `1.0`, `1.0.0` and `v1.0.0` it is `v1.0.0`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar

from bot.domain.version import Constraint, Version, parse_version


class Comparable(Protocol):
    """What a key must be able to do."""

    def __lt__(self, other: Any, /) -> bool: ...


Key = TypeVar("Key", bound=Comparable)


@dataclass(frozen=True, slots=True)
class Order(Generic[Key]):
    """The order of one strategy.

    `key` gives the place of a tag, None when it has none; `refusal` says why a key is not wanted, or the
    empty string. The rest are words: `claim` completes "the best is …", `behind` and `equal` complete
    "this tag is … that tag", and `unplaced` is why a tag without a key is no candidate.
    """

    key: Callable[[str], Key | None]
    claim: str
    behind: str
    equal: str = "equal to"
    unplaced: str = "has no place in the order"
    refusal: Callable[[Key], str] = lambda _: ""


@dataclass(frozen=True, slots=True)
class Ranking(Generic[Key]):
    """The candidates, best first, each one's key, and why the other tags are none."""

    best_first: Sequence[str]
    keys: Mapping[str, Key]
    refused: Mapping[str, str]


def rank(order: Order[Key], tags: Sequence[str]) -> Ranking[Key]:
    """Put tags, each given once, into an order."""
    keys: dict[str, Key] = {}
    refused: dict[str, str] = {}
    key_of, refusal_of = order.key, order.refusal
    for tag in sorted(tags):
        key = key_of(tag)
        if key is None:
            refused[tag] = order.unplaced
        elif reason := refusal_of(key):
            refused[tag] = reason
        else:
            keys[tag] = key
    # Sorting is stable, so tags of equal keys stay in ascending order, and the last one comes first.
    return Ranking(sorted(keys, key=keys.__getitem__)[::-1], keys, refused)


def is_newer(order: Order[Key], one: str, *, than: str) -> bool:
    """Whether `one` stands above `than`; False when they are equal or one of them has no place."""
    key, other = order.key(one), order.key(than)
    return key is not None and other is not None and other < key


def semver_order(constraint: Constraint) -> Order[Version]:
    """Semantic versions inside a constraint, by precedence."""
    return Order(
        key=parse_version,
        refusal=constraint.refusal,
        claim=f"the highest version in {constraint.text}",
        behind="older than",
        equal="the same version as",
        unplaced="not a semantic version",
    )


def build_order(created: Mapping[str, datetime | None]) -> Order[datetime]:
    """Build times, as the registry told them. A tag without one is no candidate: it may be of any age."""

    def key(tag: str) -> datetime | None:
        when = created.get(tag)
        # Builders that leave the zone out mean UTC; the two kinds would not compare.
        return when.replace(tzinfo=UTC) if when and when.tzinfo is None else when

    return Order(
        key=key,
        claim="the newest build",
        behind="built before",
        equal="built at the same time as",
        unplaced="its build time is not known",
    )


def fixed_tag(wanted: str) -> Order[bool]:
    """One tag by name. What it points to moves, so no tag is older than another."""
    return Order(
        key=lambda tag: True if tag == wanted else None,
        claim="the tag that the constraint names",
        behind="behind",
        unplaced=f"not {wanted!r}, the tag that the constraint names",
    )


def alphabetical_order() -> Order[str]:
    """Byte order of the tag names: `v9` comes after `v10`."""
    return Order(key=str, claim="the last in alphabetical order", behind="sorts before")
