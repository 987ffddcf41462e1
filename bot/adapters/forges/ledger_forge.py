"""A forge that keeps its pull requests itself: any `History` and a `Ledger` make a whole `Forge`.

Git is the truth. A pull request that the ledger calls open is looked at again whenever it is shown, so
that a human may merge or delete the branch with any tool, and a crash between two steps is made good.

    open ──▶ merged   the base branch contains the head that was last seen, or one that was written since
      └────▶ closed   the branch is gone, or holds nothing that the base branch lacks
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.adapters.forges.history import History
from bot.adapters.forges.history_forge import HistoryForge, require_commit
from bot.adapters.forges.identity import Identity
from bot.adapters.forges.kept_pulls import judged, merge, new_pull_request, observed, together
from bot.adapters.forges.rules import (
    comment_mark,
    marked,
    require_branch,
    require_own_branch,
    require_own_pull_request,
)
from bot.domain.errors import Conflict, NotFound, Refused
from bot.domain.people.consent import Arming, Check, Review
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import Metadata, Proposal, PullRequest, PullRequestState
from bot.ports import Clock, Ledger


class LedgerForge(HistoryForge):
    """The port `Forge` over histories; a subclass says how a repository's history is reached."""

    def __init__(self, *, ledger: Ledger, clock: Clock, identity: Identity) -> None:
        super().__init__(identity=identity)
        self._ledger = ledger
        self._clock = clock

    def write(self, repository: str, proposal: Proposal, *, base: str, expected: str | None) -> str:
        """Make the proposal's branch one commit on the base, and let its open pull request know that.

        Nothing leads from the head that it had to the new one, which a human may merge, and delete the
        branch, before anybody looks again.
        """
        with self._locked(repository) as history:
            commit = super().write(repository, proposal, base=base, expected=expected)
            for kept in self._ledger.of_branch(repository, proposal.branch):
                if kept.state is PullRequestState.OPEN and kept.head != commit:
                    self._noted(history, repository, kept, head=commit, base=history.head(kept.base))
            return commit

    def pull_requests(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """Every pull request ever opened from `branch`, newest first."""
        with self._locked(repository) as history:
            kept = self._ledger.of_branch(repository, branch)
            return tuple(self._present(history, repository, pull) for pull in kept)

    def pull_request(self, repository: str, number: int) -> PullRequest:
        """One pull request as it is now; `NotFound` when there is none of that number."""
        with self._locked(repository) as history:
            return self._present(history, repository, self._kept(repository, number))

    def open(self, repository: str, proposal: Proposal, *, base_branch: str) -> PullRequest:
        """Open a pull request from the proposal's branch, or return the one that is open already."""
        require_own_branch(proposal.branch, proposal.prefix)
        require_branch(base_branch)
        with self._locked(repository) as history:
            for pull in self.pull_requests(repository, proposal.branch):
                if pull.state is PullRequestState.OPEN:
                    return pull
            new = new_pull_request(history, repository, proposal, base_branch)
            kept = self._ledger.add(repository, new, now=self._clock.now())
            return self._present(history, repository, kept)

    def revise(self, repository: str, number: int, *, title: str, body: str) -> None:
        """Change title and body of a pull request."""
        with self._locked(repository):
            self._ledger.change(repository, replace(self._kept(repository, number), title=title, body=body))

    def describe(self, repository: str, number: int, metadata: Metadata) -> Sequence[str]:
        """Keep labels, reviewers, assignees and the milestone, for people to see: nobody is asked."""
        with self._locked(repository):
            kept = self._kept(repository, number)
            self._ledger.change(repository, replace(kept, metadata=together(kept.metadata, metadata)))
        return ()

    def comment(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Keep the comment beside the pull request, once."""
        with self._locked(repository):
            kept = self._kept(repository, number)
            if not any(comment_mark(key) in each for each in kept.comments):
                comments = (*kept.comments, marked(body, key))
                self._ledger.change(repository, replace(kept, comments=comments))

    def close(self, repository: str, number: int, *, comment: str) -> None:
        """Close without a merge and delete the branch, unless it holds somebody else's commit.

        The comment is put under the body: plain Git has no other place for it.
        """
        with self._locked(repository) as history:
            kept = self._kept(repository, number)
            pull = self._present(history, repository, kept)
            if pull.state is not PullRequestState.OPEN:
                return
            base = history.head(pull.base)
            if base is not None and self._foreign(history, pull.head, base) is None:
                history.move(pull.branch, None, expected=pull.head)
            body = f"{kept.body}\n\n{comment}" if comment else kept.body
            closed = replace(kept, head=pull.head, state=PullRequestState.CLOSED, body=body)
            self._ledger.change(repository, closed)

    def reviews(self, repository: str, number: int) -> Sequence[Review]:
        """None: nobody reviews a pull request that Tagboat keeps itself."""
        self.pull_request(repository, number)
        return ()

    def checks(self, repository: str, commit: str) -> Sequence[Check]:
        """None: nothing reports to plain Git."""
        with self._locked(repository) as history:
            require_commit(history, repository, commit)
        return ()

    def arming(self, repository: str, number: int) -> Arming:
        """`Refused`: there is no host that could merge by itself."""
        raise _no_host(repository, number)

    def arm(self, repository: str, number: int, options: MergeOptions) -> None:  # noqa: ARG002 - the port's
        """`Refused`: there is no host that could merge by itself."""
        raise _no_host(repository, number)

    def disarm(self, repository: str, number: int) -> None:
        """Nothing: nobody was asked."""
        self.pull_request(repository, number)

    def delete_branch(self, repository: str, number: int) -> None:
        """Delete the branch of a merged pull request, where it still stands at the head that was merged."""
        with self._locked(repository) as history:
            pull = self._present(history, repository, self._kept(repository, number))
            require_own_pull_request(pull)
            others = self.pull_requests(repository, pull.branch)
            if pull.state is not PullRequestState.MERGED or history.head(pull.branch) != pull.head:
                return
            if not any(each.state is PullRequestState.OPEN for each in others):
                history.move(pull.branch, None, expected=pull.head)

    def merge(self, repository: str, number: int, options: MergeOptions) -> str:
        """Merge and return the commit on the base branch; merged already: the same answer."""
        with self._locked(repository) as history:
            kept = self._kept(repository, number)
            pull = self._present(history, repository, kept)
            if pull.state is PullRequestState.MERGED and pull.merge_commit is not None:
                return pull.merge_commit
            if pull.state is not PullRequestState.OPEN:
                raise Refused(f"pull request {number} of {repository} is closed", fix="open a new one")
            if pull.head != options.expected_head:
                raise Conflict(f"branch {pull.branch} of {repository} was moved after it was judged")
            merge(history, pull, options, self._identity)
            done = self._present(history, repository, replace(kept, head=pull.head))
            if done.merge_commit is None:
                raise Conflict(f"{pull.base} of {repository} was moved back right after the merge")
            return done.merge_commit

    def _kept(self, repository: str, number: int) -> PullRequest:
        for pull in self._ledger.of_repository(repository):
            if pull.number == number:
                return pull
        raise NotFound(f"{repository} has no pull request {number}")

    def _present(self, history: History, repository: str, kept: PullRequest) -> PullRequest:
        if kept.state is not PullRequestState.OPEN:
            return kept
        # In this order, because people merge first and then delete the branch.
        head, base = history.head(kept.branch), history.head(kept.base)
        found = self._noted(history, repository, kept, head=head, base=base)
        return judged(history, found, base) if found.state is PullRequestState.OPEN else found

    def _noted(
        self, history: History, repository: str, kept: PullRequest, *, head: str | None, base: str | None
    ) -> PullRequest:
        """An open pull request as Git has it, remembered so."""
        found = observed(history, kept, head=head, base=base)
        if found != kept:
            self._ledger.change(repository, found)
        return found


def _no_host(repository: str, number: int) -> Refused:
    return Refused(
        f"pull request {number} of {repository} is kept by Tagboat itself",
        why="there is no host that could merge it by itself",
        fix="leave `platform` out",
    )
