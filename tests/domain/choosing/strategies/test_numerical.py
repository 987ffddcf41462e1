"""Numbers are ordered exactly, whatever their length; what is no number is no candidate."""

from __future__ import annotations

import pytest

from bot.domain.choosing.strategies.numerical import NumericalOrder
from tests.domain.choosing.strategies.orders import best_first, refusals


@pytest.mark.parametrize(
    ("values", "tiers"),
    [
        pytest.param(["9", "10", "8"], [["10"], ["9"], ["8"]], id="numbers, not text"),
        pytest.param(
            ["20240101123045123", "20240101123045124"],
            [["20240101123045124"], ["20240101123045123"]],
            id="17 digits, which floating point cannot tell apart",
        ),
        pytest.param(
            ["1" * 200 + "2", "1" * 200 + "10", "1" * 200 + "3"],
            [["1" * 200 + "10"], ["1" * 200 + "3"], ["1" * 200 + "2"]],
            id="any length",
        ),
        pytest.param(["0.1", "0.30", "0.3", "0.25"], [["0.3", "0.30"], ["0.25"], ["0.1"]], id="decimals"),
        pytest.param(["0.1", "0.10000000000000000001"], [["0.10000000000000000001"], ["0.1"]], id="exactly"),
        pytest.param(["007", "7", "7."], [["007", "7", "7."]], id="leading zeros"),
        pytest.param(["-2", "+1", ".5", "-10"], [["+1"], [".5"], ["-2"], ["-10"]], id="signs, of extracts"),
    ],
)
def test_the_greatest_number_is_the_best(values: list[str], tiers: list[list[str]]) -> None:
    assert best_first(NumericalOrder(), values) == tiers
    assert best_first(NumericalOrder(is_descending=True), values) == tiers[::-1]


@pytest.mark.parametrize(
    "value", ["", "v1", "1.2.3", "1e5", "0x10", "inf", "nan", "1_000", "latest", ".", "-", "١", "1 ", "1\n"]
)
def test_what_is_no_number_spoils_nothing(value: str) -> None:
    assert refusals(NumericalOrder(), ["1", value]) == {value: "not a number"}
    assert best_first(NumericalOrder(), [value, "1"]) == [["1"]]


def test_newer_follows_the_direction() -> None:
    assert NumericalOrder().is_newer("10", than="9")
    assert not NumericalOrder().is_newer("1.0", than="1")
    assert NumericalOrder(is_descending=True).is_newer("9", than="10")
    assert not NumericalOrder().is_newer("10", than="latest")
