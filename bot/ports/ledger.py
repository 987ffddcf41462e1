"""The pull requests of a forge without an API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.pull_request.proposal import PullRequest


class Ledger(Protocol):
    """Where the plain `git` forge keeps its pull requests."""

    def add(self, repository: str, pull_request: PullRequest, *, now: datetime) -> PullRequest:
        """Give it the next number of its repository and keep it.

        An open one from the same branch is returned instead: one open pull request per branch.
        """
        ...

    def change(self, repository: str, pull_request: PullRequest) -> None:
        """Write it over the one of the same number."""
        ...

    def of_branch(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """All from this branch, newest first."""
        ...

    def of_repository(self, repository: str) -> Sequence[PullRequest]:
        """All of the repository, newest first."""
        ...
