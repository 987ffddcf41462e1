"""Decisions, simulated: random pipelines, random people, random faults, and the laws that hold through all.

A history is a shape and a list of moves, both drawn from one number. What breaks a law is made as short as
it can be and shown. For a long run of other histories: `SIMULATION=1000:2000` plays these numbers, in as
many processes as there are (`-n`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from random import Random

import pytest
import structlog

from tests.flow.simulation import Simulation
from tests.flow.simulation_end import finish
from tests.flow.simulation_moves import MOVES

Step = tuple[str, int]

_MOVES = 40
_MOST_CHANGES = 25
"""Changes that Tagboat may make at the Git host after one move, for each environment."""

_FAULTS = {"restless", "pipeline_broke", "repository_broke", "notice_broke"}


def history(seed: int) -> list[Step]:
    """The moves of one history."""
    draw = Random(seed * 7919 + 1)
    weights = [weight for weight, _ in MOVES.values()]
    names = draw.choices(list(MOVES), weights, k=draw.randint(5, _MOVES))
    return [(name, draw.randrange(10**6)) for name in names]


def play(seed: int, steps: Sequence[Step], *, ends: bool = True) -> tuple[list[str], list[str]]:
    """Play a history; return which laws were broken, and what happened."""
    with structlog.testing.capture_logs() as logs:
        sim = Simulation(seed)
        trace: list[str] = []
        for name, number in steps:
            draw = Random(number)
            before = sim.laws.changes.total()
            said = MOVES[name][1](sim, draw)
            if draw.random() < 0.8:
                sim.wake()
                sim.settle()
                sim.check()
            else:
                sim.settle()
            trace.append(f"{sim.clock.now():%d %H:%M:%S} {name}: {said}")
            changes = sim.laws.changes.total() - before
            if changes > _MOST_CHANGES * len(sim.shape.places):
                sim.laws.says("no more changes than needed", f"{changes} after {said}")
            if sim.laws.broken or _broken(logs):
                break
        if ends and not sim.laws.broken and (rest := finish(sim)):
            sim.laws.says("everything comes to rest at the newest", rest)
        if ends and not sim.laws.broken:
            sim.check()
    return [*sim.laws.broken, *_broken(logs)], trace


def _broken(logs: Sequence[object]) -> list[str]:
    return [str(each) for each in logs if isinstance(each, dict) and each["event"] in _FAULTS]


def shrunk(seed: int, steps: list[Step], law: str) -> list[Step]:
    """A shorter history that breaks the same law."""
    size = len(steps) // 2
    while size:
        for start in range(0, len(steps), size):
            shorter = steps[:start] + steps[start + size :]
            if any(law in each for each in play(seed, shorter)[0]):
                steps = shorter
                break
        else:
            size //= 2
    return steps


def _seeds() -> Sequence[int]:
    first, _, last = os.environ.get("SIMULATION", "0:6").partition(":")
    return range(int(first), int(last))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who died while asking a registry is waited for on the wall clock: not here."""
    monkeypatch.setattr("bot.flow.images._WAIT_SECONDS", 0.0)


@pytest.mark.parametrize("seed", _seeds())
def test_the_laws_hold_through_a_random_history(seed: int) -> None:
    steps = history(seed)
    broken, trace = play(seed, steps)
    if broken:
        law = broken[0].split(" ", 2)[-1].partition(":")[0]
        steps = shrunk(seed, steps, law)
        broken, trace = play(seed, steps)
    assert not broken, "\n".join([*trace, *broken[:5]])
