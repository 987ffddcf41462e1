"""What the tests of the forge `git` share: other machines, a process that dies, and several acts at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from datetime import datetime
from typing import TypeVar

from bot.adapters.forges.git.forge import GitForge
from bot.adapters.stores.memory import MemoryLedger
from bot.domain.errors import TagboatError
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from tests.contracts.forge_worlds import FixedClock, PlainGitWorld

T = TypeVar("T")


class DyingLedger(MemoryLedger):
    """A ledger whose process dies once, at the call that `dies_at` names, before anything is kept."""

    dies_at = ""

    def add(self, repository: str, pull_request: PullRequest, *, now: datetime) -> PullRequest:
        """Dies at `add`."""
        self._die("add")
        return super().add(repository, pull_request, now=now)

    def change(self, repository: str, pull_request: PullRequest) -> None:
        """Dies at `change`."""
        self._die("change")
        super().change(repository, pull_request)

    def _die(self, call: str) -> None:
        if self.dies_at == call:
            self.dies_at = ""
            raise KeyboardInterrupt


def another(world: PlainGitWorld, name: str, *, ledger: MemoryLedger | None = None) -> PlainGitWorld:
    """The repository to a Tagboat on another machine: its own mirrors, and perhaps the same store."""
    other = copy(world)
    cache = world.git.folder.parent / name
    other.forge = GitForge(cache, ledger=ledger or MemoryLedger(), clock=FixedClock())
    return other


def state_of(world: PlainGitWorld, number: int) -> PullRequestState:
    """How a pull request stands when it is looked at."""
    return world.forge.pull_request(world.repository, number).state


def at_once(actions: Sequence[Callable[[], T]]) -> list[T | TagboatError]:
    """Do all of it at the same time; what each gave, or why it failed."""
    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(_outcome, actions))


def _outcome(action: Callable[[], T]) -> T | TagboatError:
    try:
        return action()
    except TagboatError as error:
        return error
