"""What a Bitbucket is asked about pull requests, whichever of the two it is: one seam, and its values.

Reviewers and authors are told by what the host's API takes for them: an account's UUID on Cloud, the name of
a user on Data Center.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.adapters.forges.bitbucket.transport import Answer
from bot.domain.errors import TagboatError
from bot.domain.people.consent import Check, Review
from bot.domain.pull_request.proposal import Proposal, PullRequest


@dataclass(frozen=True, slots=True)
class Found:
    """A pull request as the host tells it; `is_own` says that it comes from no fork.

    Whether an open one would merge, and where its branch stands, is for Git to say. `version` is Data
    Center's, which every change names.
    """

    pull_request: PullRequest
    is_own: bool
    author: str
    reviewers: tuple[str, ...] = ()
    version: int = 0


class Host(Protocol):
    """One Bitbucket. Safe between threads."""

    def close(self) -> None:
        """Close every connection."""
        ...

    def one(self, repository: str, number: int) -> Found:
        """One as it is now; `NotFound` when there is none of that number."""
        ...

    def of_branch(self, repository: str, branch: str) -> Sequence[Found]:
        """All from that branch of this very repository, newest first."""
        ...

    def found(self, repository: str, data: Any) -> Found:
        """Read one from an answer."""
        ...

    def create(self, repository: str, proposal: Proposal, base_branch: str) -> Answer:
        """Open one, with the reviewers whom the repository always has."""
        ...

    def change(self, repository: str, found: Found, change: Mapping[str, Any]) -> Answer:
        """Change texts or reviewers (`title`, `description`, `reviewers`); the rest stays."""
        ...

    def decline(self, repository: str, found: Found) -> None:
        """Close without a merge."""
        ...

    def commit(self, repository: str, name: str) -> str:
        """The full id of a commit that is told by its first digits; these where it is gone."""
        ...

    def failure(self, repository: str, answer: Answer) -> TagboatError:
        """What an answer that is no success means."""
        ...

    def veto(self, repository: str, number: int) -> str:
        """Why the host would not merge an open one, as far as it tells; empty: nothing is known."""
        ...

    def comments(self, repository: str, number: int) -> Sequence[str]:
        """What is said below it, as it was written."""
        ...

    def say(self, repository: str, number: int, body: str) -> None:
        """Say something below it, once."""
        ...

    def reviewer(self, repository: str, name: str) -> str | None:
        """What the API takes for a person whom the configuration names; None: nobody has that name."""
        ...

    def reviewer_lists(self, ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Reviewers as the API takes them."""
        ...

    def reviews(self, repository: str, number: int) -> Sequence[Review]:
        """The last opinion of each reviewer."""
        ...

    def checks(self, repository: str, commit: str) -> Sequence[Check]:
        """The latest word of every build status."""
        ...
