"""numerical: the greatest number, or the smallest (Flux's policy, without its floating point)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.choosing.strategies.order import Order, Words

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", re.ASCII)


@dataclass(frozen=True)
class NumericalOrder(Order[Decimal]):
    """Integers and decimals of any length, exactly: milliseconds in 17 digits keep their order.

    A tag that is no number is no candidate, and the others are ordered all the same. Exponents are not read:
    `12e4567` is far more often a commit than a number.
    """

    is_descending: bool = False

    @property
    def words(self) -> Words:
        """How the order speaks of tags."""
        return Words(
            claim="the smallest number" if self.is_descending else "the greatest number",
            behind="a greater number than" if self.is_descending else "a smaller number than",
            equal="the same number as",
            unplaced="not a number",
        )

    def key(self, value: str) -> Decimal | None:
        """The number, None when the value is none."""
        return Decimal(value) if _NUMBER.fullmatch(value) else None
