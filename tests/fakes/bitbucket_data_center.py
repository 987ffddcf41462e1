"""Bitbucket Data Center for tests: Git over HTTP and the REST API at one address, over real repositories."""

from __future__ import annotations

import re
from pathlib import Path

from tests.fakes.bitbucket import FakeBitbucket
from tests.fakes.bitbucket_data_center_json import Shapes
from tests.fakes.bitbucket_data_center_routes import NOT_FOUND, Call, refused, route
from tests.fakes.bitbucket_state import BOT
from tests.fakes.git_host import GitHost
from tests.fakes.git_host_model import MissingError
from tests.fakes.http_host import Request, Response

_PREFIX = "/bitbucket"


class FakeBitbucketDataCenter(FakeBitbucket):
    """One Bitbucket Data Center on the loopback, with the token `TOKEN` of the user `BOT`."""

    api = "/rest/"
    described = "data center"
    realm = "Atlassian Bitbucket"

    def __init__(self, folder: Path, *, host: GitHost | None = None) -> None:
        super().__init__(folder, host=host)
        self._shapes = Shapes(self.url, self.state)

    @property
    def url(self) -> str:
        """Where people see it: below a path, as it is often put."""
        return f"{self._http.url}{_PREFIX}"

    def _answer(self, request: Request) -> Response:
        with self.host.lock:
            path = request.path.removeprefix(_PREFIX)
            if path.startswith("/rest/"):
                return self._api(request, path.removeprefix("/rest"))
            git = re.fullmatch(r"/scm/(?P<path>[^/]+/[^/]+)\.git(?P<rest>/.*)", path)
            return self._git(request, git["path"], git["rest"]) if git else NOT_FOUND

    def _api(self, request: Request, path: str) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return refused(401, "Authentication failed. Please check your credentials and try again.")
        if request.method != "GET" and request.headers.get("x-atlassian-token") != "no-check":
            return refused(403, "XSRF check failed")
        routed = route(request.method, path)
        if routed is None:
            return NOT_FOUND
        if request.method != "GET" and not self.can_write:
            return refused(401, "You are not permitted to access this resource")
        function, parts = routed
        project = request.query.get("permission.1.projectKey", parts.get("project"))
        slug = request.query.get("permission.1.repositorySlug", parts.get("slug"))
        try:
            # What is asked of the whole server is answered as for any of its repositories.
            where = f"{project}/{slug}" if project else self.host.repositories[0].path
            answer = function(Call(request, self.host.repository(where), parts, self._shapes, self.state))
        except MissingError:
            return NOT_FOUND
        return Response(answer.status, answer.data, {**answer.headers, "X-AUSERNAME": BOT})
