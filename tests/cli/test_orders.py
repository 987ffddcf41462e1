"""`tagboat hold` and its kin: orders from the terminal, and who told what."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.adapters.stores.memory_orders import MemoryOrders
from bot.domain.people.command import Verb
from bot.domain.people.order import Order
from bot.flow.world import Attended
from tests.cli.verbs import Answer
from tests.flow.worlds import START, WEB, Bench

Tagboat = Callable[..., Answer]


@pytest.fixture(autouse=True)
def orders(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> MemoryOrders:
    """Where the bench keeps orders; ada runs the commands."""
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")
    made = MemoryOrders()
    bench.world = replace(bench.world, orders=made)
    return made


def said(answer: Answer) -> str:
    """What the verb says; its log goes elsewhere when it runs by itself."""
    assert answer.code == 0
    return answer.out.splitlines()[-1]


def test_a_hold_stops_what_comes_and_resume_lets_it_go_on(bench: Bench, tagboat: Tagboat) -> None:
    answer = said(tagboat("hold", "shop", "dev", "--for", "3d", "--reason", "the migration runs"))
    assert answer.startswith("shop/dev is held until 2026-11-23 09:00 UTC: nothing is proposed")
    assert answer.endswith("tagboat resume shop dev ends it.")
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    reason = "held until 2026-11-23 09:00 UTC by ada on the command line: the migration runs"
    assert bench.status("dev").reason == reason
    assert said(tagboat("resume", "shop", "dev")) == "shop/dev goes on."
    bench.settle()
    assert bench.status("dev").running == {"web": "1.1.0"}


def test_every_verb_is_an_order(bench: Bench, tagboat: Tagboat, orders: MemoryOrders) -> None:
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    assert said(tagboat("rebase", "shop", "prod")) == "The branch for shop/prod is built anew."
    assert said(tagboat("skip", "shop", "prod")).startswith("1.1.0 is not proposed to shop/prod again")
    assert said(tagboat("promote", "shop", "prod", "--force")).startswith("1.1.0 goes on to shop/prod")
    assert said(tagboat("rollback", "shop", "dev")).startswith("shop/dev goes back to 1.0.0")
    verbs = [str(order.verb) for order in orders.told("shop", limit=9)]
    assert verbs == ["rollback", "promote", "skip", "rebase"]
    assert orders.told("shop", limit=9)[1].is_forced


def test_who_told_what_is_shown(tagboat: Tagboat) -> None:
    assert tagboat("orders", "shop").out == "Nobody told anything.\n"
    tagboat("hold", "shop", "prod", "--reason", "freeze")
    answer = tagboat("orders", "shop")
    assert answer.code == 0
    for text in ("2026-11-20 09:00 UTC", "prod", "hold", "ada on the command line", "freeze"):
        assert text in answer.out
    (order,) = tagboat("orders", "shop", "--json").json
    assert (order["verb"], order["environment"], order["reason"]) == ("hold", "prod", "freeze")
    assert order["at"] == "2026-11-20T09:00:00+00:00"


def test_what_was_refused_is_shown_with_the_reason(
    bench: Bench, tagboat: Tagboat, orders: MemoryOrders
) -> None:
    tagboat("hold", "shop", "prod", "--for", "3d")
    repository = Attended(bench.pipeline.repository)
    told = Order("1", "shop", "prod", Verb.PROMOTE, "ada", START, refusal="prod is held")
    orders.add(told)
    orders.add(
        replace(told, key="2", pipeline=repository.name, environment="", refusal="mallory may not write")
    )
    orders.add(Order("3", repository.name, "", Verb.HELP, "ada", START))
    shown = tagboat("orders", "shop").out
    for text in (
        "hold until 2026-11-23 09:00 UTC",
        "promote",
        "refused: prod is held",
        "refused: mallory may",
    ):
        assert text in shown
    assert len(tagboat("orders", "shop", "--json").json) == 3


def test_what_means_nothing_now_says_why(tagboat: Tagboat) -> None:
    answer = tagboat("resume", "shop", "dev")
    assert (answer.code, answer.err) == (1, "tagboat: nothing is held in shop/dev\n")


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("hold", "shopp", "dev"), "there is no pipeline 'shopp' (one of shop)"),
        (("skip", "shop", "prd"), "shop has no environment 'prd' (one of dev, staging, prod)"),
        (("hold", "shop", "dev", "--for", "3 days"), "is not a length of time"),
        (("hold", "shop", "dev", "--reason", "a\nb"), "a reason is one line"),
        (("hold", "shop", "dev", "--reason", "x" * 201), "a reason is one line of at most 200"),
        (("orders", "shopp"), "there is no pipeline 'shopp'"),
    ],
)
def test_a_wrong_command_line_is_told(
    tagboat: Tagboat, orders: MemoryOrders, words: tuple[str, ...], fault: str
) -> None:
    answer = tagboat(*words)
    assert answer.code == 2
    assert fault in answer.err
    assert orders.told("shop", limit=1) == []
