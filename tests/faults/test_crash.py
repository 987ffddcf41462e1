"""After any call of any port the process dies, hears no answer, or is overtaken: nobody sees a difference."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count

import pytest
import structlog

from tests.faults.bench import FaultBench
from tests.faults.checker import assert_one_release_went_through
from tests.faults.mortal import Fate, Killed, LostAnswer, Meanwhile, Unheard, mortal
from tests.faults.stage import Stage

CHANGES = {"catalog": 4, "forge": 6, "deployments": 2, "notifier": 15, "store": 60, "queue": 10}
"""Each port, and how many changes of it the story makes at least: fewer would mean that it was not played."""

READS = {
    "catalog": frozenset({"entry", "pointers", "contents"}),
    "forge": frozenset(
        {"default_branch", "foreign_commit", "head", "pull_request", "pull_requests", "read", "relation"}
    ),
    "deployments": frozenset({"application", "sync_window"}),
    "notifier": frozenset({"permalink"}),
    "store": frozenset({"due", "load", "outbox", "threads"}),
}
"""What changes nothing: who dies after it leaves what the last change left, and that is played."""

CALLS = {"catalog": 40, "deployments": 20, "notifier": 15, "store": 80, "queue": 10}
"""Each port, and how many calls of it the story makes at least."""

STEPS = {"catalog": 5}
"""Ports that are played at every so many calls only: the catalog is asked often, and saves requests alone."""


@pytest.mark.parametrize(("port", "least"), CHANGES.items(), ids=CHANGES)
def test_the_process_may_die_after_any_change_through_a_port(port: str, least: int) -> None:
    dying = partial(Fate, passing=READS.get(port, frozenset()))
    assert _played_at_every_call(dying, port) >= least


@pytest.mark.parametrize("port", CALLS)
def test_the_answer_to_a_call_of_a_port_may_be_lost(port: str) -> None:
    assert _played_at_every_call(LostAnswer, port, step=2 * STEPS.get(port, 1)) > CALLS[port]


def test_a_store_that_refuses_one_call_is_asked_again() -> None:
    assert _played_at_every_call(Unheard, "store", step=3) > CALLS["store"]


def _played_at_every_call(kind: Callable[[int, str], Fate], port: str, *, step: int = 1) -> int:
    """Play the story with the fate at the first call, then a step later…; return how many calls there are."""
    with structlog.testing.capture_logs():
        for nth in count(1, step):
            bench, fate = FaultBench(), kind(nth, port)
            bench.world = mortal(bench.world, fate)
            bench.play()
            bench.assert_one_release_went_through()
            if not fate.is_met:
                return fate.calls
    raise AssertionError("unreachable: the story ends")


def test_a_human_may_merge_between_any_two_calls() -> None:
    with structlog.testing.capture_logs():
        for nth in count(1):
            bench = FaultBench()
            bench.push("1.1.0")
            bench.until(bench.proposal)
            meanwhile = Meanwhile(nth, "forge", deed=bench.merge_elsewhere)
            bench.world = mortal(bench.world, meanwhile)
            bench.kept.wake(["shop"], now=bench.clock.now())
            bench.turn()
            if not meanwhile.is_met:
                break
            bench.until(bench.is_still)
            bench.assert_one_release_went_through()
            assert not [each.text for each in bench.told() if "by hand" in each.text], f"after call {nth}"
    assert nth > 5


@pytest.mark.parametrize(
    ("port", "method"),
    [
        ("forge", "write"),
        ("forge", "open"),
        ("forge", "merge"),
        ("deployments", "refresh"),
        ("store", "save"),
        ("notifier", "begin"),
        ("store", "thread_begun"),
        ("notifier", "reply"),
    ],
)
def test_a_crash_after_a_change_at_real_adapters_is_made_up_for(stage: Stage, port: str, method: str) -> None:
    fate = Fate(1, port, method)
    stage.world = mortal(stage.world, fate)
    try:
        stage.push("1.1.0")
        stage.finish()
    except Killed:
        stage.world = stage.fresh_world()
    assert fate.is_met
    stage.finish()
    assert_one_release_went_through(stage)
