"""GitHub as a forge: github.com and Enterprise Server, by token or App.

A proposal becomes objects (tree, commit) that nobody sees, and then one move of one branch; a crash before
the move leaves nothing. A move of a branch of our own is forced, for it begins anew on its base, and compared
with where the branch must stand in the same step; no other branch is ever forced.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from bot.adapters.forges.github.api import GitHubApi
from bot.adapters.forges.github.authors import Authors
from bot.adapters.forges.github.commits import Commits
from bot.adapters.forges.github.community import RIGHTS, GitHubCommunity
from bot.adapters.forges.github.consent import Consents
from bot.adapters.forges.github.deliveries import GitHubDeliveries
from bot.adapters.forges.github.graphql import GitHubGraphQL
from bot.adapters.forges.github.listing import PullRequests
from bot.adapters.forges.github.login import AppCredential, AppLogin, TokenCredential, TokenLogin
from bot.adapters.forges.github.merging import Merger
from bot.adapters.forges.github.pulls import (
    Found,
    fitting_body,
    fitting_title,
    pull_request,
)
from bot.adapters.forges.github.repositories import Repositories
from bot.adapters.forges.github.sources import GitHubSources
from bot.adapters.forges.github.survey import Survey
from bot.adapters.forges.github.talk import Talk
from bot.adapters.forges.github.transport import PUBLIC_API, Answer, Transport
from bot.adapters.forges.github.writing import Writer
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
from bot.domain.directories.directory import Tree
from bot.domain.errors import Conflict, NotFound, TagboatError, Unreachable
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.proposal import Proposal, PullRequest
from bot.domain.snapshot import Relation
from bot.ports import Look

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


class GitHubForge(HostedPulls[Answer]):
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
        graphql = GitHubGraphQL(self._transport, self._credential)
        self._repositories = Repositories(self._api)
        self._commits = Commits(self._api, self._repositories)
        self._authors = Authors(self._api, self._commits, settings.identity)
        self._pulls = PullRequests(self._api, self._repositories)
        self._writer = Writer(self._api, graphql, self._repositories, self._commits, settings.identity)
        self._survey = Survey(
            graphql,
            self._repositories,
            self._commits,
            self._authors,
            changes=lambda: self._transport.changes,
        )
        self._talk = Talk(self._api)
        self._consents = Consents(self._api, graphql)
        self._merger = Merger(
            self._api,
            graphql,
            self.pull_request,
            identity=settings.identity,
            method=MergeMethod(settings.merge_method),
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

    def prepare(self, repository: str, look: Look) -> None:
        """Ask for all of it at once, where the base branch moved or nothing is known yet."""
        self._survey.prepare(repository, look)

    def default_branch(self, repository: str) -> str:
        """The branch that a clone checks out."""
        return self._repositories.default_branch(repository)

    def head(self, repository: str, branch: str) -> str | None:
        """The commit that the branch points to, or None when there is no such branch."""
        require_branch(branch)
        return self._survey.head(repository, branch)

    def read(self, repository: str, commit: str, path: str) -> bytes | None:
        """The file's bytes at that commit; None when it is not there; `NotFound` for an unknown commit."""
        require_path(path, allow_workflows=True)  # Reading runs nothing.
        return self._survey.read(repository, commit, path)

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
        """The newest commit on `branch` and not on `base` (commits or branches) that Tagboat did not make."""
        require_revision(branch)
        require_revision(base)
        return self._survey.foreign(repository, branch=branch, base=base)

    def write(self, repository: str, proposal: Proposal, *, base: str, expected: str | None) -> str:
        """Make the proposal's branch one commit on the base, with its files; return that commit.

        The same content on the same base is no new commit.
        """
        require_own_branch(proposal.branch, proposal.prefix)
        require_writable(proposal)
        commit = self._writer.write(repository, proposal, base=base, expected=expected)
        if commit != expected:
            self._authors.tell_own(repository, base=base, head=commit)
        if expected is None:
            self._fresh.add((repository, proposal.branch))
        return commit

    def pull_requests(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """Every pull request ever opened from `branch` of this very repository, newest first."""
        require_branch(branch)
        ask = partial(self._pulls.of_branch, repository, branch)
        return self._survey.pull_requests(repository, branch, ask)

    def revise(self, repository: str, number: int, *, title: str, body: str) -> None:
        """Change title and body of a pull request."""
        self._pulls.revise(repository, number, title=title, body=body)

    def commit(self, repository: str, proposal: Proposal, *, branch: str, expected: str) -> str:
        """Commit the files to a branch that is not ours, on `expected`; the same content is no new commit."""
        require_branch(branch)
        require_writable(proposal)
        return self._writer.commit(repository, proposal, branch=branch, expected=expected)

    def _seen(self, repository: str, number: int) -> Found:
        return self._pulls.one(repository, number)

    def _open_one(self, repository: str, branch: str) -> PullRequest | None:
        return self._pulls.open_one(repository, branch)

    def _standing(
        self,
        repository: str,
        proposal: Proposal,
        base_branch: str,  # noqa: ARG002 - GitHub itself refuses one that holds nothing
    ) -> PullRequest | None:
        """Not looked for where the branch was made a moment ago.

        GitHub closes the pull requests of a branch that goes, and refuses a second one from one that is
        there: then `open` looks after all.
        """
        if (repository, proposal.branch) not in self._fresh:
            return self._open_one(repository, proposal.branch)
        self._fresh.discard((repository, proposal.branch))
        return None

    def _ask_to_open(self, repository: str, proposal: Proposal, base_branch: str) -> PullRequest | Answer:
        """As no draft where the repository has none."""
        body = {
            "title": fitting_title(proposal.title),
            "body": fitting_body(proposal.body),
            "head": proposal.branch,
            "base": base_branch,
            **({"draft": True} if proposal.metadata.draft else {}),
        }
        answer = self._api.attempt("POST", repository, "/pulls", body)
        if "draft" in body and answer.status == 422 and _NO_DRAFTS in answer.message.lower():
            answer = self._api.attempt("POST", repository, "/pulls", {**body, "draft": False})
        return self._api.read(repository, answer, pull_request) if answer.status == 201 else answer

    def _not_opened(self, repository: str, branch: str, base: str, refusal: Answer) -> TagboatError:
        if self._commits.head(repository, base) is None:
            return NotFound(f"branch {base!r} is not in {repository}")
        if self._commits.head(repository, branch) is None:
            return Conflict(f"branch {branch} of {repository} is gone", fix="write it again")
        if _EXISTS in refusal.message.lower():
            return Unreachable(
                f"GitHub at {self._transport.host} does not list the pull request from {branch} yet",
                why=refusal.message,
                fix="looked at again soon",
            )
        return self._api.failure(repository, refusal)

    def _ask_to_close(self, repository: str, number: int) -> None:
        self._pulls.change(repository, number, {"state": "closed"})

    def _drop_branch(self, repository: str, pull: PullRequest, *, is_foreign_kept: bool) -> None:
        if self._commits.head(repository, pull.branch) != pull.head or self._open_one(
            repository, pull.branch
        ):
            return
        if is_foreign_kept and self._authors.foreign(repository, branch=pull.branch, base=pull.base):
            return
        self._writer.delete(repository, pull.branch, expected=pull.head)


def _credential(settings: GitHubSettings, transport: Transport) -> TokenCredential | AppCredential:
    if isinstance(settings.login, TokenLogin):
        return TokenCredential(settings.login)
    return AppCredential(settings.login, transport, more=settings.permissions)
