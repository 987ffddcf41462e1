"""GitLab as a forge: gitlab.com and self-managed, by access token.

A merge request is a pull request here. A proposal becomes one commit by one request, which moves the branch
too (`gitlab_writing`). Every create looks before and after, so that a lost answer makes no second one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bot.adapters.forges.gitlab.api import GitLabApi
from bot.adapters.forges.gitlab.branches import Branches
from bot.adapters.forges.gitlab.commits import Commits
from bot.adapters.forges.gitlab.community import GitLabCommunity
from bot.adapters.forges.gitlab.consent import Consents
from bot.adapters.forges.gitlab.lookup import MergeRequests
from bot.adapters.forges.gitlab.merge_requests import fitting_body, fitting_title
from bot.adapters.forges.gitlab.merging import Merger
from bot.adapters.forges.gitlab.sources import GitLabSources
from bot.adapters.forges.gitlab.talk import Talk
from bot.adapters.forges.gitlab.transport import PUBLIC_URL, Answer, Transport
from bot.adapters.forges.gitlab.writing import Writer
from bot.adapters.forges.identity import Identity
from bot.adapters.forges.rules import (
    is_commit,
    require_branch,
    require_own_branch,
    require_own_pull_request,
    require_path,
    require_size,
)
from bot.domain.directories.directory import Tree
from bot.domain.errors import Conflict, NotFound, Refused, TagboatError, Unreachable
from bot.domain.people.consent import Arming, Check, Review
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.proposal import BRANCH_PREFIX, Metadata, Proposal, PullRequest, PullRequestState
from bot.domain.snapshot import Relation


@dataclass(frozen=True, slots=True)
class GitLabSettings:
    """How to reach one GitLab.

    `url` is where people see it, with its path if it has one; `ca_bundle` the file with its authority's
    certificate. The token is a project, group or personal access token with the scope `api`. `identity` signs
    commits as author; GitLab puts down the token's user as committer. Whether a merge makes a merge commit or
    a fast-forward is the project's setting; `squash` asks for one commit where nobody names a method.
    """

    token: str = field(repr=False)
    url: str = PUBLIC_URL
    ca_bundle: str | None = None
    squash: bool = False
    identity: Identity = field(default_factory=Identity)
    timeout_seconds: int = 15


class GitLabForge:
    """The port `Forge` over GitLab's REST API. Safe between threads."""

    def __init__(self, settings: GitLabSettings) -> None:
        self._transport = Transport(
            settings.url,
            settings.token,
            ca_bundle=settings.ca_bundle,
            timeout_seconds=settings.timeout_seconds,
        )
        self._api = GitLabApi(self._transport)
        self._branches = Branches(self._api)
        self._commits = Commits(self._api, self._branches, settings.identity)
        self._writer = Writer(self._api, self._branches, self._commits, settings.identity)
        self._talk = Talk(self._api)
        self._requests = MergeRequests(self._api, self._branches)
        self._merger = Merger(self._api, self._requests, squash=settings.squash)
        self._consents = Consents(self._api, self._requests)
        # Branches made a moment ago: none can have an open merge request, so `open` need not look.
        self._fresh: set[tuple[str, str]] = set()

    def disconnect(self) -> None:
        """Close every connection; the next call opens new ones."""
        self._transport.close()

    def community(self) -> GitLabCommunity:
        """Other people on this GitLab: their notes and merge requests."""
        return GitLabCommunity(self._api)

    def sources(self) -> GitLabSources:
        """GitLab as the place where images are built from."""
        return GitLabSources(self._api, self._commits)

    def default_branch(self, repository: str) -> str:
        """The branch that a clone checks out."""
        return self._branches.default(repository)

    def head(self, repository: str, branch: str) -> str | None:
        """The commit that the branch points to, or None when there is no such branch."""
        require_branch(branch)
        return self._branches.head(repository, branch)

    def read(self, repository: str, commit: str, path: str) -> bytes | None:
        """The file's bytes at that commit; None when it is not there; `NotFound` for an unknown commit."""
        require_path(path, allow_workflows=True)  # Reading runs nothing.
        file = self._commits.file(repository, commit, path)
        return file.data if file else None

    def tree(self, repository: str, commit: str, directory: str) -> Tree:
        """Every file below the directory at that commit; empty where there is no such directory."""
        require_path(directory, allow_workflows=True)  # Reading runs nothing.
        return self._commits.below(repository, commit, directory)

    def blobs(self, repository: str, ids: Collection[str]) -> Mapping[str, bytes]:
        """The bytes of files, by the ids that `tree` tells: a call each, for those not read before."""
        return {each: self._commits.blob(repository, each) for each in ids}

    def relation(self, repository: str, *, commit: str, revision: str) -> Relation:
        """How `commit` stands to `revision`; anything that is no full commit id is unknown."""
        return self._commits.relation(repository, commit=commit, revision=revision)

    def foreign_commit(self, repository: str, *, branch: str, base: str) -> str | None:
        """The newest commit on `branch` and not on `base` (commit or branch) that Tagboat did not make."""
        require_branch(branch)
        if not is_commit(base):
            require_branch(base)
        return self._commits.foreign(repository, branch=branch, base=base)

    def write(self, repository: str, proposal: Proposal, *, base: str, expected: str | None) -> str:
        """Make the proposal's branch hold the base commit's tree with its files; return its commit.

        The same content on a base that the branch contains already is no new commit. `gitlab_writing` tells
        what GitLab can promise of `expected`, and that a base which moved is not merged in but begun upon.
        """
        require_own_branch(proposal.branch, proposal.prefix)
        _require_files(proposal)
        commit = self._writer.write(repository, proposal, base=base, expected=expected)
        if expected is None and commit != base:
            self._fresh.add((repository, proposal.branch))
        return commit

    def pull_requests(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """Every merge request ever opened from `branch` of this very project, newest first."""
        require_branch(branch)
        self._branches.expect(repository, branch)
        return tuple(each.pull_request for each in self._requests.of_branch(repository, branch))

    def pull_request(self, repository: str, number: int) -> PullRequest:
        """One merge request as it is now; `NotFound` when there is none of that number."""
        return self._requests.one(repository, number).pull_request

    def open(self, repository: str, proposal: Proposal, *, base_branch: str) -> PullRequest:
        """Open a merge request from the proposal's branch, or return the one that is open already."""
        require_own_branch(proposal.branch, proposal.prefix)
        require_branch(base_branch)
        existing = self._unless_fresh(repository, proposal.branch, base_branch)
        if existing is not None:
            return existing
        body = {
            "source_branch": proposal.branch,
            "target_branch": base_branch,
            "title": fitting_title(proposal.title, is_draft=proposal.metadata.draft),
            "description": fitting_body(proposal.body),
        }
        try:
            answer = self._api.attempt("post", repository, "/merge_requests", body)
        except Unreachable:
            made = self._requests.open_one(repository, proposal.branch)
            if made is None:
                raise
            return made
        if answer.status == 201:
            return self._requests.read(repository, answer).pull_request
        raced = self._requests.open_one(repository, proposal.branch)
        if raced is None:
            self._require_both(repository, proposal.branch, base_branch)
            raise self._not_opened(repository, proposal.branch, answer)
        return raced

    def revise(self, repository: str, number: int, *, title: str, body: str) -> None:
        """Change title and description of a merge request."""
        self._requests.revise(repository, number, title=title, body=body)

    def describe(self, repository: str, number: int, metadata: Metadata) -> Sequence[str]:
        """Add labels, reviewers, assignees and the milestone; return what GitLab did not take, and why."""
        return self._talk.describe(repository, number, metadata)

    def comment(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Comment once."""
        self._talk.comment(repository, number, body, key=key)

    def close(self, repository: str, number: int, *, comment: str) -> None:
        """Comment, close without a merge, and delete the branch unless it holds somebody else's commit."""
        seen = self._requests.one(repository, number)
        pull = seen.pull_request
        if pull.state is PullRequestState.MERGED:
            return
        if not seen.is_own:
            raise Refused(
                f"merge request {number} of {repository} comes from a fork", why="it is not Tagboat's"
            )
        require_own_pull_request(pull)
        if pull.state is PullRequestState.OPEN:
            self._talk.last_words(repository, number, comment)
            self._requests.change(repository, number, {"state_event": "close"})
        if not self._is_left(repository, pull):
            return
        if self._commits.foreign(repository, branch=pull.branch, base=pull.base) is None:
            self._writer.delete(repository, pull.branch)

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
            Conflict: the head is not `expected_head` any more.
            Refused: GitLab says that it may not be merged; why says it.
            Transient: GitLab does not know yet whether it may, or merges it later.
        """
        return self._merger.merge(
            repository, number, expected_head=expected_head, message=message, method=method
        )

    def reviews(self, repository: str, number: int) -> Sequence[Review]:
        """The last opinion of each reviewer that GitLab lets stand."""
        return self._consents.reviews(repository, number)

    def checks(self, repository: str, commit: str) -> Sequence[Check]:
        """The latest word of every job and commit status of this very commit."""
        return self._consents.checks(repository, commit)

    def arming(self, repository: str, number: int) -> Arming:
        """Whether GitLab was asked to merge an open merge request by itself."""
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
        """Ask GitLab to merge as soon as its rules allow: by its auto-merge."""
        self._merger.arm(repository, number, expected_head=expected_head, message=message, method=method)

    def disarm(self, repository: str, number: int) -> None:
        """Take that back; harmless where GitLab was not asked, or has merged."""
        self._merger.disarm(repository, number)

    def commit(self, repository: str, proposal: Proposal, *, branch: str, expected: str) -> str:
        """Commit the proposal's files to `branch`, which is not one of ours, and return the commit."""
        require_branch(branch)
        _require_files(proposal)
        return self._writer.commit(repository, proposal, branch=branch, expected=expected)

    def delete_branch(self, repository: str, number: int) -> None:
        """Delete the branch of a merged merge request, where it still stands at the head that was merged."""
        seen = self._requests.one(repository, number)
        pull = seen.pull_request
        is_ours = pull.mark is not None or pull.branch.startswith(BRANCH_PREFIX)
        if pull.state is not PullRequestState.MERGED or not (seen.is_own and is_ours):
            return
        if self._is_left(repository, pull):
            self._writer.delete(repository, pull.branch)

    def _unless_fresh(self, repository: str, branch: str, base: str) -> PullRequest | None:
        """The open merge request of the branch, unless the branch was made a moment ago: then there is none.

        GitLab would open one for a branch that holds nothing new.
        """
        if (repository, branch) in self._fresh:
            self._fresh.discard((repository, branch))
            return None
        existing = self._requests.open_one(repository, branch)
        if existing is None:
            self._require_news(repository, branch, base)
        return existing

    def _require_news(self, repository: str, branch: str, base: str) -> None:
        try:
            beyond = self._commits.compare(repository, base=base, head=branch)
        except NotFound:
            self._require_both(repository, branch, base)
            raise
        if not beyond.commits:
            raise Refused(f"branch {branch} holds nothing that {base} of {repository} lacks")

    def _require_both(self, repository: str, branch: str, base: str) -> None:
        if self._branches.tip(repository, base) is None:
            raise NotFound(f"branch {base!r} is not in {repository}")
        if self._branches.tip(repository, branch) is None:
            raise Conflict(f"branch {branch} of {repository} is gone", fix="write it again")

    def _not_opened(self, repository: str, branch: str, answer: Answer) -> TagboatError:
        if answer.status == 409:
            return Unreachable(
                f"GitLab at {self._transport.host} does not list the merge request from {branch} yet",
                why=answer.message,
                fix="looked at again soon",
            )
        return self._api.failure(repository, answer)

    def _is_left(self, repository: str, pull: PullRequest) -> bool:
        """Whether the branch is where the merge request left it, and serves no other."""
        tip = self._branches.tip(repository, pull.branch)
        if tip is None or tip.commit != pull.head:
            return False
        return self._requests.open_one(repository, pull.branch) is None


def _require_files(proposal: Proposal) -> None:
    for path, data in proposal.files:
        require_path(path, allow_workflows=proposal.allow_workflows)
        require_size(path, len(data or b""))
