"""alphabetical: the last name, or the first, byte by byte: `v9` comes after `v10`."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.choosing.strategies.order import Order, Words


@dataclass(frozen=True)
class AlphabeticalOrder(Order[str]):
    """Byte order, capitals first. `asc` takes the greatest and `desc` the smallest, as in Flux."""

    is_descending: bool = False

    @property
    def words(self) -> Words:
        """How the order speaks of tags."""
        if self.is_descending:
            return Words(claim="the first in alphabetical order", behind="sorts after")
        return Words(claim="the last in alphabetical order", behind="sorts before")

    def key(self, value: str) -> str:
        """The value itself: code points sort as their UTF-8 bytes do."""
        return value
