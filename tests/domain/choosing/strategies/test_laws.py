"""What holds of every strategy: its order is total, and what it puts first is nowhere beaten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.choosing.strategies.alphabetical import AlphabeticalOrder
from bot.domain.choosing.strategies.build import BuildOrder
from bot.domain.choosing.strategies.calver import CalverOrder
from bot.domain.choosing.strategies.calver_format import parse_format
from bot.domain.choosing.strategies.docker import DockerOrder
from bot.domain.choosing.strategies.fixed import FixedOrder
from bot.domain.choosing.strategies.level import Level, LevelOrder
from bot.domain.choosing.strategies.numerical import NumericalOrder
from bot.domain.choosing.strategies.order import Order
from bot.domain.choosing.strategies.reach import Jump, Reach
from bot.domain.choosing.strategies.semver import SemverOrder
from bot.domain.choosing.version import parse_constraint
from tests.domain.choosing.strategies.orders import running

BUILDS = {
    "1.0": datetime(2026, 1, 1, tzinfo=UTC),
    "1.1": datetime(2026, 1, 1),
    "2": datetime(2026, 1, 2, tzinfo=UTC),
    "v1": None,
}
ORDERS: dict[str, Order[Any]] = {
    "semver": SemverOrder(parse_constraint("*")),
    "semver with pre-releases": SemverOrder(parse_constraint("*-0")),
    "semver in a range": SemverOrder(parse_constraint(">=1.1-0 <2 || !=3 >2")),
    "semver within reach": SemverOrder(parse_constraint("*-0"), Reach(Jump.MINOR, running("1.1"), (1, 1, 0))),
    "patch": LevelOrder(Level.PATCH, running("1.1")),
    "minor": LevelOrder(Level.MINOR, running("1.1"), match_prerelease=False),
    "all": LevelOrder(Level.ALL, running("1.1")),
    "docker": DockerOrder(running("1.1")),
    "docker, unstable": DockerOrder(running("1.1b1")),
    "calver": CalverOrder(parse_format("YY[.MINOR][.MICRO][-MODIFIER]")),
    "numerical": NumericalOrder(),
    "numerical, descending": NumericalOrder(is_descending=True),
    "alphabetical": AlphabeticalOrder(),
    "alphabetical, descending": AlphabeticalOrder(is_descending=True),
    "newest-build": BuildOrder(BUILDS),
    "digest": FixedOrder("1.0"),
}
numbers = st.integers(0, 3).map(str) | st.sampled_from(["01", "10"])
values = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "", "v"]),
    st.lists(numbers, min_size=1, max_size=4).map(".".join),
    st.sampled_from(["", "", "", "b1", "b10", "-rc.1", "-rc.10", "-alpine", "-01", "+a-b", "\n"]),
) | st.sampled_from(["", "latest", "-1", "+1", ".5", "1\n2", "9" * 300, "١.0.0", "١.1.0"])
lists = st.lists(values, max_size=20)
every_order = pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)


@every_order
@given(lists)
def test_tiers_hold_every_candidate_once_and_nothing_else(order: Order[Any], given: list[str]) -> None:
    found = [value for tier in order.tiers(given) for value in set(tier)]
    assert sorted(found) == sorted({value for value in given if not order.refusal(value)})


@every_order
@given(lists)
def test_each_tier_is_above_the_next_and_equal_in_itself(order: Order[Any], given: list[str]) -> None:
    tiers = list(order.tiers(given))
    for higher, lower in pairwise(tiers):
        assert all(order.is_newer(one, than=other) for one in higher for other in lower)
    for tier in tiers:
        assert len({order.key(value) for value in tier}) == 1


@every_order
@given(st.tuples(values, values, values))
def test_the_order_is_total_and_transitive(order: Order[Any], given: tuple[str, str, str]) -> None:
    one, other, third = given
    placed = order.key(one) is not None and order.key(other) is not None
    relations = (
        order.is_newer(one, than=other),
        order.is_newer(other, than=one),
        placed and order.key(one) == order.key(other),
    )
    assert sum(relations) == (1 if placed else 0)
    if order.is_newer(one, than=other) and order.is_newer(other, than=third):
        assert order.is_newer(one, than=third)


@every_order
@given(lists, st.randoms(use_true_random=False))
def test_the_order_of_what_is_given_does_not_matter(
    order: Order[Any], given: list[str], random: Random
) -> None:
    shuffled = [*given, *given[:2]]
    random.shuffle(shuffled)
    assert _sets(list(order.tiers(shuffled))) == _sets(list(order.tiers(given)))


def _sets(tiers: Sequence[Sequence[str]]) -> list[set[str]]:
    return [set(tier) for tier in tiers]
