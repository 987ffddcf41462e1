"""Bitbucket Cloud for tests: Git over HTTP and REST API 2.0 at one address, over real repositories.

with FakeBitbucketCloud(tmp_path) as cloud:
    infra = cloud.host.create("acme/infra", {"values.yaml": b"tag: 1"})
    …a client with `cloud.api_url`, `cloud.url` and `TOKEN`…
    infra.merge_pull(1)                                    # what a person does
"""

from __future__ import annotations

import re
from pathlib import Path
from types import TracebackType

from tests.fakes.bitbucket_cloud_json import Shapes
from tests.fakes.bitbucket_cloud_routes import NOT_FOUND, Call, refused, route
from tests.fakes.bitbucket_description import departures
from tests.fakes.bitbucket_state import BOT, TOKEN, State
from tests.fakes.git_host import GitHost
from tests.fakes.git_host_model import MissingError
from tests.fakes.host_call import basic_login, git_answer
from tests.fakes.http_host import Request, Response
from tests.fakes.served import Served

EMAIL = "tagboat@example.com"
_API = "/2.0"


class FakeBitbucketCloud(Served):
    """One Bitbucket Cloud on the loopback: the access token `TOKEN`, and the same as API token of `EMAIL`."""

    api = f"{_API}/"

    def __init__(self, folder: Path, *, host: GitHost | None = None) -> None:
        self.host = host or GitHost(folder / "bitbucket")
        self.state = State(self.host)
        self.token = TOKEN
        self.can_write = True
        super().__init__()
        self._shapes = Shapes(self.url, self.state)

    @property
    def api_url(self) -> str:
        """Where the API is."""
        return f"{self._http.url}{_API}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        found = {text for each in self._http.exchanges for text in departures(each, "cloud")}
        assert error or not found, sorted(found)

    def _answer(self, request: Request) -> Response:
        with self.host.lock:
            if request.path.startswith(f"{_API}/"):
                return self._api(request, request.path.removeprefix(_API))
            git = re.fullmatch(r"/(?P<path>[^/]+/[^/]+)\.git(?P<rest>/.*)", request.path)
            return self._git(request, git["path"], git["rest"]) if git else NOT_FOUND

    def _api(self, request: Request, path: str) -> Response:
        is_person = basic_login(request) == (EMAIL, self.token)
        if not is_person and request.headers.get("authorization") != f"Bearer {self.token}":
            return refused(401, "Token is invalid, expired, or not supported for this endpoint.")
        if path == "/user":
            if not self.state.tells_account:
                return refused(403, "This API is only accessible by the following authentication types: …")
            return Response(200, self._shapes.user(BOT))
        routed = route(request.method, path)
        if routed is None:
            return NOT_FOUND
        if request.method != "GET" and not self.can_write:
            return refused(403, "Your credentials lack one or more required privilege scopes.")
        function, parts = routed
        try:
            # A workspace is asked about by itself too: any of its repositories stands for it then.
            names = [each.path.partition("/")[2] for each in self.host.repositories]
            repository = self.host.repository(f"{parts['workspace']}/{parts.get('slug', names[0])}")
            return function(Call(request, repository, parts, self._shapes, self.state))
        except MissingError:
            return NOT_FOUND

    def _git(self, request: Request, path: str, rest: str) -> Response:
        known = ("x-token-auth", self.token), ("x-bitbucket-api-token-auth", self.token)
        if basic_login(request) not in known:
            return Response(401, headers={"WWW-Authenticate": 'Basic realm="Bitbucket.org HTTP"'})
        try:
            return git_answer(request, self.host.repository(path), rest, by=BOT)
        except MissingError:
            return Response(404)
