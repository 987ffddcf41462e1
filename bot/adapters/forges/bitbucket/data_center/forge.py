"""Bitbucket Data Center as a forge; it merges pull requests itself, at the version that was looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bot.adapters.forges.bitbucket.data_center.api import DataCenterApi
from bot.adapters.forges.bitbucket.data_center.community import DataCenterCommunity
from bot.adapters.forges.bitbucket.data_center.host import DataCenterHost
from bot.adapters.forges.bitbucket.forge import BitbucketForge
from bot.adapters.forges.bitbucket.host import Found
from bot.adapters.forges.bitbucket.sources import DATA_CENTER, BitbucketSources
from bot.adapters.forges.bitbucket.transport import Answer, Transport, bearer
from bot.adapters.forges.git.address import Access
from bot.adapters.forges.git.mirrors import Mirrors
from bot.adapters.forges.identity import Identity, signed
from bot.domain.errors import Conflict, Denied, Refused, TagboatError, Unreachable
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import PullRequest
from bot.ports import Clock

# https://confluence.atlassian.com/bitbucketserver/pull-request-merge-strategies-844499235.html
_STRATEGIES = {
    MergeMethod.MERGE: "no-ff",
    MergeMethod.SQUASH: "squash",
    MergeMethod.REBASE: "rebase-ff-only",
}


@dataclass(frozen=True, slots=True)
class BitbucketDataCenterSettings:
    """How to reach one Bitbucket Data Center.

    `url` is where people see it, with its path if it has one. `token` is an HTTP access token: of a project
    or a repository, or of the person whom `username` names.
    """

    url: str
    token: str = field(repr=False)
    username: str = "x-token-auth"
    ca_bundle: str | None = None
    merge_method: MergeMethod = MergeMethod.MERGE
    identity: Identity = field(default_factory=Identity)
    timeout_seconds: int = 15


class BitbucketDataCenterForge(BitbucketForge):
    """The port `Forge` over Git and Data Center's API. Safe between threads; `cache` holds its mirrors."""

    def __init__(self, settings: BitbucketDataCenterSettings, cache: Path, *, clock: Clock) -> None:
        transport = Transport(
            settings.url,
            bearer(settings.token),
            ca_bundle=settings.ca_bundle,
            timeout_seconds=settings.timeout_seconds,
        )
        self._api = DataCenterApi(transport)
        self._data_center = DataCenterHost(self._api)
        self._url = settings.url.rstrip("/")
        # Plain HTTP was refused by then, but to this very machine.
        access = Access(
            settings.username, settings.token, allow_http=True, ca_bundle=settings.ca_bundle or ""
        )
        root = f"{self._url}/scm"
        mirrors = Mirrors(cache, clock=clock, identity=settings.identity, root=root, access=access)
        super().__init__(self._data_center, mirrors, identity=settings.identity, method=settings.merge_method)

    def community(self) -> DataCenterCommunity:
        """Other people on this host: their comments and pull requests."""
        return DataCenterCommunity(self._api, self._data_center, self._talk, url=self._url)

    def sources(self) -> BitbucketSources:
        """The host as the place where images are built from."""
        return BitbucketSources(self._api, DATA_CENTER)

    def _address(self, repository: str) -> str:
        return f"{repository.lower()}.git"

    def _merge(self, repository: str, found: Found, pull: PullRequest, options: MergeOptions) -> None:
        what = f"pull request {pull.number} of {repository}"
        text = signed(options.message, sign_off=self._identity if options.sign_off else None)
        strategy = _STRATEGIES[options.method or self._method]
        if found.pull_request.head != pull.head:
            raise Conflict(f"{what} does not show yet what was pushed", fix="looked at again soon")
        try:
            answer = self._data_center.merge(repository, found, text, strategy)
        except Unreachable:
            if self._seen(repository, self._data_center.one(repository, pull.number)).merge_commit is None:
                raise
            return
        if answer.status != 200:
            raise self._not_merged(repository, what, answer)

    def _not_merged(self, repository: str, what: str, answer: Answer) -> TagboatError:
        if answer.status in {401, 403}:
            fix = "let its user write to the base branch, which may be restricted"
            return Denied(f"the access token may not merge {what}", why=answer.message, fix=fix)
        if answer.status == 409 and "OutOfDate" in answer.exception:
            return Conflict(f"{what} moved after it was judged", why=answer.message)
        if answer.status in {400, 409}:
            return Refused(f"{self._api.host} does not merge {what}", why=answer.message)
        return self._api.failure(repository, answer)
