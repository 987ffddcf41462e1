"""The Git host as Tagboat sees it, with the laws of the simulation beside it."""

from __future__ import annotations

from typing import Any

from bot.adapters.forges.memory.forge import MemoryForge
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import Proposal, PullRequest, PullRequestState
from bot.ports import Ledger
from tests.flow.simulation_copies import copied
from tests.flow.simulation_laws import Laws
from tests.flow.simulation_noise import Noise


class WatchedForge:
    """The Git host as Tagboat sees it, with the laws beside it."""

    def __init__(self, forge: MemoryForge, ledger: Ledger, laws: Laws) -> None:
        self._forge, self._ledger, self._laws, self._noise = forge, ledger, laws, Noise(laws)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._forge, name)

    def write(self, repository: str, proposal: Proposal, *, base: str, expected: str | None) -> str:
        """Write, if the branch holds nobody else's work."""
        laws, before = self._laws, self._forge.head(repository, proposal.branch)
        laws.truth.look()
        if before is not None and before == expected:
            laws.not_foreign(proposal.branch, base, "written", on_top_of=before)
        commit = self._forge.write(repository, proposal, base=base, expected=expected)
        laws.changes["write"] += 1
        laws.written(proposal, base=base, before=before, after=commit)
        self._noise.written(proposal, base=base, before=before, after=commit)
        return commit

    def open(self, repository: str, proposal: Proposal, *, base_branch: str) -> PullRequest:
        """Open, unless a human said no."""
        kept = self._ledger.of_repository(repository)
        before = [self._forge.pull_request(repository, each.number) for each in kept]
        pull = self._forge.open(repository, proposal, base_branch=base_branch)
        if pull.number not in {each.number for each in before}:
            self._laws.changes["open"] += 1
            self._noise.opened(pull, before)
        return pull

    def revise(self, repository: str, number: int, *, title: str, body: str) -> None:
        """Change the words."""
        before = self._forge.pull_request(repository, number)
        if (before.title, before.body) == (title, body):
            self._laws.changes["same words"] += 1
        self._forge.revise(repository, number, title=title, body=body)
        self._laws.changes["revise"] += 1

    def close(self, repository: str, number: int, *, comment: str) -> None:
        """Close, and leave alone what is somebody else's."""
        pull = self._forge.pull_request(repository, number)
        is_told = self._laws.is_by_human or self._laws.is_skipped(pull)
        if pull.state is PullRequestState.OPEN and not is_told:
            self._laws.not_foreign(pull.branch, pull.base, "closed", on_top_of=pull.head)
        self._forge.close(repository, number, comment=comment)
        self._laws.changes["close"] += 1

    def merge(self, repository: str, number: int, options: MergeOptions) -> str:
        """Merge with the consent that is configured."""
        laws, pull = self._laws, self._forge.pull_request(repository, number)
        laws.truth.look()
        if pull.state is PullRequestState.OPEN and pull.head == options.expected_head:
            laws.may_merge(pull, "merged")
        before = laws.truth.base()
        commit = self._forge.merge(repository, number, options)
        laws.changes["merge"] += 1
        laws.merged(pull, before, laws.truth.base())
        if not laws.is_by_human:
            copied(laws, pull.body, before, laws.truth.base())
        laws.truth.look()
        return commit

    def arm(self, repository: str, number: int, options: MergeOptions) -> None:
        """Leave it to the host, with the same consent."""
        pull = self._forge.pull_request(repository, number)
        if pull.state is PullRequestState.OPEN and pull.head == options.expected_head:
            self._laws.may_merge(pull, "armed")
        self._forge.arm(repository, number, options)
        self._laws.changes["arm"] += 1

    def commit(self, repository: str, proposal: Proposal, *, branch: str, expected: str) -> str:
        """Commit to the base branch."""
        self._laws.truth.look()
        commit = self._forge.commit(repository, proposal, branch=branch, expected=expected)
        self._laws.changes["commit"] += 1
        if commit != expected:
            self._laws.committed(proposal, expected, commit)
            copied(self._laws, proposal.body, expected, commit)
            self._noise.written(proposal, base=expected, before=None, after=commit)
        self._laws.truth.look()
        return commit

    def delete_branch(self, repository: str, number: int) -> None:
        """Delete what was merged."""
        self._forge.delete_branch(repository, number)
        self._laws.changes["delete"] += 1

    def comment(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Say something below a pull request."""
        self._forge.comment(repository, number, body, key=key)
        self._laws.changes["comment"] += 1
