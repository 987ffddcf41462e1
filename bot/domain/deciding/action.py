"""What a decision asks the flow to do. Each action names what it acts upon by content, so that doing it
twice is harmless.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.image import ImageRef, Release
from bot.domain.pipeline import Application
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import Metadata, Proposal


@dataclass(frozen=True, slots=True)
class Propose:
    """Write the branch, then open the pull request (`number` None) or bring its words up to date.

    `sought` are the steps of images, from what to what, of whose source its words should tell, `threads` the
    names of the threads to which they should lead.
    """

    environment: str
    proposal: Proposal
    release: Release
    number: int | None
    expected: str | None
    sought: tuple[tuple[ImageRef, ImageRef], ...] = ()
    threads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Revise:
    """Change the words of an open pull request, and nothing else of it."""

    environment: str
    number: int
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Close a pull request that has nothing left to propose; `body` marks the close as Tagboat's own."""

    environment: str
    number: int
    title: str
    body: str
    comment: str


@dataclass(frozen=True, slots=True)
class Describe:
    """Add labels, reviewers and their kind, once: `key` names the pull request and what is added.

    `unsaid` is what the host was already seen not to take.
    """

    environment: str
    number: int
    metadata: Metadata
    key: str
    unsaid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comment:
    """Say something below a pull request, once by its key."""

    environment: str
    number: int
    body: str
    key: str


@dataclass(frozen=True, slots=True)
class MergePullRequest:
    """Merge, if the head is still the one that was looked at."""

    environment: str
    number: int
    options: MergeOptions


@dataclass(frozen=True, slots=True)
class ArmPullRequest:
    """Ask the host to merge by itself as soon as it may, if the head is still the one that was looked at."""

    environment: str
    number: int
    options: MergeOptions


@dataclass(frozen=True, slots=True)
class DisarmPullRequest:
    """Take back that the host may merge by itself."""

    environment: str
    number: int


@dataclass(frozen=True, slots=True)
class CommitDirectly:
    """Commit to the base branch without a pull request, if it is still where it was looked at."""

    environment: str
    proposal: Proposal
    release: Release


@dataclass(frozen=True, slots=True)
class DeleteBranch:
    """Delete the branch of a merged pull request, if it still stands where it was merged."""

    environment: str
    number: int


@dataclass(frozen=True, slots=True)
class Refresh:
    """Ask Argo CD to compare an Application with Git."""

    environment: str
    application: Application
    hard: bool


Action = (
    Propose
    | Revise
    | Withdraw
    | Describe
    | Comment
    | MergePullRequest
    | ArmPullRequest
    | DisarmPullRequest
    | CommitDirectly
    | DeleteBranch
    | Refresh
)
