"""Gitea and Forgejo as a forge, by access token: branches and files by Git, pull requests by their API.

The API could commit files, but on wherever the branch stands at that moment, and without file modes
(`POST /repos/OWNER/NAME/contents`). By Git a write is one push with a lease, as it is for the plain `git`
forge: a branch begins anew on its base, and nobody's push is lost.
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
from bot.adapters.forges.gitea.pulls import Found, fitting_body, fitting_title, found
from bot.adapters.forges.gitea.sources import GiteaSources
from bot.adapters.forges.gitea.talk import Talk
from bot.adapters.forges.history import History
from bot.adapters.forges.history_forge import HistoryForge, require_commit
from bot.adapters.forges.hosted_pulls import HostedPulls
from bot.adapters.forges.identity import Identity
from bot.adapters.forges.kept_pulls import new_pull_request
from bot.adapters.forges.rules import require_branch
from bot.domain.errors import TagboatError, Unreachable
from bot.domain.people.consent import Check
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.proposal import Proposal, PullRequest
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


class GiteaForge(HostedPulls[Answer], HistoryForge):
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
        merger = Merger(self._api, self._pulls, identity=settings.identity, method=settings.merge_method)
        self._merger, self._consents = merger, merger

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

    def revise(self, repository: str, number: int, *, title: str, body: str) -> None:
        """Change title and body of a pull request."""
        self._pulls.revise(repository, number, title=title, body=body)

    def checks(self, repository: str, commit: str) -> Sequence[Check]:
        """The latest word of every commit status of this very commit."""
        with self._locked(repository) as history:
            require_commit(history, repository, commit)
        return super().checks(repository, commit)

    def _history(self, repository: str) -> History:
        return self._mirrors.of(f"{repository}.git")

    @contextmanager
    def _locked(self, repository: str) -> Iterator[History]:
        with super()._locked(repository) as history, self._mirrors.minded(f"{repository}.git"):
            yield history

    def _seen(self, repository: str, number: int) -> Found:
        return self._pulls.one(repository, number)

    def _open_one(self, repository: str, branch: str) -> PullRequest | None:
        return self._pulls.open_one(repository, branch)

    def _standing(self, repository: str, proposal: Proposal, base_branch: str) -> PullRequest | None:
        existing = self._pulls.open_one(repository, proposal.branch)
        if existing is None:
            with self._locked(repository) as history:
                new_pull_request(history, repository, proposal, base_branch)  # raises: there is nothing new
        return existing

    def _ask_to_open(self, repository: str, proposal: Proposal, base_branch: str) -> PullRequest | Answer:
        body = {
            "head": proposal.branch,
            "base": base_branch,
            "title": fitting_title(proposal.title, is_draft=proposal.metadata.draft),
            "body": fitting_body(proposal.body),
        }
        answer = self._api.attempt("POST", repository, "/pulls", body)
        return self._api.read(repository, answer, found).pull_request if answer.status == 201 else answer

    def _not_opened(
        self,
        repository: str,
        branch: str,
        base: str,  # noqa: ARG002 - it was looked for before
        refusal: Answer,
    ) -> TagboatError:
        if refusal.status == 409:
            return Unreachable(
                f"{self._api.host} does not list the pull request from {branch} yet",
                why=refusal.message,
                fix="looked at again soon",
            )
        return self._api.failure(repository, refusal)

    def _ask_to_close(self, repository: str, number: int) -> None:
        self._pulls.change(repository, number, {"state": "closed"})

    def _drop_branch(self, repository: str, pull: PullRequest, *, is_foreign_kept: bool) -> None:
        if self._open_one(repository, pull.branch) is not None:
            return
        with self._locked(repository) as history:
            if history.head(pull.branch) != pull.head:
                return
            base = history.head(pull.base)
            if is_foreign_kept and (base is None or self._foreign(history, pull.head, base) is not None):
                return
            history.move(pull.branch, None, expected=pull.head)
