"""What a human says from the page or the command line: merge this, or close it.

The same rules hold for every way in: the head that was looked at, and the environment's windows.
"""

from __future__ import annotations

import structlog

from bot.domain.deciding.group import fellows_of
from bot.domain.errors import NotFound, Refused, Transient
from bot.domain.people.order import standing
from bot.domain.pipeline import Environment, Pipeline
from bot.domain.pull_request.mark import marks
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import PullRequest
from bot.domain.snapshot import Fellow
from bot.domain.window import closed
from bot.flow.look import Looking
from bot.flow.world import World

log = structlog.get_logger(__name__)


def merge_by_human(world: World, pipeline: str, environment: str, *, number: int, head: str, who: str) -> str:
    """Merge a pull request of Tagboat's and return the commit on the base branch; wakes the pipeline.

    Raises:
        NotFound: no such pipeline, environment or pull request.
        Conflict: the head is not the one that was looked at any more.
        Refused: a window is closed or somebody holds it, for it or for one whose part is merged along; or
            the forge says no.
    """
    place, own = _place(world, pipeline, environment)
    _require_open(world, place, own)
    forge = world.forges[place.repository.forge]
    pull = _pull_request(world, place, own, number)
    inside = {(mark.pipeline, mark.environment) for mark in marks(pull.body)}
    fellows = [each for each in fellows_of(world.pipelines.values(), place, own) if each.place in inside]
    for fellow in fellows:
        _require_open(world, fellow.pipeline, fellow.environment)
    # The first of a group has its way with the words of their commit: see `bot.domain.pull_request.letter`.
    first = min((Fellow(place, own), *fellows), key=lambda fellow: fellow.place)
    options = MergeOptions(
        expected_head=head,
        message=f"{pull.title}\n\nMerged by {who}.\n",
        method=own.merging.method,
        sign_off=first.environment.pull_request.commit.sign_off,
    )
    commit = forge.merge(place.repository.path, number, options)
    _look_again(world, pipeline)
    return commit


def _require_open(world: World, pipeline: Pipeline, environment: Environment) -> None:
    """Raise `Refused` where a window is closed, or somebody holds it."""
    now = world.clock.now()
    what = f"{environment.name} of {pipeline.name} may not change now"
    shut = closed(environment.windows, now)
    if shut:
        when = f"ask again after {shut.until:%Y-%m-%d %H:%M} UTC" if shut.until else "change the windows"
        raise Refused(what, why=shut.reason, fix=when)
    orders = world.orders.of(pipeline.name) if world.orders else ()
    hold = standing(orders, environment.name, now).hold
    if hold:
        fix = f"resume it first: `tagboat resume {pipeline.name} {environment.name}`"
        raise Refused(what, why=f"it is held {hold.because}", fix=fix)


def close_by_human(world: World, pipeline: str, environment: str, *, number: int, who: str) -> None:
    """Close a pull request without a merge: this very release is not proposed there again.

    Raises:
        NotFound: no such pipeline, environment or pull request.
    """
    place, each = _place(world, pipeline, environment)
    forge = world.forges[place.repository.forge]
    _pull_request(world, place, each, number)
    forge.close(place.repository.path, number, comment=f"Closed by {who}.")
    _look_again(world, pipeline)


def _place(world: World, pipeline: str, environment: str) -> tuple[Pipeline, Environment]:
    found = world.pipelines.get(pipeline)
    if found is None:
        raise NotFound(f"there is no pipeline {pipeline!r}", fix="see `tagboat status`")
    names = [each.name for each in found.environments]
    if environment not in names:
        raise NotFound(f"{pipeline} has no environment {environment!r}", fix=f"one of {', '.join(names)}")
    return found, found.environment(environment)


def _pull_request(world: World, pipeline: Pipeline, environment: Environment, number: int) -> PullRequest:
    record = world.store.load(pipeline.name).environment(environment.name)
    looking = Looking(world, pipeline, environment, record)
    pull = looking.forge.pull_request(looking.path, number)
    if pull.branch not in looking.branches:
        raise NotFound(
            f"pull request {number} is not Tagboat's for {environment.name} of {pipeline.name}",
            fix="see `tagboat pr list`",
        )
    return pull


def _look_again(world: World, pipeline: str) -> None:
    # Not counted as queued: a command's own in-memory queue ends with it, and the sweep must go on.
    world.store.wake([pipeline], now=world.clock.now())
    try:
        world.queue.reconcile(pipeline)
    except Transient as error:
        log.warning("queue_unreachable", pipeline=pipeline, reason=str(error))
