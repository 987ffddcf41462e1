"""Names are ordered byte by byte, from either end."""

from __future__ import annotations

import pytest

from bot.domain.choosing.strategies.alphabetical import AlphabeticalOrder
from tests.domain.choosing.strategies.orders import best_first


@pytest.mark.parametrize(
    ("values", "tiers"),
    [
        pytest.param(["v9", "v10"], [["v9"], ["v10"]], id="no numbers"),
        pytest.param(["a", "B", "_", "-", "0"], [["a"], ["_"], ["B"], ["0"], ["-"]], id="byte order"),
        pytest.param(["a", "ab", ""], [["ab"], ["a"], [""]], id="the longer is the greater"),
    ],
)
def test_the_greatest_name_is_the_best(values: list[str], tiers: list[list[str]]) -> None:
    assert best_first(AlphabeticalOrder(), values) == tiers
    assert best_first(AlphabeticalOrder(is_descending=True), values) == tiers[::-1]


def test_newer_follows_the_direction() -> None:
    assert AlphabeticalOrder().is_newer("b", than="a")
    assert AlphabeticalOrder(is_descending=True).is_newer("a", than="b")
    assert not AlphabeticalOrder(is_descending=True).is_newer("a", than="a")
