"""Bitbucket Cloud for tests: Git over HTTP and REST API 2.0 at one address, over real repositories.

with FakeBitbucketCloud(tmp_path) as cloud:
    infra = cloud.host.create("acme/infra", {"values.yaml": b"tag: 1"})
    …a client with `cloud.api_url`, `cloud.url` and `TOKEN`…
    infra.merge_pull(1)                                    # what a person does
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.fakes.bitbucket import FakeBitbucket
from tests.fakes.bitbucket_cloud_json import Shapes
from tests.fakes.bitbucket_cloud_routes import NOT_FOUND, Call, refused, route
from tests.fakes.bitbucket_state import BOT
from tests.fakes.git_host import GitHost
from tests.fakes.git_host_model import MissingError
from tests.fakes.host_call import basic_login
from tests.fakes.http_host import Request, Response

EMAIL = "tagboat@example.com"
_API = "/2.0"


class FakeBitbucketCloud(FakeBitbucket):
    """One Bitbucket Cloud on the loopback: the access token `TOKEN`, and the same as API token of `EMAIL`."""

    api = f"{_API}/"
    described = "cloud"
    realm = "Bitbucket.org HTTP"
    git_logins = ("x-token-auth", "x-bitbucket-api-token-auth")

    def __init__(self, folder: Path, *, host: GitHost | None = None) -> None:
        super().__init__(folder, host=host)
        self._shapes = Shapes(self.url, self.state)

    @property
    def api_url(self) -> str:
        """Where the API is."""
        return f"{self._http.url}{_API}"

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
