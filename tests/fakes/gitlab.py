"""GitLab for tests: its REST and GraphQL APIs over real Git repositories, faults by script.

    with FakeGitLab(tmp_path) as gitlab:
        infra = gitlab.host.create("acme/platform/infra", {"values.yaml": b"tag: 1"})
        …a client with `gitlab.url` and `TOKEN`…
        infra.merge_pull(1)                                    # what a person does
        gitlab.faults.add("POST", "/commits$", Cut(after=True))  # done, but nobody hears of it

`gitlab.prefixed_url` is the same GitLab below a path, as self-managed ones may be.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from tests.fakes.git_host import GitHost, HostedRepository
from tests.fakes.git_host_model import MissingError
from tests.fakes.gitlab_community import Community
from tests.fakes.gitlab_community import route as route_to_community
from tests.fakes.gitlab_consent import Consent
from tests.fakes.gitlab_git_routes import route as route_to_git
from tests.fakes.gitlab_graphql import World
from tests.fakes.gitlab_graphql import answer as answer_query
from tests.fakes.gitlab_graphql import refused as refused_query
from tests.fakes.gitlab_json import Shapes
from tests.fakes.gitlab_routes import MEMBERS, STRANGERS, Account, Call, Ways, refused, route
from tests.fakes.http_host import Request, Response
from tests.fakes.served import Served

TOKEN = "glpat-tests"
BOT = "tagboat-bot"
_PREFIX = "/gitlab"


class FakeGitLab(Served):
    """One GitLab on the loopback, with the token `TOKEN` of the account `BOT`."""

    def __init__(self, folder: Path, *, host: GitHost | None = None) -> None:
        self.host = host or GitHost(folder / "gitlab")
        self.tokens = {TOKEN: Account(BOT)}
        self.ways = Ways()
        self.consent = Consent()
        self.community = Community()
        self.is_older = False
        """Set it to True: an older GitLab, whose GraphQL API knows neither `commits` nor `parentSha`."""
        self.fails_without_branch = False
        """Set it to True: the tree of a branch that is not there is an error, and no empty one."""
        super().__init__()
        self._shapes = Shapes(self.url)

    @property
    def prefixed_url(self) -> str:
        """The same, below a path."""
        return f"{self._http.url}{_PREFIX}"

    def _answer(self, request: Request) -> Response:
        with self.host.lock:
            for repository in self.host.repositories:
                self.consent.go_on(repository)
            return self._routed(request)

    def _routed(self, request: Request) -> Response:
        path = request.path.removeprefix(_PREFIX)
        account = self._account(request)
        if path == "/api/graphql" and request.method == "POST":
            return self._queried(account, request)
        if account is None:
            return refused(401, "401 Unauthorized")
        if path == "/api/v4/user":
            person = {"email": account.person.email, "commit_email": account.person.email}
            return Response(200, {**self._shapes.user(account.name), **person})
        if path == "/api/v4/users":
            name = request.query["username"].lower()
            return Response(200, [self._shapes.user(name)] if name in MEMBERS | STRANGERS else [])
        found = re.fullmatch(r"/api/v4/projects/(?P<id>[^/]+)(?P<rest>/.*)?", path)
        rest = (found["rest"] or "") if found else ""
        routed = route_to_community(self.community, request.method, rest)
        routed = routed or route(request.method, rest) or route_to_git(request.method, rest)
        if found is None or routed is None:
            return Response(404, {"error": "404 Not Found"})
        repository = self._project(unquote(found["id"]))
        if repository is None:
            return refused(404, "404 Project Not Found")
        if request.method != "GET" and not (account.can_write and not repository.is_archived):
            return refused(403, "403 Forbidden")
        function, parts = routed
        try:
            return function(Call(request, repository, parts, account, self._shapes, self.ways, self.consent))
        except MissingError as error:
            return refused(404, str(error))

    def _account(self, request: Request) -> Account | None:
        """Whose token it is, in either of the headers."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        return self.tokens.get(request.headers.get("private-token", bearer))

    def _queried(self, account: Account | None, request: Request) -> Response:
        if account is None:
            return refused_query(401, "Invalid token")
        world = World(
            self.host,
            self._shapes,
            self.ways,
            self.consent,
            is_older=self.is_older,
            fails_without_branch=self.fails_without_branch,
        )
        return answer_query(world, account, request)

    def _project(self, name: str) -> HostedRepository | None:
        """By path or by number."""
        try:
            return self.host.repository(name)
        except MissingError:
            return next((each for each in self.host.repositories if str(each.id) == name), None)
