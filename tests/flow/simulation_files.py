"""What people do to files of the base branch with Git: hands of the simulation.

Each says what it did, empty where there was nothing to do it to.
"""

from __future__ import annotations

from random import Random

from bot.adapters.forges.memory.forge import File
from tests.flow.simulation import Simulation
from tests.flow.simulation_pulls import any_place
from tests.flow.simulation_shape import file_of, folder_of
from tests.flow.simulation_truth import Place
from tests.flow.worlds import REPOSITORY


def force_base(sim: Simulation, draw: Random) -> str:
    """A human forces the base branch back, puts its newest commits into one, or begins it anew."""
    base = commit = sim.truth.base()
    for _ in range(draw.randint(1, 3)):
        parents = sim.forge.parents(REPOSITORY, commit)
        commit = parents[0] if parents else commit
    if commit == base:
        return ""
    now, then = sim.forge.files(REPOSITORY, base), sim.forge.files(REPOSITORY, commit)
    if draw.random() < 0.2:
        return f"somebody begins main anew as {sim.forge.begin_anew_by_human(REPOSITORY, 'main')[:8]}"
    sim.forge.reset_by_human(REPOSITORY, "main", commit)
    if draw.random() < 0.5:
        return f"somebody forces main back to {commit[:8]}"
    sim.forge.commit_by_human(REPOSITORY, "main", {path: now.get(path) for path in now.keys() | then.keys()})
    return f"somebody squashes what was on main since {commit[:8]}"


def revert_file(sim: Simulation, draw: Random) -> str:
    """A human puts back what a file said some commits ago."""
    place, commit = any_place(sim, draw), sim.truth.base()
    path = file_of(*place)
    for _ in range(draw.randint(1, 4)):
        parents = sim.forge.parents(REPOSITORY, commit)
        commit = parents[0] if parents else commit
    old = sim.forge.files(REPOSITORY, commit).get(path)
    sim.commit({path: old})
    return f"somebody puts {path} back to {commit[:8]}"


def edit_line(sim: Simulation, draw: Random) -> str:
    """A human edits the very line that Tagboat writes."""
    place = any_place(sim, draw)
    image = draw.choice(sim.alive.pipelines[place[0]].images)
    tag = draw.choice((*sim.registry.listing(image.name).tags, "mine"))
    old = sim.truth.refs(sim.truth.base(), place).get(image.alias)
    if old is None:
        return ""
    line = f"{image.alias}:\n  tag: "
    return _edit(sim, place, f"{line}{old[0]}".encode(), f"{line}{tag}".encode())


def edit_beside(sim: Simulation, draw: Random) -> str:
    """A human edits another line of a file that Tagboat writes."""
    size = draw.randrange(100)
    return _edit(sim, any_place(sim, draw), b"replicas: ", b"replicas: %d" % size)


def _edit(sim: Simulation, place: Place, old: bytes, new: bytes) -> str:
    path = file_of(*place)
    file = sim.forge.files(REPOSITORY, sim.truth.base()).get(path)
    if file is None or old not in file.data:
        return ""
    sim.commit({path: File(file.data.replace(old, new, 1))})
    return f"somebody edits {path}: {old.decode()!r} → {new.decode()!r}"


def edit_elsewhere(sim: Simulation, draw: Random) -> str:
    """A human edits a file that is in no target, though it may be copied along."""
    path = draw.choice(("README.md", f"{folder_of(*any_place(sim, draw))}/app.yaml"))
    sim.commit({path: File(b"size: %d\n" % draw.randrange(99))})
    return f"somebody edits {path}"


def rename_file(sim: Simulation, draw: Random) -> str:
    """A human renames a file that Tagboat writes, or gives it its name back."""
    path = file_of(*any_place(sim, draw))
    files = sim.forge.files(REPOSITORY, sim.truth.base())
    here, there = (path, f"{path}.old") if path in files else (f"{path}.old", path)
    if here not in files:
        return ""
    sim.commit({here: None, there: files[here]})
    return f"somebody renames {here}"
