"""What a fake Git host holds and says beside Git's objects: pull requests, protection, events, refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from tests.fakes.git_repository import NOTHING

if TYPE_CHECKING:
    from tests.fakes.git_host import HostedRepository

HUMAN = "ada"
"""The account of the person who works in the tests."""


class HostError(Exception):
    """The host says no; the text says why."""


class MissingError(HostError):
    """A repository, branch, commit or pull request is not there."""


class ExistsError(HostError):
    """A branch or an open pull request of that name is there already."""


class NotFastForwardError(HostError):
    """A branch would lose commits, and force was not asked for."""


class HeadMovedError(HostError):
    """The pull request's head is not the commit that the caller means to merge."""


class NotMergeableError(HostError):
    """The pull request cannot be merged now."""


class NoCommitsError(HostError):
    """The branch holds nothing that its base does not."""


@dataclass(frozen=True, slots=True)
class BranchMoved:
    """A branch was made, moved or deleted (`NOTHING` before or after)."""

    branch: str
    before: str
    after: str
    by: str


@dataclass(frozen=True, slots=True)
class PullChanged:
    """A pull request was opened, edited, synchronized, closed, reopened or merged."""

    pull: Pull
    action: str
    by: str
    before: str = NOTHING


@dataclass(frozen=True, slots=True)
class StatusSet:
    """A status was reported for a commit."""

    commit: str
    context: str
    state: str


Event = BranchMoved | PullChanged | StatusSet
Listener = Callable[["HostedRepository", Event], None]


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote below a pull request."""

    id: int
    author: str
    body: str
    when: datetime


@dataclass
class Pull:
    """A pull request; `head` follows the branch for as long as it is open."""

    number: int
    title: str
    body: str
    source: HostedRepository
    branch: str
    base: str
    head: str
    author: str
    created_at: datetime
    updated_at: datetime
    state: str = "open"
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    merge_commit: str | None = None
    merged_by: str | None = None
    comments: list[Comment] = field(default_factory=list)
    approvals: set[str] = field(default_factory=set)
    is_draft: bool = False
    labels: list[str] = field(default_factory=list)
    assignees: set[str] = field(default_factory=set)
    reviewers: set[str] = field(default_factory=set)
    milestone: str = ""
    armed_by: str = ""


@dataclass
class Protection:
    """What must hold before the base branches of a repository take a merge."""

    required_checks: frozenset[str] = frozenset()
    required_approvals: int = 0
    up_to_date: bool = False
    pull_requests_only: bool = False
    forbids_force: bool = False


@dataclass(frozen=True, slots=True)
class Mergeability:
    """Whether it can be merged: `clean`, `dirty` (conflicts), `blocked`, `behind`, or `unstable`."""

    state: str
    reason: str = ""
