"""All of the port `Forge` that is about pull requests, for a host that keeps them itself.

A host says how it is asked (`_seen`, `_ask_to_open` and their kind); when it is asked, and what is never
done, stands here once. Every create looks before and after, so that a lost answer makes no second one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from bot.adapters.forges.rules import require_branch, require_own_branch, require_own_pull_request
from bot.domain.errors import Refused, TagboatError, Unreachable
from bot.domain.people.consent import Arming, Check, Review
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import Metadata, Proposal, PullRequest, PullRequestState
from bot.ports import Look

A = TypeVar("A")


class Seen(Protocol):
    """A pull request; `is_own` says that it comes from a branch of the repository, and not of a fork."""

    @property
    def pull_request(self) -> PullRequest: ...

    @property
    def is_own(self) -> bool: ...


class Talking(Protocol):
    """What is said below a pull request, and beside it."""

    def comment(self, repository: str, number: int, body: str, *, key: str) -> None: ...

    def last_words(self, repository: str, number: int, body: str) -> None: ...

    def describe(self, repository: str, number: int, metadata: Metadata) -> Sequence[str]: ...


class Consenting(Protocol):
    """What people and checks say of a pull request."""

    def reviews(self, repository: str, number: int) -> Sequence[Review]: ...

    def checks(self, repository: str, commit: str) -> Sequence[Check]: ...


class Merging(Protocol):
    """Merging at once, or by the host itself."""

    def merge(self, repository: str, number: int, options: MergeOptions) -> str: ...

    def arm(self, repository: str, number: int, options: MergeOptions) -> None: ...

    def arming(self, repository: str, number: int) -> Arming: ...

    def disarm(self, repository: str, number: int) -> None: ...


class HostedPulls(ABC, Generic[A]):
    """Pull requests on a host whose answers are `A`; a subclass sets the three parts and asks the host."""

    _talk: Talking
    _consents: Consenting
    _merger: Merging
    _kind = "pull request"

    def prepare(self, repository: str, look: Look) -> None:
        """Nothing, on a host that is asked one question at a time."""

    def pull_request(self, repository: str, number: int) -> PullRequest:
        """One pull request as it is now; `NotFound` when there is none of that number."""
        return self._seen(repository, number).pull_request

    def open(self, repository: str, proposal: Proposal, *, base_branch: str) -> PullRequest:
        """Open a pull request from the proposal's branch, or return the one that is open already."""
        require_own_branch(proposal.branch, proposal.prefix)
        require_branch(base_branch)
        existing = self._standing(repository, proposal, base_branch)
        if existing is not None:
            return existing
        try:
            opened = self._ask_to_open(repository, proposal, base_branch)
        except Unreachable:
            made = self._open_one(repository, proposal.branch)
            if made is None:
                raise
            return made
        if isinstance(opened, PullRequest):
            return opened
        raced = self._open_one(repository, proposal.branch)
        if raced is None:
            raise self._not_opened(repository, proposal.branch, base_branch, opened)
        return raced

    def describe(self, repository: str, number: int, metadata: Metadata) -> Sequence[str]:
        """Add labels, reviewers, assignees and the milestone; return what the host did not take, and why."""
        return self._talk.describe(repository, number, metadata)

    def comment(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Comment once."""
        self._talk.comment(repository, number, body, key=key)

    def close(self, repository: str, number: int, *, comment: str) -> None:
        """Comment, close without a merge, and delete the branch unless it holds somebody else's commit."""
        seen = self._seen(repository, number)
        pull = seen.pull_request
        if pull.state is PullRequestState.MERGED:
            return
        if not seen.is_own:
            what = f"{self._kind} {number} of {repository} comes from a fork"
            raise Refused(what, why="it is not Tagboat's")
        require_own_pull_request(pull)
        if pull.state is PullRequestState.OPEN:
            self._talk.last_words(repository, number, comment)
            self._ask_to_close(repository, number)
        self._drop_branch(repository, pull, is_foreign_kept=True)

    def delete_branch(self, repository: str, number: int) -> None:
        """Delete the branch of a merged pull request, where it still stands at the head that was merged."""
        seen = self._seen(repository, number)
        pull = seen.pull_request
        if pull.state is not PullRequestState.MERGED or not seen.is_own:
            return
        require_own_pull_request(pull)
        self._drop_branch(repository, pull, is_foreign_kept=False)

    def merge(self, repository: str, number: int, options: MergeOptions) -> str:
        """Merge and return the commit on the base branch; merged already: the same answer.

        Raises:
            Conflict: the head is not the expected one any more, or the base moved in between.
            Transient: the host does not know yet whether it may be merged.
            Refused: the host says that it may not be merged; why says it.
        """
        return self._merger.merge(repository, number, options)

    def reviews(self, repository: str, number: int) -> Sequence[Review]:
        """The last opinion of each reviewer that the host lets stand."""
        return self._consents.reviews(repository, number)

    def checks(self, repository: str, commit: str) -> Sequence[Check]:
        """The latest word of every check of this very commit."""
        return self._consents.checks(repository, commit)

    def arming(self, repository: str, number: int) -> Arming:
        """Whether the host was asked to merge an open pull request by itself."""
        return self._merger.arming(repository, number)

    def arm(self, repository: str, number: int, options: MergeOptions) -> None:
        """Ask the host to merge as soon as its rules allow; what may be merged now is merged."""
        self._merger.arm(repository, number, options)

    def disarm(self, repository: str, number: int) -> None:
        """Take that back; harmless where the host was not asked, or has merged."""
        self._merger.disarm(repository, number)

    @abstractmethod
    def _seen(self, repository: str, number: int) -> Seen:
        """One as it is now; `NotFound` when there is none of that number."""

    @abstractmethod
    def _open_one(self, repository: str, branch: str) -> PullRequest | None:
        """The open one of the branch, or None."""

    @abstractmethod
    def _standing(self, repository: str, proposal: Proposal, base_branch: str) -> PullRequest | None:
        """The one that is open already, or None; raises where the host would open one that holds nothing."""

    @abstractmethod
    def _ask_to_open(self, repository: str, proposal: Proposal, base_branch: str) -> PullRequest | A:
        """Ask once: the pull request, or the host's refusal."""

    @abstractmethod
    def _not_opened(self, repository: str, branch: str, base: str, refusal: A) -> TagboatError:
        """What the refusal means, where none is open."""

    @abstractmethod
    def _ask_to_close(self, repository: str, number: int) -> None:
        """Close an open one without a merge."""

    @abstractmethod
    def _drop_branch(self, repository: str, pull: PullRequest, *, is_foreign_kept: bool) -> None:
        """Delete the branch where it stands at the pull request's head, and serves no other.

        `is_foreign_kept` leaves it where it holds somebody else's commit.
        """
