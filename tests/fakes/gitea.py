"""Gitea for tests: Git over HTTP and its REST API at one address, over real repositories, faults by script.

with FakeGitea(tmp_path) as gitea:
    infra = gitea.host.create("acme/infra", {"values.yaml": b"tag: 1"})
    …a client with `gitea.url` and `TOKEN`…
    infra.merge_pull(1)                                    # what a person does
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.fakes.git_host import GitHost, HostedRepository
from tests.fakes.git_host_model import Event, MissingError, PullChanged
from tests.fakes.gitea_community import Community
from tests.fakes.gitea_community import route as route_to_community
from tests.fakes.gitea_json import Shapes
from tests.fakes.gitea_routes import NOT_FOUND, Account, Book, Call, message_of, refused, route
from tests.fakes.host_call import basic_login, git_answer
from tests.fakes.http_host import Request, Response
from tests.fakes.served import Served

TOKEN = "0123456789abcdef0123456789abcdef01234567"
BOT = "tagboat-bot"
_PREFIX = "/git"


class FakeGitea(Served):
    """One Gitea on the loopback, with the token `TOKEN` of the account `BOT`."""

    api = "/api/v1/"

    def __init__(self, folder: Path, *, host: GitHost | None = None) -> None:
        self.host = host or GitHost(folder / "gitea")
        self.tokens = {TOKEN: Account(BOT)}
        self.books: dict[str, Book] = {}
        self.community = Community(self.host)
        super().__init__()
        self._shapes = Shapes(self.url)
        self.host.listeners.append(self._notice)

    @property
    def prefixed_url(self) -> str:
        """The same, below a path."""
        return f"{self._http.url}{_PREFIX}"

    def book(self, repository: HostedRepository) -> Book:
        """What is kept of one repository's pull requests."""
        return self.books.setdefault(repository.path, Book())

    def _answer(self, request: Request) -> Response:
        with self.host.lock:
            path = request.path.removeprefix(_PREFIX)
            for repository in self.host.repositories:
                self._go_on(repository)
            if path == "/api/v1/user":
                return self._user(request)
            found = re.fullmatch(r"/api/v1/repos/(?P<path>[^/]+/[^/]+)(?P<rest>/.*)?", path)
            if found:
                return self._about(request, found["path"], found["rest"] or "")
            git = re.fullmatch(r"/(?P<path>[^/]+/[^/]+)\.git(?P<rest>/.*)", path)
            return self._git(request, git["path"], git["rest"]) if git else NOT_FOUND

    def label(self, repository: HostedRepository, number: int, name: str, *, by: str) -> None:
        """Somebody sets a label on a pull request."""
        timeline = self.book(repository).events.setdefault(number, [])
        repository.pull(number).labels.append(name)
        label = {"id": 1, "name": name}
        timeline.append({"type": "label", "user": self._shapes.user(by), "body": "1", "label": label})

    def _user(self, request: Request) -> Response:
        account = self.tokens.get(request.headers.get("authorization", "").removeprefix("token "))
        return Response(200, self._shapes.user(account.name)) if account else refused(401, "user is unknown")

    def _about(self, request: Request, path: str, rest: str) -> Response:
        account = self.tokens.get(request.headers.get("authorization", "").removeprefix("token "))
        routed = route_to_community(self.community, request.method, rest) or route(request.method, rest)
        if account is None:
            return refused(401, "user does not exist [uid: 0, name: ]")
        try:
            repository = self.host.repository(path)
            if routed is None:
                return NOT_FOUND
            if request.method != "GET" and not account.can_write:
                return refused(403, "token does not have at least one of required scope(s)")
            if request.method != "GET" and repository.is_archived:
                return refused(423, f"{path} is archived")
            function, parts = routed
            return function(Call(request, repository, parts, account, self._shapes, self.book(repository)))
        except MissingError:
            return NOT_FOUND

    def _git(self, request: Request, path: str, rest: str) -> Response:
        if basic_login(request)[1] not in self.tokens:
            return Response(401, headers={"WWW-Authenticate": 'Basic realm="Gitea"'})
        try:
            return git_answer(request, self.host.repository(path), rest, by=BOT)
        except MissingError:
            return Response(404)

    def _notice(self, repository: HostedRepository, event: Event) -> None:
        if isinstance(event, PullChanged) and event.action == "synchronize":
            self.book(repository).event(event.pull, "pull_push", self._shapes.user(event.by))

    def _go_on(self, repository: HostedRepository) -> None:
        """Merge what was scheduled and may be merged by now."""
        book = self.book(repository)
        for number, schedule in list(book.scheduled.items()):
            pull = repository.pull(number)
            if pull.state == "open" and repository.mergeability(pull).state == "clean":
                body = schedule["body"]
                repository.merge_pull(number, method=str(body["Do"]), message=message_of(body), by=BOT)
                del book.scheduled[number]
