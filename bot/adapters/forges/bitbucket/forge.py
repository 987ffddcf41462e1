"""A Bitbucket as a forge, by access token: branches and files by Git, pull requests by its API.

Where a branch stands, whether it would merge, and whether a push has merged it, is Git's to say: the hosts
tell it late, or cut short. By Git a write is one push with a lease, as it is for the plain `git` forge.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from bot.adapters.forges.bitbucket.host import Found, Host
from bot.adapters.forges.bitbucket.talk import Talk
from bot.adapters.forges.bitbucket.texts import fitting_body, fitting_title, hidden
from bot.adapters.forges.git.mirrors import Mirrors
from bot.adapters.forges.history import History
from bot.adapters.forges.history_forge import HistoryForge, require_commit
from bot.adapters.forges.identity import Identity
from bot.adapters.forges.kept_pulls import judged, new_pull_request, observed
from bot.adapters.forges.rules import is_commit, require_branch, require_own_branch, require_own_pull_request
from bot.domain.errors import Conflict, Refused, Unreachable
from bot.domain.people.consent import Arming, Check, Review
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import Metadata, Proposal, PullRequest, PullRequestState
from bot.ports import Community

_NO_AUTO_MERGE = "use `merge: auto` and leave `platform` out"


class BitbucketForge(HistoryForge):
    """What both have of the port `Forge`; a subclass merges. Safe between threads."""

    def __init__(self, host: Host, mirrors: Mirrors, *, identity: Identity, method: MergeMethod) -> None:
        super().__init__(identity=identity)
        self._host = host
        self._mirrors = mirrors
        self._method = method
        self._talk = Talk(host)

    @abstractmethod
    def community(self) -> Community:
        """Other people on this host: their comments and pull requests."""

    @abstractmethod
    def _address(self, repository: str) -> str:
        """Where Git finds the repository, below the host's address."""

    @abstractmethod
    def _merge(self, repository: str, found: Found, pull: PullRequest, options: MergeOptions) -> None:
        """Merge an open one at the very head that `pull` has, or raise."""

    def disconnect(self) -> None:
        """Close every connection; the next call opens new ones."""
        self._host.close()

    def pull_requests(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """Every pull request ever opened from `branch` of this very repository, newest first."""
        require_branch(branch)
        return [self._seen(repository, each) for each in self._host.of_branch(repository, branch)]

    def pull_request(self, repository: str, number: int) -> PullRequest:
        """One pull request as it is now; `NotFound` when there is none of that number."""
        return self._seen(repository, self._host.one(repository, number))

    def open(self, repository: str, proposal: Proposal, *, base_branch: str) -> PullRequest:
        """Open a pull request from the proposal's branch, or return the one that is open already."""
        require_own_branch(proposal.branch, proposal.prefix)
        require_branch(base_branch)
        existing = self._open_one(repository, proposal.branch)
        if existing is not None:
            return existing
        with self._locked(repository) as history:
            new_pull_request(history, repository, proposal, base_branch)  # raises where there is nothing new
        try:
            answer = self._host.create(repository, proposal, base_branch)
        except Unreachable:
            made = self._open_one(repository, proposal.branch)
            if made is None:
                raise
            return made
        if answer.status in {200, 201}:
            return self._seen(repository, self._host.found(repository, answer.data))
        raced = self._open_one(repository, proposal.branch)
        if raced is None:
            raise self._host.failure(repository, answer)
        return raced

    def revise(self, repository: str, number: int, *, title: str, body: str) -> None:
        """Change title and body of a pull request."""
        texts = {"title": fitting_title(title), "description": hidden(fitting_body(body))}
        self._change(repository, self._host.one(repository, number), texts)

    def describe(self, repository: str, number: int, metadata: Metadata) -> Sequence[str]:
        """Add reviewers; return what the host did not take or does not know, and why."""
        return self._talk.describe(repository, number, metadata)

    def comment(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Comment once."""
        self._talk.comment(repository, number, body, key=key)

    def close(self, repository: str, number: int, *, comment: str) -> None:
        """Comment, close without a merge, and delete the branch unless it holds somebody else's commit."""
        found = self._host.one(repository, number)
        pull = self._seen(repository, found)
        if pull.state is PullRequestState.MERGED:
            return
        if not found.is_own:
            what = f"pull request {number} of {repository} comes from a fork"
            raise Refused(what, why="it is not Tagboat's")
        require_own_pull_request(pull)
        if found.pull_request.state is PullRequestState.OPEN:
            self._talk.last_words(repository, number, comment)
            self._host.decline(repository, found)
        if self._open_one(repository, pull.branch) is None:
            self._delete_branch_of(repository, pull, is_foreign_kept=True)

    def merge(self, repository: str, number: int, options: MergeOptions) -> str:
        """Merge and return the commit on the base branch; merged already: the same answer.

        Raises:
            Conflict: the head is not the expected one any more, or the base moved in between.
            Refused: it may not be merged; why says it.
            Transient: the host does not know yet whether it may.
        """
        found = self._host.one(repository, number)
        pull = self._seen(repository, found)
        if pull.merge_commit is None:
            self._require_open(repository, pull, options.expected_head)
            self._merge(repository, found, pull, options)
            found = self._host.one(repository, number)
            pull = self._seen(repository, found)
        if pull.merge_commit is None:
            raise Unreachable(f"{repository} does not show yet that pull request {number} is merged")
        self._settle(repository, found, pull)
        return pull.merge_commit

    def reviews(self, repository: str, number: int) -> Sequence[Review]:
        """The last opinion of each reviewer that the host lets stand."""
        return self._host.reviews(repository, number)

    def checks(self, repository: str, commit: str) -> Sequence[Check]:
        """The latest word of every build status of this very commit."""
        with self._locked(repository) as history:
            require_commit(history, repository, commit)
        return self._host.checks(repository, commit)

    def arming(self, repository: str, number: int) -> Arming:
        """Nobody can be asked to merge later."""
        what = f"pull request {number} of {repository} is not merged by its host itself"
        raise Refused(what, fix=_NO_AUTO_MERGE)

    def arm(self, repository: str, number: int, options: MergeOptions) -> None:  # noqa: ARG002 - the port's
        """Nobody can be asked to merge later."""
        self.arming(repository, number)

    def disarm(self, repository: str, number: int) -> None:
        """There is nothing to take back."""

    def delete_branch(self, repository: str, number: int) -> None:
        """Delete the branch of a merged pull request, where it still stands at the head that was merged."""
        found = self._host.one(repository, number)
        pull = self._seen(repository, found)
        require_own_pull_request(pull)
        if pull.state is not PullRequestState.MERGED or not found.is_own:
            return
        self._settle(repository, found, pull)
        if self._open_one(repository, pull.branch) is None:
            self._delete_branch_of(repository, pull, is_foreign_kept=False)

    def _settle(self, repository: str, found: Found, pull: PullRequest) -> None:
        """Let the host show that it is merged, where it would not notice by itself."""

    def _seen(self, repository: str, found: Found) -> PullRequest:
        """The pull request with what Git says of it; one of a fork is told as its host tells it."""
        pull = found.pull_request
        is_known = pull.state is PullRequestState.CLOSED or pull.merge_commit is not None
        if is_known or not found.is_own:
            return pull
        with self._locked(repository) as history:
            head, base = history.head(pull.branch), history.head(pull.base)
            if pull.state is PullRequestState.MERGED:
                return _arrived(history, pull, base)
            seen = observed(
                history, replace(pull, head=head or self._whole(repository, pull.head)), head=head, base=base
            )
            if seen.state is not PullRequestState.OPEN:
                return seen
            if seen.is_draft:
                return replace(seen, blocked_reason="it is a draft")
            seen = judged(history, seen, base)
        veto = self._host.veto(repository, pull.number) if seen.mergeable else ""
        return replace(seen, mergeable=False, blocked_reason=veto) if veto else seen

    def _whole(self, repository: str, commit: str) -> str:
        """The full id of a commit that the host may name by its first digits."""
        return commit if is_commit(commit) else self._host.commit(repository, commit)

    def _open_one(self, repository: str, branch: str) -> PullRequest | None:
        pulls = self.pull_requests(repository, branch)
        return next((pull for pull in pulls if pull.state is PullRequestState.OPEN), None)

    def _require_open(self, repository: str, pull: PullRequest, expected_head: str) -> None:
        what = f"pull request {pull.number} of {repository}"
        if pull.state is PullRequestState.CLOSED:
            raise Refused(f"{what} is closed", fix="open a new one")
        if pull.head != expected_head:
            raise Conflict(f"{what} moved after it was judged")
        if pull.is_draft:
            raise Refused(f"{what} is not merged", why="it is a draft", fix="mark it as ready")

    def _change(self, repository: str, found: Found, change: Mapping[str, Any]) -> None:
        answer = self._host.change(repository, found, change)
        if answer.status != 200:
            raise self._host.failure(repository, answer)

    def _history(self, repository: str) -> History:
        return self._mirrors.of(self._address(repository))

    @contextmanager
    def _locked(self, repository: str) -> Iterator[History]:
        with super()._locked(repository) as history, self._mirrors.minded(self._address(repository)):
            yield history

    def _delete_branch_of(self, repository: str, pull: PullRequest, *, is_foreign_kept: bool) -> None:
        """Delete the branch where it still stands at the pull request's head."""
        with self._locked(repository) as history:
            head = history.head(pull.branch)
            if head is None or head != self._whole(repository, pull.head):
                return
            base = history.head(pull.base)
            if is_foreign_kept and (base is None or self._foreign(history, head, base) is not None):
                return
            history.move(pull.branch, None, expected=head)


def _arrived(history: History, pull: PullRequest, base: str | None) -> PullRequest:
    """A merged one whose host does not tell the commit: where its head came to the base."""
    if base is None or not is_commit(pull.head) or not history.has(pull.head):
        return pull
    if not history.contains(pull.head, revision=base):
        return pull
    arrival = history.arrival(pull.head, revision=base)
    return replace(pull, merge_commit=arrival, merged_at=history.committed_at(arrival))
