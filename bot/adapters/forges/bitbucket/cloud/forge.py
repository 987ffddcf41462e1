"""Bitbucket Cloud as a forge; pull requests are merged by Git.

Its API merges whatever the head is at that moment, and cannot be told which one was judged. So a merge is one
push that moves the base branch only while both branches stand where they were judged. Cloud sees by the graph
of commits that a merge was pushed, and shows the pull request as merged; a squash it cannot see
(https://support.atlassian.com/bitbucket-cloud/docs/merge-a-pull-request/), so that such a pull request is
declined, with a mark in its text that says what became of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.adapters.forges.bitbucket.cloud.api import CloudApi
from bot.adapters.forges.bitbucket.cloud.community import CloudCommunity
from bot.adapters.forges.bitbucket.cloud.host import CloudHost
from bot.adapters.forges.bitbucket.forge import BitbucketForge
from bot.adapters.forges.bitbucket.host import Found
from bot.adapters.forges.bitbucket.sources import CLOUD, BitbucketSources
from bot.adapters.forges.bitbucket.texts import hidden
from bot.adapters.forges.bitbucket.transport import Transport, basic, bearer
from bot.adapters.forges.git.address import Access
from bot.adapters.forges.git.mirrors import Mirrors
from bot.adapters.forges.identity import Identity
from bot.adapters.forges.kept_pulls import merge
from bot.domain.errors import Denied, Refused
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.ports import Clock

API = "https://api.bitbucket.org/2.0"
WEB = "https://bitbucket.org"

_SQUASHED = re.compile(r"<!-- tagboat merged=([0-9a-f]{40}) -->")


@dataclass(frozen=True, slots=True)
class BitbucketCloudSettings:
    """How to log in to Bitbucket Cloud.

    With `email` the token is the API token of that person; without, an access token of a repository, a
    project or a workspace: https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/.
    """

    token: str = field(repr=False)
    email: str = ""
    api_url: str = API
    web_url: str = WEB
    ca_bundle: str | None = None
    merge_method: MergeMethod = MergeMethod.MERGE
    identity: Identity = field(default_factory=Identity)
    timeout_seconds: int = 15


class BitbucketCloudForge(BitbucketForge):
    """The port `Forge` over Git and Cloud's REST API. Safe between threads; `cache` holds its mirrors."""

    def __init__(self, settings: BitbucketCloudSettings, cache: Path, *, clock: Clock) -> None:
        authorization = basic(settings.email, settings.token) if settings.email else bearer(settings.token)
        transport = Transport(
            settings.api_url,
            authorization,
            ca_bundle=settings.ca_bundle,
            timeout_seconds=settings.timeout_seconds,
        )
        self._api = CloudApi(transport)
        self._cloud = CloudHost(self._api)
        self._web_url = settings.web_url
        username = "x-bitbucket-api-token-auth" if settings.email else "x-token-auth"
        # Plain HTTP was refused by then, but to this very machine.
        access = Access(username, settings.token, allow_http=True, ca_bundle=settings.ca_bundle or "")
        mirrors = Mirrors(
            cache, clock=clock, identity=settings.identity, root=settings.web_url, access=access
        )
        super().__init__(self._cloud, mirrors, identity=settings.identity, method=settings.merge_method)

    def community(self) -> CloudCommunity:
        """Other people on this host: their comments and pull requests."""
        return CloudCommunity(self._api, self._cloud, self._talk, web_url=self._web_url)

    def sources(self) -> BitbucketSources:
        """The host as the place where images are built from."""
        return BitbucketSources(self._api, CLOUD)

    def _address(self, repository: str) -> str:
        return f"{repository}.git"

    def _seen(self, repository: str, found: Found) -> PullRequest:
        pull = super()._seen(repository, found)
        squash = _SQUASHED.search(pull.body)
        if pull.state is not PullRequestState.CLOSED or squash is None or not found.is_own:
            return pull
        with self._locked(repository) as history:
            base = history.head(pull.base)
            if base is None or not history.has(squash[1]) or not history.contains(squash[1], revision=base):
                return pull
            when = history.committed_at(squash[1])
        return replace(pull, state=PullRequestState.MERGED, merge_commit=squash[1], merged_at=when)

    def _merge(self, repository: str, found: Found, pull: PullRequest, options: MergeOptions) -> None:
        if not found.is_own:
            raise Refused(f"pull request {pull.number} of {repository} comes from a fork")
        chosen = replace(options, method=options.method or self._method)
        if chosen.method is MergeMethod.REBASE:
            raise Refused(
                f"pull request {pull.number} of {repository} is not merged by rebase",
                why="on Bitbucket Cloud Tagboat merges by Git itself, and does not rebase",
                fix="use merge or squash as method",
            )
        try:
            with self._locked(repository) as history:
                merge(history, pull, chosen, self._identity)
        except Denied as error:
            raise Denied(
                f"the access token may not merge pull request {pull.number} of {repository}",
                why=error.why,
                fix=f"let its user write to {pull.base} in the repository's branch restrictions",
            ) from error

    def _settle(self, repository: str, found: Found, pull: PullRequest) -> None:
        """Decline a squashed one; of one that holds a merge, Cloud takes note by itself."""
        if found.pull_request.state is not PullRequestState.OPEN or pull.merge_commit is None:
            return
        with self._locked(repository) as history:
            if history.contains(pull.head, revision=pull.merge_commit):
                return
        mark = f"<!-- tagboat merged={pull.merge_commit} -->"
        if mark not in pull.body:
            self._change(repository, found, {"description": hidden(f"{pull.body}\n\n{mark}")})
        self._talk.last_words(repository, pull.number, f"Merged by squash as {pull.merge_commit}.")
        self._cloud.decline(repository, found)
