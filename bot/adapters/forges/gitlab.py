"""GitLab as a forge: gitlab.com and self-managed, by access token.

A merge request is a pull request here. A proposal becomes one commit by one request, which moves the branch
too (`gitlab_writing`). Every create looks before and after, so that a lost answer makes no second one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.adapters.forges.gitlab_api import GitLabApi
from bot.adapters.forges.gitlab_branches import Branches
from bot.adapters.forges.gitlab_commits import Commits
from bot.adapters.forges.gitlab_consent import Consents
from bot.adapters.forges.gitlab_lookup import MergeRequests
from bot.adapters.forges.gitlab_merge_requests import fitting_body, fitting_title
from bot.adapters.forges.gitlab_merging import Merger
from bot.adapters.forges.gitlab_sources import GitLabSources
from bot.adapters.forges.gitlab_talk import Talk
from bot.adapters.forges.gitlab_transport import PUBLIC_URL, Answer, Transport
from bot.adapters.forges.gitlab_writing import Writer
from bot.adapters.forges.identity import Identity, signed
from bot.adapters.forges.rules import (
    is_commit,
    require_branch,
    require_own_branch,
    require_own_pull_request,
    require_path,
    require_size,
)
from bot.domain.directory import Tree
from bot.domain.errors import Conflict, Denied, NotFound, Refused, TagboatError, Transient, Unreachable
from bot.domain.proposal import Metadata, Proposal, PullRequest, PullRequestState
from bot.domain.snapshot import Relation

_LISTED = 100
_MOST_PAGES = 10
_SOON = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class GitLabSettings:
    """How to reach one GitLab.

    `url` is where people see it, with its path if it has one; `ca_bundle` the file with its authority's
    certificate. The token is a project, group or personal access token with the scope `api`. `identity` signs
    commits as author; GitLab puts down the token's user as committer. Whether a merge makes a merge commit or
    a fast-forward is the project's setting; `squash` asks for one commit in any case.
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
        self._squash = settings.squash
        # GitLab says by the title that one is a draft, so that a new title must say it again.
        self._drafts: set[tuple[str, int]] = set()
        # Branches made a moment ago: none can have an open merge request, so `open` need not look.
        self._fresh: set[tuple[str, str]] = set()

    def disconnect(self) -> None:
        """Close every connection; the next call opens new ones."""
        self._transport.close()

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
        for path, data in proposal.files:
            require_path(path, allow_workflows=proposal.allow_workflows)
            require_size(path, len(data or b""))
        commit = self._writer.write(repository, proposal, base=base, expected=expected)
        if expected is None and commit != base:
            self._fresh.add((repository, proposal.branch))
        return commit

    def pull_requests(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """Every merge request ever opened from `branch` of this very project, newest first."""
        require_branch(branch)
        self._branches.expect(repository, branch)
        return tuple(each.pull_request for each in self._listed(repository, branch))

    def pull_request(self, repository: str, number: int) -> PullRequest:
        """One merge request as it is now; `NotFound` when there is none of that number."""
        return self._found(repository, number).pull_request

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
            made = self._open_one(repository, proposal.branch)
            if made is None:
                raise
            return made
        if answer.status == 201:
            return self._noticed(repository, self._api.read(repository, answer, found)).pull_request
        raced = self._open_one(repository, proposal.branch)
        if raced is None:
            self._require_both(repository, proposal.branch, base_branch)
            raise self._not_opened(repository, proposal.branch, answer)
        return raced

    def revise(self, repository: str, number: int, *, title: str, body: str) -> None:
        """Change title and description of a merge request."""
        is_draft = (repository, number) in self._drafts
        self._change(
            repository,
            number,
            {"title": fitting_title(title, is_draft=is_draft), "description": fitting_body(body)},
        )

    def describe(self, repository: str, number: int, metadata: Metadata) -> Sequence[str]:
        """Add labels, reviewers, assignees and the milestone; return what GitLab did not take, and why."""
        return self._talk.describe(repository, number, metadata)

    def comment(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Comment once."""
        self._talk.comment(repository, number, body, key=key)

    def close(self, repository: str, number: int, *, comment: str) -> None:
        """Comment, close without a merge, and delete the branch unless it holds somebody else's commit."""
        seen = self._found(repository, number)
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
            self._change(repository, number, {"state_event": "close"})
        self._delete_branch_of(repository, pull)

    def merge(self, repository: str, number: int, *, expected_head: str, message: str) -> str:
        """Merge and return the commit on the base branch; merged already: the same answer.

        Raises:
            Conflict: the head is not `expected_head` any more.
            Refused: GitLab says that it may not be merged; why says it.
            Transient: GitLab does not know yet whether it may, or merges it later.
        """
        seen = self._found(repository, number)
        if seen.pull_request.merge_commit is not None:
            return seen.pull_request.merge_commit
        refusal = self._refusal(repository, seen, expected_head)
        if refusal is not None:
            raise refusal
        text = signed(message)
        body = {
            "sha": expected_head,
            "should_remove_source_branch": True,
            "merge_commit_message": text,
            **({"squash": True, "squash_commit_message": text} if self._squash else {}),
        }
        try:
            answer = self._api.attempt("put", repository, f"/merge_requests/{number}/merge", body)
        except Unreachable:
            merged = self.pull_request(repository, number).merge_commit
            if merged is None:
                raise
            return merged
        if answer.status == 200:
            return self._merged(repository, number, answer)
        again = self._found(repository, number)
        if again.pull_request.merge_commit is None:
            raise self._refusal(repository, again, expected_head) or self._not_merged(
                repository, number, answer
            )
        return again.pull_request.merge_commit

    def _found(self, repository: str, number: int) -> Found:
        answer = self._api.attempt("get", repository, f"/merge_requests/{number}")
        if answer.status == 200:
            return self._noticed(repository, self._api.read(repository, answer, found))
        if answer.status == 404:
            self._branches.default(repository)  # raises where the project itself is out of sight
            raise NotFound(f"{repository} has no merge request {number}")
        raise self._api.failure(repository, answer)

    def _noticed(self, repository: str, seen: Found) -> Found:
        pull = seen.pull_request
        change = (
            self._drafts.add
            if pull.is_draft and pull.state is PullRequestState.OPEN
            else self._drafts.discard
        )
        change((repository, pull.number))
        return seen

    def _listed(self, repository: str, branch: str, *, state: str = "all") -> Sequence[Found]:
        """The merge requests of the branch, newest first; GitLab is asked to judge those anew."""
        query = {
            "source_branch": branch,
            "state": state,
            "order_by": "created_at",
            "sort": "desc",
            "with_merge_status_recheck": "true",
            "per_page": _LISTED,
        }
        merge_requests: list[Found] = []
        for page in range(1, _MOST_PAGES + 1):
            part = self._api.get(
                repository,
                "/merge_requests",
                lambda data: [self._noticed(repository, found(each)) for each in data],
                parameters={**query, "page": page},
            )
            merge_requests += [each for each in part if each.is_own and each.pull_request.branch == branch]
            if len(part) < _LISTED:
                break
        return sorted(merge_requests, key=lambda each: each.pull_request.number, reverse=True)

    def _unless_fresh(self, repository: str, branch: str, base: str) -> PullRequest | None:
        """The open merge request of the branch, unless the branch was made a moment ago: then there is none.

        GitLab would open one for a branch that holds nothing new.
        """
        if (repository, branch) in self._fresh:
            self._fresh.discard((repository, branch))
            return None
        existing = self._open_one(repository, branch)
        if existing is None:
            self._require_news(repository, branch, base)
        return existing

    def _open_one(self, repository: str, branch: str) -> PullRequest | None:
        listed = self._listed(repository, branch, state="opened")
        return next((each.pull_request for each in listed), None)

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

    def _change(self, repository: str, number: int, change: Mapping[str, Any]) -> None:
        self._api.send("put", repository, f"/merge_requests/{number}", change, lambda data: data["iid"])

    def _delete_branch_of(self, repository: str, pull: PullRequest) -> None:
        """Delete the branch of a closed one, unless it serves another one or holds foreign work."""
        tip = self._branches.tip(repository, pull.branch)
        if tip is None or tip.commit != pull.head or self._open_one(repository, pull.branch):
            return
        if self._commits.foreign(repository, branch=pull.branch, base=pull.base) is None:
            self._writer.delete(repository, pull.branch)

    def _refusal(self, repository: str, seen: Found, expected_head: str) -> TagboatError | None:
        """Why it cannot be merged as it stands, or None."""
        pull = seen.pull_request
        what = f"merge request {pull.number} of {repository}"
        if pull.state is PullRequestState.CLOSED:
            return Refused(f"{what} is closed", fix="open a new one")
        if pull.head != expected_head:
            return Conflict(f"{what} moved after it was judged")
        if seen.status in UNDECIDED:
            why = f"its merge status is {seen.status}"
            return Transient(
                f"GitLab does not know yet whether {what} may be merged", why=why, retry_after=_SOON
            )
        if pull.mergeable is False:
            return Refused(f"GitLab does not merge {what}", why=f"its merge status is {seen.status}")
        if pull.blocked_reason:
            return Refused(f"GitLab does not merge {what}", why=pull.blocked_reason)
        return None

    def _merged(self, repository: str, number: int, answer: Answer) -> str:
        pull = self._api.read(repository, answer, found).pull_request
        if pull.merge_commit is None:
            what = f"merge request {number} of {repository} is not merged yet"
            raise Transient(what, why="GitLab took it for later", retry_after=_SOON)
        return pull.merge_commit

    def _not_merged(self, repository: str, number: int, answer: Answer) -> TagboatError:
        what = f"merge request {number} of {repository}"
        if answer.status == 401:  # GitLab's word for a user whose token is fine, and who may not merge there
            fix = "let its role merge to the target branch, which may be protected"
            return Denied(f"the access token may not merge {what}", why=answer.message, fix=fix)
        if answer.status == 409:
            return Conflict(f"{what} moved after it was judged", why=answer.message)
        if answer.status in {405, 406, 422}:
            return Refused(f"GitLab does not merge {what}", why=answer.message)
        return self._api.failure(repository, answer)
