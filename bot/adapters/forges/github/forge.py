"""GitHub as a forge: github.com and Enterprise Server, by token or App.

A proposal becomes objects (tree, commit) that nobody sees, and then one move of one branch; a crash before
the move leaves nothing. No move is forced. Every create looks before and after, so that an answer that was
lost makes no second one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from bot.adapters.forges.github.api import GitHubApi
from bot.adapters.forges.github.commits import Commits
from bot.adapters.forges.github.community import RIGHTS, GitHubCommunity
from bot.adapters.forges.github.consent import Consents
from bot.adapters.forges.github.deliveries import GitHubDeliveries
from bot.adapters.forges.github.graphql import GitHubGraphQL
from bot.adapters.forges.github.login import AppCredential, AppLogin, TokenCredential, TokenLogin
from bot.adapters.forges.github.merging import Merger
from bot.adapters.forges.github.pulls import (
    Found,
    fitting_body,
    fitting_title,
    found,
    found_from,
    pull_request,
)
from bot.adapters.forges.github.sources import GitHubSources
from bot.adapters.forges.github.talk import Talk
from bot.adapters.forges.github.transport import PUBLIC_API, Answer, Transport
from bot.adapters.forges.github.writing import Writer
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
from bot.domain.pull_request.proposal import Metadata, Proposal, PullRequest, PullRequestState
from bot.domain.snapshot import Relation

_LISTED = 100
_MOST_PAGES = 10
_EXISTS = "already exists"
_NO_DRAFTS = "draft pull requests are not supported"


@dataclass(frozen=True, slots=True)
class GitHubSettings:
    """How to reach one GitHub.

    `api_url` is `https://HOST/api/v3` for Enterprise Server, `ca_bundle` the file with its authority's
    certificate. `identity` signs the commits made with a token; an App's commits are its bot's.
    `permissions` are what an App's tokens are asked for beside contents and pull requests. GitHub
    asks for a second between the writes of an account; the few of one look go out half a second apart,
    and a limit that GitHub sets for it is waited out.
    """

    login: TokenLogin | AppLogin
    api_url: str = PUBLIC_API
    ca_bundle: str | None = None
    merge_method: Literal["merge", "squash", "rebase"] = "merge"
    identity: Identity = field(default_factory=Identity)
    permissions: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: int = 15
    seconds_between_writes: float = 0.5


class GitHubForge:
    """The port `Forge` over GitHub's REST API. Safe between threads."""

    def __init__(self, settings: GitHubSettings) -> None:
        self._transport = Transport(
            settings.api_url,
            ca_bundle=settings.ca_bundle,
            timeout_seconds=settings.timeout_seconds,
            seconds_between_writes=settings.seconds_between_writes,
        )
        self._settings = settings
        self._credential = _credential(settings, self._transport)
        self._api = GitHubApi(self._transport, self._credential)
        self._commits = Commits(self._api, settings.identity)
        self._writer = Writer(self._api, self._commits, settings.identity)
        self._talk = Talk(self._api)
        graphql = GitHubGraphQL(self._transport, self._credential)
        self._consents = Consents(self._api, graphql)
        self._merger = Merger(
            self._api, graphql, self.pull_request, method=MergeMethod(settings.merge_method)
        )
        # Branches made a moment ago: none can have an open pull request, so `open` need not look.
        self._fresh: set[tuple[str, str]] = set()

    def disconnect(self) -> None:
        """Close every connection; the next call opens new ones."""
        self._transport.close()

    def deliveries(self, leads_here: Callable[[str], bool]) -> GitHubDeliveries:
        """What GitHub remembers of webhook deliveries; `leads_here` tells our endpoint's address."""
        return GitHubDeliveries(self._api, self._transport, self._credential, leads_here=leads_here)

    def community(self) -> GitHubCommunity:
        """Other people on this GitHub: their comments and pull requests."""
        settings = replace(self._settings, permissions={**self._settings.permissions, **RIGHTS})
        return GitHubCommunity(self._transport, _credential(settings, self._transport))

    def sources(self) -> GitHubSources:
        """GitHub as the place where images are built from."""
        return GitHubSources(self._api)

    def default_branch(self, repository: str) -> str:
        """The branch that a clone checks out."""
        return self._commits.default_branch(repository)

    def head(self, repository: str, branch: str) -> str | None:
        """The commit that the branch points to, or None when there is no such branch."""
        require_branch(branch)
        return self._commits.head(repository, branch)

    def read(self, repository: str, commit: str, path: str) -> bytes | None:
        """The file's bytes at that commit; None when it is not there; `NotFound` for an unknown commit."""
        require_path(path, allow_workflows=True)  # Reading runs nothing.
        return self._commits.read(repository, commit, path)

    def tree(self, repository: str, commit: str, directory: str) -> Tree:
        """Every file below the directory at that commit; empty where there is no such directory."""
        require_path(directory, allow_workflows=True)  # Reading runs nothing.
        if not is_commit(commit):
            raise NotFound(f"{commit[:80]!r} is no commit of {repository}")
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

        The same content on a base that the branch contains already is no new commit.
        """
        require_own_branch(proposal.branch, proposal.prefix)
        for path, data in proposal.files:
            require_path(path, allow_workflows=proposal.allow_workflows)
            require_size(path, len(data or b""))
        commit = self._writer.write(repository, proposal, base=base, expected=expected)
        if expected is None:
            self._fresh.add((repository, proposal.branch))
        return commit

    def pull_requests(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """Every pull request ever opened from `branch` of this very repository, newest first.

        The open one costs a call more: a list does not say whether it may be merged.
        """
        require_branch(branch)
        return tuple(
            self.pull_request(repository, pull.number) if pull.state is PullRequestState.OPEN else pull
            for pull in self._listed(repository, branch)
        )

    def pull_request(self, repository: str, number: int) -> PullRequest:
        """One pull request as it is now; `NotFound` when there is none of that number."""
        return self._found(repository, number).pull_request

    def open(self, repository: str, proposal: Proposal, *, base_branch: str) -> PullRequest:
        """Open a pull request from the proposal's branch, or return the one that is open already."""
        require_own_branch(proposal.branch, proposal.prefix)
        require_branch(base_branch)
        existing = self._unless_fresh(repository, proposal.branch)
        if existing is not None:
            return existing
        body = {
            "title": fitting_title(proposal.title),
            "body": fitting_body(proposal.body),
            "head": proposal.branch,
            "base": base_branch,
            **({"draft": True} if proposal.metadata.draft else {}),
        }
        try:
            answer = self._opened(repository, body)
        except Unreachable:
            made = self._open_one(repository, proposal.branch)
            if made is None:
                raise
            return made
        if answer.status == 201:
            return self._api.read(repository, answer, pull_request)
        raced = self._open_one(repository, proposal.branch)
        if raced is None:
            raise self._not_opened(repository, proposal.branch, base_branch, answer)
        return raced

    def _opened(self, repository: str, body: dict[str, Any]) -> Answer:
        """The answer to opening; as no draft where the repository has none."""
        answer = self._api.attempt("POST", repository, "/pulls", body)
        if "draft" in body and answer.status == 422 and _NO_DRAFTS in answer.message.lower():
            return self._api.attempt("POST", repository, "/pulls", {**body, "draft": False})
        return answer

    def revise(self, repository: str, number: int, *, title: str, body: str) -> None:
        """Change title and body of a pull request."""
        change = {"title": fitting_title(title), "body": fitting_body(body)}
        self._api.send("PATCH", repository, f"/pulls/{number}", change, lambda data: data["number"])

    def describe(self, repository: str, number: int, metadata: Metadata) -> Sequence[str]:
        """Add labels, reviewers, assignees and the milestone; return what GitHub did not take, and why."""
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
                f"pull request {number} of {repository} comes from a fork", why="it is not Tagboat's"
            )
        require_own_pull_request(pull)
        if pull.state is PullRequestState.OPEN:
            self._talk.last_words(repository, number, comment)
            closed = {"state": "closed"}
            self._api.send("PATCH", repository, f"/pulls/{number}", closed, lambda data: data["number"])
        self._delete_branch_of(repository, pull)

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
            Transient: GitHub still works out whether it may be merged.
            Refused: GitHub says that it may not be merged; why says it.
        """
        return self._merger.merge(
            repository, number, expected_head=expected_head, message=message, method=method
        )

    def reviews(self, repository: str, number: int) -> Sequence[Review]:
        """The last opinion of each reviewer that was not dismissed, with the commit that it was given at."""
        return self._consents.reviews(repository, number)

    def checks(self, repository: str, commit: str) -> Sequence[Check]:
        """The latest check run of each name and App, and the latest status of each context."""
        return self._consents.checks(repository, commit)

    def arming(self, repository: str, number: int) -> Arming:
        """Whether GitHub was asked to merge by itself, and who took that back for the head as it stands."""
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
        """Let GitHub merge it once it may; what may be merged already is merged, or put into the queue."""
        self._merger.arm(repository, number, expected_head=expected_head, message=message, method=method)

    def disarm(self, repository: str, number: int) -> None:
        """Take back whatever GitHub was asked."""
        self._merger.disarm(repository, number)

    def commit(self, repository: str, proposal: Proposal, *, branch: str, expected: str) -> str:
        """Commit the files to a branch that is not ours, on `expected`; the same content is no new commit."""
        require_branch(branch)
        for path, data in proposal.files:
            require_path(path, allow_workflows=proposal.allow_workflows)
            require_size(path, len(data or b""))
        return self._writer.commit(repository, proposal, branch=branch, expected=expected)

    def delete_branch(self, repository: str, number: int) -> None:
        """Delete the branch of a merged pull request, where it still stands at the head that was merged."""
        seen = self._found(repository, number)
        pull = seen.pull_request
        if pull.state is not PullRequestState.MERGED or not seen.is_own:
            return
        require_own_pull_request(pull)
        if self.head(repository, pull.branch) == pull.head and not self._open_one(repository, pull.branch):
            self._writer.delete(repository, pull.branch)

    def _found(self, repository: str, number: int) -> Found:
        try:
            return self._api.look(repository, f"/pulls/{number}", found)
        except NotFound as error:
            self.default_branch(repository)  # raises where the repository itself is out of sight
            raise NotFound(f"{repository} has no pull request {number}") from error

    def _listed(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """Every pull request of the branch as the list has it, newest first."""
        owner = repository.partition("/")[0]
        query = {"head": f"{owner}:{branch}", "state": "all", "sort": "created", "direction": "desc"}
        pulls: list[PullRequest] = []
        for page in range(1, _MOST_PAGES + 1):
            part = self._api.look(
                repository,
                "/pulls",
                lambda data: found_from(data, branch),
                parameters={**query, "per_page": _LISTED, "page": page},
            )
            pulls += part.pull_requests
            if part.default_branch:
                self._commits.tell_default_branch(repository, part.default_branch)
            if part.length < _LISTED:
                break
        return pulls

    def _unless_fresh(self, repository: str, branch: str) -> PullRequest | None:
        """The open pull request of the branch, looked for unless the branch was made a moment ago.

        GitHub closes the pull requests of a branch that goes, and refuses a second one from one that is
        there: then `open` looks after all.
        """
        if (repository, branch) not in self._fresh:
            return self._open_one(repository, branch)
        self._fresh.discard((repository, branch))
        return None

    def _open_one(self, repository: str, branch: str) -> PullRequest | None:
        listed = self._listed(repository, branch)
        return next((pull for pull in listed if pull.state is PullRequestState.OPEN), None)

    def _not_opened(self, repository: str, branch: str, base: str, answer: Answer) -> TagboatError:
        if self.head(repository, base) is None:
            return NotFound(f"branch {base!r} is not in {repository}")
        if self.head(repository, branch) is None:
            return Conflict(f"branch {branch} of {repository} is gone", fix="write it again")
        if _EXISTS in answer.message.lower():
            return Unreachable(
                f"GitHub at {self._transport.host} does not list the pull request from {branch} yet",
                why=answer.message,
                fix="looked at again soon",
            )
        return self._api.failure(repository, answer)

    def _delete_branch_of(self, repository: str, pull: PullRequest) -> None:
        """Delete the branch of a closed pull request, unless it serves another one or holds foreign work."""
        if self.head(repository, pull.branch) != pull.head or self._open_one(repository, pull.branch):
            return
        if self._commits.foreign(repository, branch=pull.branch, base=pull.base) is None:
            self._writer.delete(repository, pull.branch)


def _credential(settings: GitHubSettings, transport: Transport) -> TokenCredential | AppCredential:
    if isinstance(settings.login, TokenLogin):
        return TokenCredential(settings.login)
    return AppCredential(settings.login, transport, more=settings.permissions)
