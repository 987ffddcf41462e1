"""What a decision asks the flow to do. Each action names what it acts upon by content, so that doing it
twice is harmless.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.image import Release
from bot.domain.pipeline import Application
from bot.domain.proposal import Proposal


@dataclass(frozen=True, slots=True)
class Propose:
    """Write the branch, then open the pull request (`number` None) or bring its words up to date."""

    environment: str
    proposal: Proposal
    release: Release
    number: int | None
    expected: str | None


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Close a pull request that has nothing left to propose; `body` marks the close as Tagboat's own."""

    environment: str
    number: int
    title: str
    body: str
    comment: str


@dataclass(frozen=True, slots=True)
class MergePullRequest:
    """Merge, if the head is still the one that was looked at."""

    environment: str
    number: int
    expected_head: str
    message: str


@dataclass(frozen=True, slots=True)
class Refresh:
    """Ask Argo CD to compare an Application with Git."""

    environment: str
    application: Application
    hard: bool


Action = Propose | Withdraw | MergePullRequest | Refresh
