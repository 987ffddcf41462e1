"""What people do to pull requests of their own, which may touch Tagboat's files: hands of the simulation.

Each says what it did, empty where there was nothing to do it to.
"""

from __future__ import annotations

from random import Random

from bot.domain.people.protection import Offer
from tests.flow.simulation import Simulation
from tests.flow.simulation_community import PROTECTION
from tests.flow.simulation_pulls import any_place
from tests.flow.simulation_shape import file_of, folder_of
from tests.flow.worlds import REPOSITORY


def offer(sim: Simulation, draw: Random) -> str:
    """Somebody opens a pull request, or pushes to one that is open."""
    known = [each.number for each in sim.community.others]
    number = draw.choice(known) if known and draw.random() < 0.5 else max(known, default=500) + 1
    place = any_place(sim, draw)
    paths = draw.choice((["README.md"], [f"{folder_of(*place)}/app.yaml"], [file_of(*place), "README.md"]))
    sim.community.push(number, paths, is_complete=draw.random() < 0.8)
    return f"somebody pushes {', '.join(paths)} to {number}"


def label(sim: Simulation, draw: Random) -> str:
    """Somebody sets the label that overrides the check, who may write or not."""
    found = _others(sim, is_labelled=False)
    if not found:
        return ""
    chosen, by = draw.choice(found), draw.choice(("ada", "mallory"))
    sim.community.label(REPOSITORY, chosen.number, PROTECTION.override_label, by=by)
    return f"{by} labels {chosen.number}"


def unlabel(sim: Simulation, draw: Random) -> str:
    """Somebody takes the label away."""
    found = _others(sim, is_labelled=True)
    if not found:
        return ""
    chosen = draw.choice(found)
    sim.community.unlabel(chosen)
    sim.wake()
    return f"somebody takes the label of {chosen.number} away"


def withdraw(sim: Simulation, draw: Random) -> str:
    """Somebody closes a pull request of theirs."""
    if not sim.community.others:
        return ""
    number = draw.choice(sim.community.others).number
    sim.community.withdraw(number)
    return f"somebody closes their {number}"


def _others(sim: Simulation, *, is_labelled: bool) -> list[Offer]:
    return [each for each in sim.community.others if bool(each.labels) is is_labelled]
