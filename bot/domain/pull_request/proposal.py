"""Pull requests: what Tagboat proposes, in words that people read, and what a forge says of one.

The releases that a pull request proposes are found again by marks in its body
(`bot.domain.pull_request.mark`), so that a crash between any two steps loses nothing; the truth of what would
be merged is always read from the branch itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.pull_request.mark import Mark, marks
from bot.domain.pull_request.mark import withdrawn as withdrawn

BRANCH_PREFIX = "tagboat/"
"""How the branches that Tagboat writes begin, where the configuration names no other."""


class PullRequestState(StrEnum):
    """What a forge says of a pull request; `CLOSED` means closed without a merge."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as a forge shows it. `merge_commit` is the commit on the base branch after the merge.

    `pipeline` and `environment` say for whom it is looked at, where it serves several; a forge leaves them
    empty. `comments` are those that a forge without a page of its own keeps. `doubt` is why one might wait
    though the host would merge: a check that is not required failed, or still runs. `is_behind` says that the
    host wants the branch to hold the whole base first. `is_armed` says that somebody, a human too, asked the
    host to merge it by itself, where the host tells that along.
    """

    number: int
    url: str
    title: str
    body: str
    branch: str
    base: str
    head: str
    state: PullRequestState
    merge_commit: str | None = None
    merged_at: datetime | None = None
    mergeable: bool | None = None
    blocked_reason: str = ""
    doubt: str = ""
    is_behind: bool = False
    is_draft: bool = False
    is_armed: bool = False
    metadata: Metadata | None = None
    comments: tuple[str, ...] = ()
    pipeline: str = ""
    environment: str = ""

    @property
    def mark(self) -> Mark | None:
        """What it proposes to the one for whom it is looked at; None where the body does not say."""
        found = marks(self.body)
        place = (self.pipeline, self.environment)
        own = next((each for each in found if (each.pipeline, each.environment) == place), None)
        if own or not self.pipeline:
            return own or next(iter(found), None)
        return next((each for each in found if not each.pipeline), None)

    @property
    def release_key(self) -> str | None:
        """The key of the release that the mark names, or None where there is no mark."""
        return self.mark.key if self.mark else None

    @property
    def is_withdrawn(self) -> bool:
        """Whether Tagboat itself closed it: then the close is no human's "no"."""
        return bool(self.mark and self.mark.is_withdrawn)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a host shows beside a pull request: all of it names things that the host must know.

    A milestone is named by its title, or by its number in digits.
    """

    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    team_reviewers: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    milestone: str = ""
    draft: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing has to be said to the host once the pull request is open."""
        return not (self.labels or self.reviewers or self.team_reviewers or self.assignees or self.milestone)


@dataclass(frozen=True, slots=True)
class Proposal:
    """All that a forge needs to show one pull request: branch, files, commit message, title and body.

    None deletes a file. `modes` are Git's, `100644` or `100755`, of those files that do not keep theirs.
    `prefix` is how the names of branches begin that may be written: what the configuration says literally.
    `sign_off` asks for the committer's `Signed-off-by`; `allow_workflows` says that files may be
    written which CI runs.
    """

    branch: str
    files: tuple[tuple[str, bytes | None], ...]
    message: str
    title: str
    body: str
    metadata: Metadata = field(default_factory=Metadata)
    prefix: str = BRANCH_PREFIX
    sign_off: bool = False
    allow_workflows: bool = False
    modes: tuple[tuple[str, str], ...] = ()
