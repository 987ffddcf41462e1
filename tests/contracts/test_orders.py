"""The port `Orders`, which every store keeps: added once, counted by rule, and never lost while it counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.stores.memory_orders import MemoryOrders
from bot.adapters.stores.sql import SqlStore
from bot.domain.people.command import Verb
from bot.domain.people.order import MOST_KEPT, Order
from bot.ports import Orders
from tests.kit.stores import DAY, KINDS, MINUTE, NOW, url_of

FIRST = Order("github:acme/infra/1", "shop", "prod", Verb.HOLD, "ada", NOW, reason="the migration runs")


@pytest.fixture(params=KINDS)
def orders(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Orders]:
    """An empty record of orders of each kind."""
    if request.param == "memory":
        yield MemoryOrders()
        return
    store = SqlStore(url_of(request.param, request, tmp_path))
    yield store.orders
    store.close()


def test_an_order_is_found_again_as_it_was_given(orders: Orders) -> None:
    whole = replace(
        FIRST, until=NOW + DAY, release="0123456789ab", version="1.2.0", is_forced=True, where="https://x/1"
    )
    assert orders.find(whole.key) is None
    assert orders.add(whole) == whole
    assert orders.find(whole.key) == whole
    assert orders.of("shop") == [whole]


def test_the_first_order_of_a_key_stays(orders: Orders) -> None:
    orders.add(FIRST)
    assert orders.add(replace(FIRST, verb=Verb.RESUME)) == FIRST
    assert orders.of("shop") == [FIRST]


def test_orders_of_another_pipeline_are_not_given(orders: Orders) -> None:
    orders.add(FIRST)
    assert orders.of("site") == []
    assert orders.told("site", limit=5) == []


def test_what_was_refused_is_told_and_does_not_count(orders: Orders) -> None:
    refused = replace(FIRST, refusal="mallory may not write to acme/infra")
    orders.add(refused)
    assert orders.of("shop") == []
    assert orders.told("shop", limit=5) == [refused]
    assert orders.find(FIRST.key) == refused


def test_a_hold_counts_however_many_other_orders_came_since(orders: Orders) -> None:
    orders.add(FIRST)
    skips = [
        replace(FIRST, key=f"skip/{number}", verb=Verb.SKIP, at=NOW + number * MINUTE)
        for number in range(MOST_KEPT + 3)
    ]
    for order in skips:
        orders.add(order)
    assert orders.of("shop") == [FIRST, *skips[3:]]
    assert orders.told("shop", limit=2) == [skips[-1], skips[-2]]


def test_each_environment_has_orders_of_its_own(orders: Orders) -> None:
    for number in range(MOST_KEPT):
        orders.add(replace(FIRST, key=f"prod/{number}"))
    orders.add(replace(FIRST, key="dev", environment="dev"))
    assert len(orders.of("shop")) == MOST_KEPT + 1


def test_how_far_a_place_was_listened_to_never_goes_back(orders: Orders) -> None:
    assert orders.heard("@github:acme/infra") is None
    orders.hear("@github:acme/infra", until=NOW)
    orders.hear("@github:acme/infra", until=NOW - MINUTE)
    assert orders.heard("@github:acme/infra") == NOW
    orders.hear("@github:acme/infra", until=NOW + MINUTE)
    assert orders.heard("@github:acme/infra") == NOW + MINUTE
    assert orders.heard("@github:acme/site") is None


def test_what_is_old_goes_unless_it_still_counts(orders: Orders) -> None:
    orders.add(replace(FIRST, key="refused", refusal="may not"))
    orders.add(FIRST)
    assert orders.tidy(now=NOW + timedelta(days=365)) == 0
    assert orders.tidy(now=NOW + timedelta(days=366)) == 1
    assert orders.of("shop") == [FIRST], "a hold without an end is not forgotten"
    assert orders.find("refused") is None
