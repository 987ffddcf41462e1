"""The moves of the simulation: what registries, people, Argo CD, time and faults do, each drawn at random.

A move is a name and a seed: what it does follows from these and from what is there, so that any part of a
history is a history too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random

from tests.faults.mortal import Fate, LostAnswer, Meanwhile, Unheard
from tests.flow import simulation_files as files
from tests.flow import simulation_offers as offers
from tests.flow import simulation_pulls as pulls
from tests.flow import simulation_sides as sides
from tests.flow.simulation import Simulation
from tests.flow.simulation_configuring import configure, reconfigure

Move = Callable[[Simulation, Random], str]
"""Does something, and says what it did; empty where there was nothing to do it to."""

_LEASE_ENDS = timedelta(seconds=11)
_PORTS = (
    *("forge", "store") * 3,
    *("registry", "catalog", "deployments", "notifier", "queue", "community", "orders"),
)

DEEDS: Mapping[str, tuple[int, Move]] = {
    "push": (10, sides.push),
    "push_older": (2, sides.push_older),
    "move_tag": (2, sides.move_tag),
    "delete_tag": (1, sides.delete_tag),
    "merge_on_page": (5, pulls.merge_on_page),
    "merge_by_git": (4, pulls.merge_by_git),
    "close": (2, pulls.close),
    "reopen": (2, pulls.reopen),
    "review": (5, pulls.review),
    "report": (5, pulls.report),
    "merge_by_host": (3, pulls.merge_by_host),
    "push_foreign": (1, pulls.push_foreign),
    "edit_words": (2, pulls.edit_words),
    "delete_branch": (1, pulls.delete_branch),
    "force_base": (2, files.force_base),
    "revert_file": (2, files.revert_file),
    "edit_line": (2, files.edit_line),
    "edit_beside": (2, files.edit_beside),
    "edit_elsewhere": (2, files.edit_elsewhere),
    "rename_file": (1, files.rename_file),
    "play_argocd": (5, sides.play_argocd),
    "command": (7, sides.command),
    "offer": (3, offers.offer),
    "label": (2, offers.label),
    "unlabel": (1, offers.unlabel),
    "withdraw": (1, offers.withdraw),
    "lose_queue": (1, sides.lose_queue),
}
"""What may happen at one moment, also between two calls of Tagboat's, and how often it does."""


def minutes(sim: Simulation, draw: Random) -> str:
    """Some minutes go by."""
    span = timedelta(minutes=draw.choice((1, 5, 15)))
    sim.pass_by(span)
    return f"{span} go by"


def hours(sim: Simulation, draw: Random) -> str:
    """Some hours go by."""
    span = timedelta(hours=draw.choice((1, 1, 3, 7)))
    sim.pass_by(span)
    return f"{span} go by"


def days(sim: Simulation, draw: Random) -> str:
    """A day or more goes by."""
    span = timedelta(days=draw.choice((1, 2)))
    sim.pass_by(span)
    return f"{span} go by"


def fault(sim: Simulation, draw: Random) -> str:
    """A port fails, before or after its effect, or the process dies, while something happens."""
    kind = draw.choice((Fate, Fate, LostAnswer, Unheard))
    fate = kind(draw.randint(1, 40), draw.choice(_PORTS))
    return _under(sim, draw, fate)


def meanwhile(sim: Simulation, draw: Random) -> str:
    """Somebody does something between two calls of Tagboat's."""
    said: list[str] = []
    name, seed = _deed(draw), draw.randrange(10**6)
    fate = Meanwhile(
        draw.randint(1, 40),
        draw.choice(("forge", "forge", "store", "registry", "deployments")),
        deed=lambda: said.append(DEEDS[name][1](sim, Random(seed))),
    )
    return f"{_under(sim, draw, fate)}, meanwhile {said}"


def race(sim: Simulation, draw: Random) -> str:
    """A worker is so slow that another one takes its pipeline over."""
    name = draw.choice(list(sim.alive.pipelines))

    def overtake() -> None:
        sim.clock.pass_by(_LEASE_ENDS)
        slow, sim.world = sim.world, sim.alive
        sim.work(name)
        sim.world = slow

    fate = Meanwhile(draw.randint(1, 60), draw.choice(("forge", "forge", "store")), deed=overtake)
    return f"{_under(sim, draw, fate)}, and another worker takes over {name}"


def _under(sim: Simulation, draw: Random, fate: Fate) -> str:
    name, seed = _deed(draw), draw.randrange(10**6)
    said = DEEDS[name][1](sim, Random(seed))

    def work() -> None:
        sim.wake()
        sim.settle()

    sim.under(fate, work)
    return f"{said}, under {type(fate).__name__}({fate.nth}, {fate.port})"


def _deed(draw: Random) -> str:
    return draw.choices(list(DEEDS), [weight for weight, _ in DEEDS.values()])[0]


MOVES: Mapping[str, tuple[int, Move]] = {
    **DEEDS,
    "configure": (4, configure),
    "reconfigure": (3, reconfigure),
    "minutes": (10, minutes),
    "hours": (6, hours),
    "days": (2, days),
    "fault": (8, fault),
    "meanwhile": (6, meanwhile),
    "race": (2, race),
}
"""Every move, and how often it comes."""
