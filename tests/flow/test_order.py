"""A law: the order and the number of deliveries does not matter, since each is only a hint to look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.fact import Fact, ImagePushed, RolloutChanged, to_plain
from bot.flow.receive import receive, wake
from bot.flow.reconcile import preview
from bot.ports import Delivery
from tests.flow.test_receive import moved
from tests.flow.worlds import WEB, Bench

TAGS = ("1.1.0", "1.2.0", "2.0.0-rc.1")
FACTS: tuple[tuple[str | None, Fact], ...] = (
    *((None, ImagePushed(image=WEB, tag=tag)) for tag in TAGS),
    ("forge", moved()),
    ("forge", moved("acme/else")),
    (None, RolloutChanged(provider="argocd", application="shop-dev", state="success", revision=None)),
)


@dataclass(frozen=True)
class Arrival:
    """One delivery, and whether the workers come to rest before the next."""

    number: int
    settles: bool


def _arrivals() -> st.SearchStrategy[list[Arrival]]:
    """Every fact at least once, some more often, in any order, with the workers quick or slow."""
    numbers = st.lists(st.sampled_from(range(len(FACTS))), max_size=6).flatmap(
        lambda more: st.permutations([*range(len(FACTS)), *more])
    )
    return numbers.flatmap(
        lambda each: st.lists(st.booleans(), min_size=len(each), max_size=len(each)).map(
            lambda rests: [Arrival(number, rest) for number, rest in zip(each, rests, strict=True)]
        )
    )


def _bench() -> Bench:
    bench = Bench()
    for tag in TAGS:
        bench.registry.push(WEB, tag)
    return bench


def _send(bench: Bench, number: int) -> None:
    forge, fact = FACTS[number]
    delivery = Delivery(forge or "registry", str(number), (to_plain(fact),))
    wake(bench.world, receive(bench.world, delivery, [fact], forge=forge) or ())


def _woken(bench: Bench) -> list[str]:
    return list(bench.store.due(["shop"], now=bench.clock.now(), every=timedelta(days=1)))


def _state(bench: Bench) -> dict[str, Any]:
    """What is left: files, pull requests, what people see and were told, and what would come next."""
    return {
        "files": {each.name: bench.file(each.name) for each in bench.environments},
        "board": bench.store.board(),
        "told": bench.told(),
        "plan": preview(bench.world, bench.pipeline).plan,
    }


def _outcome(arrivals: list[Arrival]) -> dict[str, Any]:
    bench = _bench()
    for arrival in arrivals:
        _send(bench, arrival.number)
        if arrival.settles:
            bench.settle()
    bench.settle()
    return _state(bench)


@settings(deadline=None)
@given(arrivals=_arrivals())
def test_any_order_with_any_repeats_ends_in_the_same_state(arrivals: list[Arrival]) -> None:
    in_order = [Arrival(number, settles=False) for number in range(len(FACTS))]
    assert _outcome(arrivals) == _outcome(in_order)


@settings(deadline=None)
@given(arrivals=_arrivals())
def test_any_order_with_any_repeats_wakes_the_same_pipelines(arrivals: list[Arrival]) -> None:
    bench = _bench()
    bench.settle()
    for arrival in arrivals:
        _send(bench, arrival.number)
    assert (_woken(bench), list(bench.queue.pipelines)) == (["shop"], ["shop"])


def test_the_end_is_reached_and_not_the_beginning() -> None:
    state = _outcome([Arrival(number, settles=True) for number in range(len(FACTS))])
    assert b"tag: 1.2.0" in state["files"]["dev"]
    assert b"tag: 1.2.0" in state["files"]["staging"]
    assert b"tag: 1.0.0" in state["files"]["prod"]
