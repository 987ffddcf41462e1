"""GitHub for tests: its REST API over real Git repositories, webhooks out, faults by script.

    with FakeGitHub(tmp_path) as github:
        infra = github.host.create("acme/infra", {"values.yaml": b"tag: 1"})
        …a client with `github.url` and `TOKEN`…
        infra.merge_pull(1)                                    # what a person does
        github.faults.add("POST", "/pulls$", Cut(after=True))  # done, but nobody hears of it
        assert len(github.asked("POST")) == 4

`github.url` is like https://api.github.com, `github.enterprise_url` like https://HOST/api/v3.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType

from tests.fakes.git_host import GitHost, HostedRepository
from tests.fakes.git_host_model import Event, MissingError
from tests.fakes.github_accounts import Account, Accounts
from tests.fakes.github_call import NOT_FOUND, Call, refused
from tests.fakes.github_community import Community, app_of, community_routes, user_of
from tests.fakes.github_consent import Consent
from tests.fakes.github_contents import CONTENT_ROUTES
from tests.fakes.github_deliveries import answer_of_app, answer_of_repository
from tests.fakes.github_git import GIT_ROUTES
from tests.fakes.github_graphql import answer as answer_query
from tests.fakes.github_hooks import Hooks
from tests.fakes.github_json import Shapes
from tests.fakes.github_people import PEOPLE_ROUTES
from tests.fakes.github_pulls import PULL_ROUTES
from tests.fakes.github_releases import RELEASE_ROUTES
from tests.fakes.host_call import Routes, route_among
from tests.fakes.http_host import Answer, Request, Response
from tests.fakes.served import Served

TOKEN = "ghp_tests"
BOT = "tagboat-bot"
_ENTERPRISE = "/api/v3"
_HOURLY = 5000


class FakeGitHub(Served):
    """One GitHub on the loopback, with the token `TOKEN` of the account `BOT`."""

    def __init__(self, folder: Path, *, host: GitHost | None = None) -> None:
        self.host = host or GitHost(folder / "github")
        self.accounts = Accounts(self.host.now)
        self.accounts.add_token(TOKEN, BOT)
        self.consent = Consent(self.host)
        self.community = Community(self.host)
        self.hooks: list[Hooks] = []
        self.late_mergeable: set[tuple[int, str]] | None = None
        """Set it to an empty set: `mergeable` is then unknown at the first look at a head, as on GitHub."""
        self._spent = 0
        self._routes: Routes[Call] = (
            *community_routes(self.community, self.consent),
            *CONTENT_ROUTES,
            *GIT_ROUTES,
            *PULL_ROUTES,
            *PEOPLE_ROUTES,
            *RELEASE_ROUTES,
        )
        super().__init__()
        self._shapes = Shapes(self.url, self.url)
        self.host.listeners.append(self._notice)

    @property
    def enterprise_url(self) -> str:
        """The same API at the address that Enterprise Server has."""
        return f"{self._http.url}{_ENTERPRISE}"

    def add_hook(self, url: str, secret: str) -> Hooks:
        """Deliver what happens from now on to an address."""
        number = len(self.hooks) + 1
        hooks = Hooks(self._shapes, url, secret, number=number, clock=self.host.now)
        self.hooks.append(hooks)
        return hooks

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for hooks in self.hooks:
            hooks.stop()
        super().__exit__(kind, error, trace)

    def _notice(self, repository: HostedRepository, event: Event) -> None:
        for hooks in self.hooks:
            hooks.notice(repository, event)

    def _answer(self, request: Request) -> Response:
        with self.host.lock:
            response = self._routed(request)
        self._spent += response.status != 304
        limits = {
            "Date": format_datetime(datetime.now(UTC), usegmt=True),
            "X-RateLimit-Limit": str(_HOURLY),
            "X-RateLimit-Remaining": str(_HOURLY - self._spent % _HOURLY),
            "X-RateLimit-Reset": str(int(datetime.now(UTC).timestamp()) + 3600),
        }
        return Response(response.status, response.data, {**limits, **response.headers})

    def _routed(self, request: Request) -> Response:
        path = request.path.removeprefix(_ENTERPRISE)
        if re.fullmatch(r"/repos/[^/]+/[^/]+/installation|/app|/app/.*", path):
            return self._as_app(request, path)
        account = self.accounts.of(request)
        if account is None:
            return refused(401, "Bad credentials")
        self.consent.settle()
        if path == "/user":
            return user_of(self._shapes, account)
        if request.path in {"/graphql", "/api/graphql"}:
            return answer_query(
                self.host,
                self.consent,
                account,
                request,
                html=self.url,
                late_mergeable=self.late_mergeable,
            )
        found = re.fullmatch(r"/repos/(?P<path>[^/]+/[^/]+)(?P<rest>/.*)?", path)
        return self._about_repository(request, account, found) if found else NOT_FOUND

    def _about_repository(self, request: Request, account: Account, found: re.Match[str]) -> Response:
        rest = found["rest"] or ""
        routed = route_among(self._routes, request.method, rest)
        try:
            repository = self.host.repository(found["path"])
            if (found["rest"] or "").startswith("/hooks"):
                return self._about_hooks(request, account, repository.path, found["rest"])
            if routed is None:
                return NOT_FOUND
            if repository.path in self.consent.queues and re.fullmatch(r"/pulls/\d+/merge", rest):
                return refused(405, "Changes must be made through the merge queue")
            if request.method != "GET" and repository.is_archived:
                return refused(403, "Repository was archived so is read-only.")
            if request.method != "GET" and not account.can_write:
                return refused(403, "Resource not accessible by personal access token")
            function, parts = routed
            return function(Call(request, repository, parts, account, self._shapes, self.late_mergeable))
        except MissingError:
            return NOT_FOUND

    def _about_hooks(self, request: Request, account: Account, repository: str, rest: str) -> Response:
        """To who lacks the right, webhooks are not there."""
        if not account.can_see_hooks:
            return NOT_FOUND
        return answer_of_repository(self.hooks, request, self.url, repository, rest)

    def _as_app(self, request: Request, path: str) -> Response:
        app = self.accounts.app(request)
        if app is None:
            return refused(401, "A JSON web token could not be decoded")
        if path == "/app":
            return app_of(self._shapes, app.slug)
        if path.startswith("/app/hook/deliveries"):
            return answer_of_app(self.hooks, request, self.url, path.removeprefix("/app/hook"))
        if request.method == "POST":
            return self.accounts.installation_token(app, int(path.split("/")[3]), request)
        return self.accounts.installation_of(app, path.split("/")[2])


def primary_limit(seconds: int) -> Answer:
    """A fault: the hour's requests are spent, for so many seconds more."""
    reset = int(datetime.now(UTC).timestamp()) + seconds
    headers = {
        "Date": format_datetime(datetime.now(UTC), usegmt=True),
        "X-RateLimit-Limit": str(_HOURLY),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(reset),
    }
    return Answer(403, {"message": "API rate limit exceeded for user ID 1."}, headers)


def secondary_limit(seconds: int | None) -> Answer:
    """A fault: too much at once; None names no time to wait."""
    headers = {"Retry-After": str(seconds)} if seconds is not None else {}
    message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    return Answer(403, {"message": message}, headers)
