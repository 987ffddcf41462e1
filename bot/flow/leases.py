"""Leases: one worker at a time looks at a pipeline or a repository, and changes what pipelines share."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import structlog

from bot.domain.deciding.action import (
    Action,
    ArmPullRequest,
    DeleteBranch,
    DisarmPullRequest,
    MergePullRequest,
    Propose,
    Revise,
    Withdraw,
)
from bot.domain.errors import Conflict, TagboatError
from bot.domain.pipeline import Pipeline
from bot.flow.receive import wake
from bot.flow.world import World
from bot.ports import Lease

log = structlog.get_logger(__name__)

_LEASE = timedelta(seconds=10)
"""How long a pipeline stays with a worker that died; a living one renews its lease three times as often."""

_NEVER = timedelta(days=36500)
"""Asks for what was woken only, however long ago it was looked at."""

_CHANGES = (Propose, Revise, Withdraw, MergePullRequest, ArmPullRequest, DisarmPullRequest, DeleteBranch)


@contextmanager
def _kept(world: World, lease: Lease) -> Iterator[None]:
    """Renew the lease until the work is done; where it was lost, the next save says so."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(_LEASE.total_seconds() / 3):
            try:
                world.store.renew(lease, now=world.clock.now(), ttl=_LEASE)
            except Conflict:
                return
            except TagboatError as error:
                log.warning("lease_not_renewed", pipeline=lease.pipeline, reason=str(error))

    thread = threading.Thread(target=renew, name=f"lease of {lease.pipeline}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def look_alone(world: World, name: str, look: Callable[[Lease], None]) -> bool:
    """Look at a pipeline or a repository under its lease; False when another worker holds it.

    Raises:
        TagboatError: the store cannot be used, or the look fails.
    """
    lease = world.store.lease(name, owner=uuid.uuid4().hex, now=world.clock.now(), ttl=_LEASE)
    if lease is None:
        return False
    try:
        with _kept(world, lease):
            look(lease)
    except Conflict as error:
        log.warning("lease_lost", reason=str(error))
    finally:
        world.store.release(lease)
    # A wake that came meanwhile found the lease taken: it goes on at once, not with the next sweep.
    wake(world, world.store.due([name], now=world.clock.now(), every=_NEVER))
    return True


def shared(pipeline: Pipeline, actions: Sequence[Action]) -> frozenset[str]:
    """The names, for leases, of the groups whose branch or pull request the actions change.

    A group's branch and the marks in its pull request change one after the other: who looked in between
    would leave a fellow out, who would do the same in turn, without an end.
    """
    changed = {each.environment for each in actions if isinstance(each, _CHANGES)}
    return frozenset(
        _name(pipeline, each.group) for each in pipeline.environments if each.name in changed if each.group
    )


@contextmanager
def alone(world: World, names: frozenset[str]) -> Iterator[frozenset[str]]:
    """Hold those of the groups that nobody else holds, and say which."""
    with ExitStack() as stack:
        yield frozenset(name for name in sorted(names) if stack.enter_context(_held(world, name)))


def unshared(
    pipeline: Pipeline, actions: Sequence[Action], held: frozenset[str]
) -> tuple[Sequence[Action], dict[str, TagboatError]]:
    """The actions that may be carried out, and why others wait, by environment."""
    waiting: dict[str, TagboatError] = {
        each.environment: Conflict("another pipeline of the group changes its pull request now")
        for each in actions
        if not shared(pipeline, [each]) <= held
    }
    return [each for each in actions if each.environment not in waiting], waiting


@contextmanager
def _held(world: World, name: str) -> Iterator[bool]:
    lease = world.store.lease(name, owner=uuid.uuid4().hex, now=world.clock.now(), ttl=_LEASE)
    if lease is None:
        yield False
        return
    try:
        with _kept(world, lease):
            yield True
    finally:
        world.store.release(lease)


def _name(pipeline: Pipeline, group: str) -> str:
    """Beside pipelines and repositories: no name of one ends so."""
    return f"@{pipeline.repository}@{pipeline.branch or ''}#{group}"
