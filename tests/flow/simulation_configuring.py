"""What people change in the configuration, with which Tagboat starts again: a hand of the simulation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

from bot.domain.choosing.policy import Hold, Pin, SelectionPolicy
from bot.domain.pipeline import Environment, Merge, Pipeline
from tests.flow.simulation import Simulation
from tests.flow.simulation_pulls import any_place
from tests.flow.simulation_shape import HOUR, other_branch, other_group


def configure(sim: Simulation, draw: Random) -> str:
    """Somebody pins an image, holds it, lets it go back to older tags, or sets it free."""
    pipeline = draw.choice(sim.shape.pipelines)
    image = draw.choice(pipeline.images)
    tags = sim.registry.listing(image.name).tags
    until = draw.choice((None, sim.clock.now() + draw.choice((HOUR, 5 * HOUR, timedelta(days=1)))))
    free = replace(image.policy, pin=None, hold=None, allow_downgrade=False)
    changed = {
        "free": free,
        "pinned": replace(free, pin=Pin(draw.choice((*tags, "9.9.9")), "it is known to work", until)),
        "held": replace(free, hold=Hold("the release is tested", until)),
        "free to go back": replace(free, allow_downgrade=True),
    }
    word = draw.choice(("free", "free", "pinned", "pinned", "held", "free to go back"))
    apply(sim, pipeline.name, image.alias, changed[word])
    pin = changed[word].pin
    return f"{pipeline.name} {image.alias} is {word} {pin.tag if pin else ''} until {until}"


def reconfigure(sim: Simulation, draw: Random) -> str:
    """Somebody changes who merges in an environment, from which branch, or with whom it shares one."""
    name, place = any_place(sim, draw)
    pipeline = sim.shape.pipeline(name)
    old = pipeline.environment(place)
    word = draw.choice(("merged", "approved", "on a branch", "in a group"))
    changed = _changed(sim, pipeline, old, word)
    if changed == old:
        return ""
    environments = tuple(changed if each == old else each for each in pipeline.environments)
    sim.configure(replace(pipeline, environments=environments))
    return f"{name} {place} is {word} otherwise"


def _changed(sim: Simulation, pipeline: Pipeline, old: Environment, word: str) -> Environment:
    if word == "approved":
        return replace(old, merging=replace(old.merging, approvals=1 - old.merging.approvals))
    if word == "on a branch":
        return other_branch(old)
    if word == "in a group":
        return other_group(old) if (pipeline.name, old.name) in sim.shape.grouped else old
    other = {Merge.AUTO: Merge.MANUAL, Merge.MANUAL: Merge.AUTO}
    return replace(old, merge=other.get(old.merge, old.merge))


def set_free(sim: Simulation) -> None:
    """Every pin and hold is taken out of the configuration."""
    for pipeline in sim.shape.pipelines:
        for image in pipeline.images:
            apply(sim, pipeline.name, image.alias, replace(image.policy, pin=None, hold=None))


def apply(sim: Simulation, name: str, alias: str, policy: SelectionPolicy) -> None:
    """Start again with another policy for an image."""
    pipeline = sim.shape.pipeline(name)
    images = tuple(replace(each, policy=policy) if each.alias == alias else each for each in pipeline.images)
    sim.configure(replace(pipeline, images=images))
