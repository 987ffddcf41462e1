"""GitLab as a forge: gitlab.com and self-managed, by access token.

A merge request is a pull request here. A proposal becomes one commit by one request, which moves the branch
too (`writing`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from bot.adapters.forges.gitlab.api import GitLabApi
from bot.adapters.forges.gitlab.authors import Authors
from bot.adapters.forges.gitlab.branches import Branches
from bot.adapters.forges.gitlab.commits import Commits
from bot.adapters.forges.gitlab.community import GitLabCommunity
from bot.adapters.forges.gitlab.consent import Consents
from bot.adapters.forges.gitlab.graphql import GitLabGraphQL
from bot.adapters.forges.gitlab.lookup import MergeRequests
from bot.adapters.forges.gitlab.merge_requests import Found, fitting_body, fitting_title
from bot.adapters.forges.gitlab.merging import Merger
from bot.adapters.forges.gitlab.sources import GitLabSources
from bot.adapters.forges.gitlab.survey import Survey
from bot.adapters.forges.gitlab.talk import Talk
from bot.adapters.forges.gitlab.transport import PUBLIC_URL, Answer, Transport
from bot.adapters.forges.gitlab.writing import Writer
from bot.adapters.forges.hosted_pulls import HostedPulls
from bot.adapters.forges.identity import Identity
from bot.adapters.forges.rules import (
    is_commit,
    require_branch,
    require_own_branch,
    require_path,
    require_revision,
    require_writable,
)
from bot.adapters.forges.told import Told
from bot.domain.directories.directory import Tree
from bot.domain.errors import Conflict, NotFound, Refused, TagboatError, Unreachable
from bot.domain.pull_request.proposal import Proposal, PullRequest
from bot.domain.snapshot import Relation
from bot.ports import Look


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


class GitLabForge(HostedPulls[Answer]):
    """The port `Forge` over GitLab's REST API. Safe between threads."""

    _kind = "merge request"

    def __init__(self, settings: GitLabSettings) -> None:
        self._transport = Transport(
            settings.url,
            settings.token,
            ca_bundle=settings.ca_bundle,
            timeout_seconds=settings.timeout_seconds,
        )
        self._api = GitLabApi(self._transport)
        self._branches = Branches(self._api)
        self._commits = Commits(self._api, self._branches)
        self._authors = Authors(self._api, self._commits, settings.identity)
        self._writer = Writer(self._api, self._branches, self._commits, settings.identity)
        self._talk = Talk(self._api)
        self._requests = MergeRequests(self._api, self._branches)
        self._merger = Merger(self._api, self._requests, identity=settings.identity, squash=settings.squash)
        self._consents = Consents(self._api, self._requests)
        # Branches made a moment ago: none can have an open merge request, so `open` need not look.
        self._fresh: set[tuple[str, str]] = set()
        self._heads: Told[tuple[str, str], str | None] = Told()
        self._survey = Survey(
            GitLabGraphQL(self._transport),
            self._branches,
            self._commits,
            self._authors,
            self._requests,
            changes=lambda: self._api.changes,
        )

    def disconnect(self) -> None:
        """Close every connection; the next call opens new ones."""
        self._transport.close()

    def community(self) -> GitLabCommunity:
        """Other people on this GitLab: their notes and merge requests."""
        return GitLabCommunity(self._api)

    def sources(self) -> GitLabSources:
        """GitLab as the place where images are built from."""
        return GitLabSources(self._api, self._commits)

    def prepare(self, repository: str, look: Look) -> None:
        """Ask for all of it at once."""
        self._survey.prepare(repository, look)

    def default_branch(self, repository: str) -> str:
        """The branch that a clone checks out."""
        return self._branches.default(repository)

    def head(self, repository: str, branch: str) -> str | None:
        """The commit that the branch points to, or None when there is no such branch."""
        require_branch(branch)
        commit = self._branches.head(repository, branch)
        self._heads.put((repository, branch), commit)
        return commit

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
        """The newest commit on `branch` and not on `base` (commits or branches) that Tagboat did not make.

        Branches that this thread was just told of are judged as they stood then.
        """
        require_revision(branch)
        require_revision(base)
        head = branch if is_commit(branch) else self._heads.take((repository, branch), lambda: branch)
        if head is None:
            return None
        try:
            return self._authors.foreign(
                repository, head=head, base=self._heads.see((repository, base)) or base
            )
        except NotFound:
            if not is_commit(branch) and self._branches.tip(repository, branch) is None:
                return None
            raise

    def write(self, repository: str, proposal: Proposal, *, base: str, expected: str | None) -> str:
        """Make the proposal's branch one commit on the base; `writing` tells what GitLab promises of it."""
        require_own_branch(proposal.branch, proposal.prefix)
        require_writable(proposal)
        self._heads.forget((repository, proposal.branch))
        commit = self._writer.write(repository, proposal, base=base, expected=expected)
        is_made = commit not in {base, expected}
        if is_made:
            self._authors.learn(repository, commit, parent=base)
        if is_made and expected is None:
            self._fresh.add((repository, proposal.branch))
        return commit

    def pull_requests(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """Every merge request ever opened from `branch` of this very project, newest first."""
        require_branch(branch)
        self._branches.expect(repository, branch)
        return self._survey.pull_requests(repository, branch, partial(self._listed, repository, branch))

    def revise(self, repository: str, number: int, *, title: str, body: str) -> None:
        """Change title and description of a merge request."""
        self._requests.revise(repository, number, title=title, body=body)

    def commit(self, repository: str, proposal: Proposal, *, branch: str, expected: str) -> str:
        """Commit the proposal's files to `branch`, which is not one of ours, and return the commit."""
        require_branch(branch)
        require_writable(proposal)
        return self._writer.commit(repository, proposal, branch=branch, expected=expected)

    def _listed(self, repository: str, branch: str) -> Sequence[PullRequest]:
        return tuple(each.pull_request for each in self._requests.of_branch(repository, branch))

    def _seen(self, repository: str, number: int) -> Found:
        return self._requests.one(repository, number)

    def _open_one(self, repository: str, branch: str) -> PullRequest | None:
        return self._requests.open_one(repository, branch)

    def _standing(self, repository: str, proposal: Proposal, base_branch: str) -> PullRequest | None:
        """Not looked for where the branch was made a moment ago: then there is none."""
        branch = proposal.branch
        if (repository, branch) in self._fresh:
            self._fresh.discard((repository, branch))
            return None
        existing = self._requests.open_one(repository, branch)
        if existing is None:
            self._require_news(repository, branch, base_branch)
        return existing

    def _ask_to_open(self, repository: str, proposal: Proposal, base_branch: str) -> PullRequest | Answer:
        body = {
            "source_branch": proposal.branch,
            "target_branch": base_branch,
            "title": fitting_title(proposal.title, is_draft=proposal.metadata.draft),
            "description": fitting_body(proposal.body),
        }
        answer = self._api.attempt("post", repository, "/merge_requests", body)
        return self._requests.read(repository, answer).pull_request if answer.status == 201 else answer

    def _not_opened(self, repository: str, branch: str, base: str, refusal: Answer) -> TagboatError:
        self._require_both(repository, branch, base)
        if refusal.status == 409:
            return Unreachable(
                f"GitLab at {self._transport.host} does not list the merge request from {branch} yet",
                why=refusal.message,
                fix="looked at again soon",
            )
        return self._api.failure(repository, refusal)

    def _ask_to_close(self, repository: str, number: int) -> None:
        self._requests.change(repository, number, {"state_event": "close"})

    def _drop_branch(self, repository: str, pull: PullRequest, *, is_foreign_kept: bool) -> None:
        tip = self._branches.tip(repository, pull.branch)
        if tip is None or tip.commit != pull.head or self._open_one(repository, pull.branch) is not None:
            return
        if is_foreign_kept and self._authors.foreign(repository, head=pull.head, base=pull.base):
            return
        self._writer.delete(repository, pull.branch)

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
