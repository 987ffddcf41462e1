"""A Git host that is behind itself: lists and heads as they were, and long thought about what merges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import Proposal, PullRequest, PullRequestState
from bot.ports import Clock, Forge

_THINKS = timedelta(seconds=8)
"""For so long the host does not know whether a new head merges."""


@dataclass
class _Old:
    """What a list said before a change, and how often it is said again."""

    pulls: Sequence[PullRequest]
    times: int


@dataclass
class SlowHost:
    """A Git host whose lists of pull requests are behind for a call or two after every change."""

    forge: Forge
    clock: Clock
    times: int
    _old: dict[str, _Old] = field(default_factory=dict)
    _seen: dict[str, datetime] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.forge, name)

    def pull_requests(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """The list as it was, or as it is."""
        old = self._old.get(branch)
        if old and old.times:
            old.times -= 1
            return old.pulls
        return [self._thinking(each) for each in self.forge.pull_requests(repository, branch)]

    def pull_request(self, repository: str, number: int) -> PullRequest:
        """The pull request as it is, but for whether it merges."""
        return self._thinking(self.forge.pull_request(repository, number))

    def write(self, repository: str, proposal: Proposal, *, base: str, expected: str | None) -> str:
        """Write; the list shows the old head."""
        self._remember(repository, proposal.branch)
        return self.forge.write(repository, proposal, base=base, expected=expected)

    def open(self, repository: str, proposal: Proposal, *, base_branch: str) -> PullRequest:
        """Open; the list does not know it."""
        self._remember(repository, proposal.branch)
        return self._thinking(self.forge.open(repository, proposal, base_branch=base_branch))

    def merge(self, repository: str, number: int, options: MergeOptions) -> str:
        """Merge; the list shows it open."""
        self._remember(repository, self.forge.pull_request(repository, number).branch)
        return self.forge.merge(repository, number, options)

    def _remember(self, repository: str, branch: str) -> None:
        pulls = [self._thinking(each) for each in self.forge.pull_requests(repository, branch)]
        self._old[branch] = _Old(pulls, self.times)

    def _thinking(self, pull: PullRequest) -> PullRequest:
        since = self._seen.setdefault(pull.head, self.clock.now())
        if pull.state is not PullRequestState.OPEN or self.clock.now() - since >= _THINKS:
            return pull
        return replace(pull, mergeable=None)
