"""Gitea and Forgejo as a forge, by access token: branches and files by Git, pull requests by their API.

The API could commit files, but onto one parent only, on wherever the branch stands at that moment, and
without file modes (`POST /repos/OWNER/NAME/contents`). By Git a write is one push with a lease, as it is for
the plain `git` forge: a moved base is merged in, and nobody's push is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.adapters.forges.git.address import Access
from bot.adapters.forges.git.mirrors import Mirrors
from bot.adapters.forges.gitea.api import Answer, GiteaApi
from bot.adapters.forges.gitea.community import GiteaCommunity
from bot.adapters.forges.gitea.listing import PullRequests
from bot.adapters.forges.gitea.merging import Merger
from bot.adapters.forges.gitea.pulls import fitting_body, fitting_title, found
from bot.adapters.forges.gitea.sources import GiteaSources
from bot.adapters.forges.gitea.talk import Talk
from bot.adapters.forges.history import History
from bot.adapters.forges.history_forge import HistoryForge, require_commit
from bot.adapters.forges.identity import Identity
from bot.adapters.forges.kept_pulls import new_pull_request
from bot.adapters.forges.rules import require_branch, require_own_branch, require_own_pull_request
from bot.domain.errors import Refused, TagboatError, Unreachable
from bot.domain.people.consent import Arming, Check, Review
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.proposal import Metadata, Proposal, PullRequest, PullRequestState
from bot.ports import Clock


@dataclass(frozen=True, slots=True)
class GiteaSettings:
    """How to reach one Gitea or Forgejo.

    `url` is where people see it, with its path if it has one; `ca_bundle` the file with its authority's
    certificate. The token needs the scopes `write:repository` and `write:issue`.
    """

    url: str
    token: str = field(repr=False)
    ca_bundle: str | None = None
    merge_method: MergeMethod = MergeMethod.MERGE
    identity: Identity = field(default_factory=Identity)
    timeout_seconds: int = 15


class GiteaForge(HistoryForge):
    """The port `Forge` over Git and Gitea's REST API. Safe between threads; `cache` holds its mirrors."""

    def __init__(self, settings: GiteaSettings, cache: Path, *, clock: Clock) -> None:
        super().__init__(identity=settings.identity)
        self._api = GiteaApi(
            settings.url,
            settings.token,
            ca_bundle=settings.ca_bundle,
            timeout_seconds=settings.timeout_seconds,
        )
        # Plain HTTP was refused by then, but to this very machine.
        access = Access(token=settings.token, allow_http=True, ca_bundle=settings.ca_bundle or "")
        self._mirrors = Mirrors(
            cache, clock=clock, identity=settings.identity, root=settings.url.rstrip("/"), access=access
        )
        self._pulls = PullRequests(self._api)
        self._talk = Talk(self._api, self._pulls)
        self._merger = Merger(self._api, self._pulls, method=settings.merge_method)

    def disconnect(self) -> None:
        """Close every connection; the next call opens new ones."""
        self._api.close()

    def community(self) -> GiteaCommunity:
        """Other people on this host: their comments and pull requests."""
        return GiteaCommunity(self._api, self._pulls)

    def sources(self) -> GiteaSources:
        """The host as the place where images are built from."""
        return GiteaSources(self._api)

    def pull_requests(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """Every pull request ever opened from `branch` of this very repository, newest first."""
        require_branch(branch)
        return self._pulls.of_branch(repository, branch)

    def pull_request(self, repository: str, number: int) -> PullRequest:
        """One pull request as it is now; `NotFound` when there is none of that number."""
        return self._pulls.one(repository, number).pull_request

    def open(self, repository: str, proposal: Proposal, *, base_branch: str) -> PullRequest:
        """Open a pull request from the proposal's branch, or return the one that is open already."""
        require_own_branch(proposal.branch, proposal.prefix)
        require_branch(base_branch)
        existing = self._pulls.open_one(repository, proposal.branch)
        if existing is not None:
            return existing
        with self._locked(repository) as history:
            new_pull_request(history, repository, proposal, base_branch)  # raises where there is nothing new
        body = {
            "head": proposal.branch,
            "base": base_branch,
            "title": fitting_title(proposal.title, is_draft=proposal.metadata.draft),
            "body": fitting_body(proposal.body),
        }
        try:
            answer = self._api.attempt("POST", repository, "/pulls", body)
        except Unreachable:
            made = self._pulls.open_one(repository, proposal.branch)
            if made is None:
                raise
            return made
        if answer.status == 201:
            return self._api.read(repository, answer, found).pull_request
        raced = self._pulls.open_one(repository, proposal.branch)
        if raced is None:
            raise self._not_opened(repository, proposal.branch, answer)
        return raced

    def revise(self, repository: str, number: int, *, title: str, body: str) -> None:
        """Change title and body of a pull request."""
        self._pulls.revise(repository, number, title=title, body=body)

    def describe(self, repository: str, number: int, metadata: Metadata) -> Sequence[str]:
        """Add labels, reviewers, assignees and the milestone; return what the host did not take, and why."""
        return self._talk.describe(repository, number, metadata)

    def comment(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Comment once."""
        self._talk.comment(repository, number, body, key=key)

    def close(self, repository: str, number: int, *, comment: str) -> None:
        """Comment, close without a merge, and delete the branch unless it holds somebody else's commit."""
        seen = self._pulls.one(repository, number)
        pull = seen.pull_request
        if pull.state is PullRequestState.MERGED:
            return
        if not seen.is_own:
            raise Refused(
                f"pull request {number} of {repository} comes from a fork", why="it is not Tagboat's"
            )
        require_own_pull_request(pull)
        if pull.state is PullRequestState.OPEN:
            self._talk.last_words(repository, number, comment)
            self._pulls.change(repository, number, {"state": "closed"})
        if self._pulls.open_one(repository, pull.branch) is None:
            self._delete_branch_of(repository, pull, is_foreign_kept=True)

    def merge(
        self,
        repository: str,
        number: int,
        *,
        expected_head: str,
        message: str,
        method: MergeMethod | None = None,
    ) -> str:
        """Merge and return the commit on the base branch; merged already: the same answer.

        Raises:
            Conflict: the head is not `expected_head` any more, or the base moved in between.
            Refused: the host says that it may not be merged; why says it.
            Transient: the host does not know yet whether it may.
        """
        return self._merger.merge(
            repository, number, expected_head=expected_head, message=message, method=method
        )

    def reviews(self, repository: str, number: int) -> Sequence[Review]:
        """The last opinion of each reviewer that the host lets stand."""
        return self._merger.reviews(repository, number)

    def checks(self, repository: str, commit: str) -> Sequence[Check]:
        """The latest word of every commit status of this very commit."""
        with self._locked(repository) as history:
            require_commit(history, repository, commit)
        return self._merger.checks(repository, commit)

    def arming(self, repository: str, number: int) -> Arming:
        """Whether the host was asked to merge an open pull request by itself."""
        return self._merger.arming(repository, number)

    def arm(
        self,
        repository: str,
        number: int,
        *,
        expected_head: str,
        message: str,
        method: MergeMethod | None = None,
    ) -> None:
        """Ask the host to merge as soon as its checks succeed."""
        self._merger.arm(repository, number, expected_head=expected_head, message=message, method=method)

    def disarm(self, repository: str, number: int) -> None:
        """Take that back; harmless where the host was not asked, or has merged."""
        self._merger.disarm(repository, number)

    def delete_branch(self, repository: str, number: int) -> None:
        """Delete the branch of a merged pull request, where it still stands at the head that was merged."""
        seen = self._pulls.one(repository, number)
        pull = seen.pull_request
        require_own_pull_request(pull)
        if pull.state is not PullRequestState.MERGED or not seen.is_own:
            return
        if self._pulls.open_one(repository, pull.branch) is None:
            self._delete_branch_of(repository, pull, is_foreign_kept=False)

    def _history(self, repository: str) -> History:
        return self._mirrors.of(f"{repository}.git")

    @contextmanager
    def _locked(self, repository: str) -> Iterator[History]:
        with super()._locked(repository) as history, self._mirrors.minded(f"{repository}.git"):
            yield history

    def _delete_branch_of(self, repository: str, pull: PullRequest, *, is_foreign_kept: bool) -> None:
        """Delete the branch where it still stands at the pull request's head."""
        with self._locked(repository) as history:
            if history.head(pull.branch) != pull.head:
                return
            base = history.head(pull.base)
            if is_foreign_kept and (base is None or self._foreign(history, pull.head, base) is not None):
                return
            history.move(pull.branch, None, expected=pull.head)

    def _not_opened(self, repository: str, branch: str, answer: Answer) -> TagboatError:
        if answer.status == 409:
            return Unreachable(
                f"{self._api.host} does not list the pull request from {branch} yet",
                why=answer.message,
                fix="looked at again soon",
            )
        return self._api.failure(repository, answer)
