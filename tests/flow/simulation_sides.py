"""What registries, Argo CD, people who tell something, and queues do: hands of the simulation.

Each says what it did, empty where there was nothing to do it to.
"""

from __future__ import annotations

from contextlib import suppress
from random import Random

from bot.domain.errors import TagboatError
from bot.domain.people.command import Command, parse_command
from bot.domain.people.command import Place as Named
from bot.flow.tell import Teller, tell
from tests.flow.simulation import Simulation
from tests.flow.simulation_pulls import any_place
from tests.flow.simulation_shape import FIRST
from tests.flow.simulation_truth import Place
from tests.flow.worlds import REPOSITORY


def push(sim: Simulation, draw: Random) -> str:
    """A newer release is pushed."""
    image = draw.choice(sim.images)
    tag, told = sim.next_tag(image), draw.random() < 0.85
    sim.push(image, tag, told=told)
    return f"{image.path}:{tag} is pushed{'' if told else ' silently'}"


def push_older(sim: Simulation, draw: Random) -> str:
    """A patch of an older release is pushed."""
    image = draw.choice(sim.images)
    minor = int(sim.next_tag(image).split(".")[1])
    tag = f"1.{draw.randrange(minor)}.{draw.randint(1, 3)}"
    sim.push(image, tag, told=True)
    return f"{image.path}:{tag} is pushed"


def move_tag(sim: Simulation, draw: Random) -> str:
    """A tag is pushed again with other contents."""
    image = draw.choice(sim.images)
    tags = sim.registry.listing(image).tags
    if not tags:
        return ""
    tag, content = draw.choice(tags), str(draw.randrange(1000))
    sim.push(image, tag, told=draw.random() < 0.7, content=content)
    return f"{image.path}:{tag} is moved to {content}"


def delete_tag(sim: Simulation, draw: Random) -> str:
    """A tag is deleted."""
    image = draw.choice(sim.images)
    tags = [tag for tag in sim.registry.listing(image).tags if tag != FIRST]
    if not tags:
        return ""
    tag = draw.choice(tags)
    sim.registry.delete(image, tag)
    return f"{image.path}:{tag} is deleted"


def play_argocd(sim: Simulation, draw: Random) -> str:
    """An Application turns healthy, degraded, silent, or out of reach."""
    found = [each for _, environment in sim.shape.places for each in environment.applications]
    if not found:
        return ""
    application = draw.choice(found)
    mode = draw.choice(("healthy", "healthy", "degraded", "silent", "unreachable"))
    with suppress(KeyError):
        sim.argocd.play(application, mode)
    return f"{application.name} is {mode}"


def command(sim: Simulation, draw: Random) -> str:
    """Somebody gives an order, in a comment or on the command line; a stranger's is refused."""
    pipeline, environment = _place(sim, draw)
    order = draw.choice(
        (
            "hold",
            "hold 3h",
            "hold 2d",
            "resume",
            "resume",
            "skip",
            "rebase",
            "promote",
            "promote force",
            "rollback",
            "overwrite",
        )
    )
    who = draw.choice(("ada", "bob", "mallory"))
    verb, _, rest = order.partition(" ")
    text = f"/tagboat {verb} {pipeline}/{environment} {rest}".strip()
    if draw.random() < 0.6:
        sim.community.say(REPOSITORY, 900, text, by=who)
        return f"{who} writes {text}"
    found = parse_command(text)
    assert isinstance(found, Command)
    teller = Teller(f"cli-{sim.community.say(REPOSITORY, 901, 'cli', by='ada')}", "ada", sim.clock.now())
    try:
        tell(sim.world, Named(pipeline, environment), found, teller)
    except TagboatError as error:
        return f"ada tells {text}: {error}"
    return f"ada tells {text}"


def _place(sim: Simulation, draw: Random) -> Place:
    """Any environment, and often one that has an open pull request."""
    proposed = [(name, each.name) for name, each in sim.statuses if each.pull_request]
    return draw.choice(proposed) if proposed and draw.random() < 0.6 else any_place(sim, draw)


def lose_queue(sim: Simulation, draw: Random) -> str:
    """The queue forgets all."""
    sim.queue.pipelines.clear()
    return "the queue forgets all"
