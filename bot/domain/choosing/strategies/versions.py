"""How versions are put in order without reading more of them than the choice needs.

A repository may hold tens of thousands of tags, and is looked at again and again. So one expression over the
whole list reads one number of each tag, and only tags with the highest one are looked at further; only those
with the highest of all three become versions.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from bot.domain.choosing.strategies.order import Order
from bot.domain.choosing.version import LONGEST_VERSION, Version, parse_version

_NUMBERS = (
    re.compile(r"^v?([0-9]*)", re.MULTILINE),
    re.compile(r"^v?[0-9]+\.?([0-9]*)", re.MULTILINE),
    re.compile(r"^v?[0-9]+(?:\.[0-9]+)?\.?([0-9]*)", re.MULTILINE),
)
"""Major, minor and patch; each finds one, maybe empty, in every line that has the numbers before it."""

Room = tuple[int, float]
"""A range of numbers, both ends included."""
ANYTHING: Room = (0, math.inf)


class VersionOrder(Order[Version]):
    """Semantic versions by precedence; what is wanted among them is said by the strategies built on it."""

    @property
    def holds_prereleases(self) -> bool:
        """Whether any pre-release could be a candidate."""
        return True

    def room(self, numbers: tuple[int, ...]) -> Sequence[Room]:
        """What the next number may be in a candidate that begins with these: ranges, both ends included."""
        del numbers
        return (ANYTHING,)

    def key(self, value: str) -> Version | None:
        """The version, None when the value is none."""
        return parse_version(value)

    def tiers(self, values: Collection[str]) -> Iterator[Sequence[str]]:
        """The candidates, best first."""
        return self._below(_readable(values), ())

    def _below(self, values: Sequence[str], numbers: tuple[int, ...]) -> Iterator[Sequence[str]]:
        """The tiers among values that begin with the same numbers."""
        if len(numbers) == len(_NUMBERS):
            yield from super().tiers(values if self.holds_prereleases else _without_prerelease(values))
            return
        for number, group in _groups(values, len(numbers), self.room(numbers)):
            yield from self._below(group, (*numbers, number))


def _readable(values: Collection[str]) -> Sequence[str]:
    """The values that could be versions at all, by their length, and stand in one line."""
    if max(map(len, values), default=0) <= LONGEST_VERSION and "\n".join(values).count("\n") < len(values):
        return list(values)
    return [value for value in values if len(value) <= LONGEST_VERSION and "\n" not in value]


def _groups(
    values: Sequence[str], position: int, room: Sequence[Room]
) -> Iterator[tuple[int, Sequence[str]]]:
    """The values by one of their numbers, the highest first, as far as there is room for it.

    Only those of the highest are put apart before the others are asked for.
    """
    joined = "\n".join(values)
    common = _common(values, joined, position)
    if common is not None:
        if any(low <= common <= high for low, high in room):
            yield common, values
        return
    numbers = _read(_NUMBERS[position].findall(joined), is_first=not position)
    wanted = [number for low, high in room for number in numbers if low <= number <= high]
    if not wanted:
        return
    highest = max(wanted)
    yield highest, [value for value, number in zip(values, numbers, strict=True) if number == highest]
    rest = set(wanted) - {highest}
    groups: dict[int, list[str]] = defaultdict(list)
    for value, number in zip(values, numbers, strict=True):
        if number in rest:
            groups[number].append(value)
    for number in sorted(groups, reverse=True):
        yield number, groups[number]


def _common(values: Sequence[str], joined: str, position: int) -> int | None:
    """The number that all values have at this position; None when they differ, or may.

    Counting how often one beginning occurs is many times as fast as reading the number of each value.
    """
    parts = values[0].removeprefix("v").split(".") if values else []
    beginning = ".".join(parts[: position + 1]) + "."
    is_number = all(part.isascii() and part.isdecimal() for part in parts[: position + 1])
    if len(parts) <= position + 1 or not is_number:
        return None
    text = f"\n{joined}"
    if text.count(f"\n{beginning}") + text.count(f"\nv{beginning}") != len(values):
        return None
    return int(parts[position])


def _read(texts: Sequence[str], *, is_first: bool) -> Sequence[int]:
    """The numbers; one that is missing is 0, and -1 where it is the first: that is no version."""
    if "" not in texts:
        return list(map(int, texts))
    missing = -1 if is_first else 0
    return [int(text) if text else missing for text in texts]


def _without_prerelease(values: Sequence[str]) -> Sequence[str]:
    return [value for value in values if "-" not in value.partition("+")[0]]
