"""What both fake Bitbuckets are: Git over HTTP and a REST API at one address, over real repositories."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import ClassVar

from tests.fakes.bitbucket_description import departures
from tests.fakes.bitbucket_state import BOT, TOKEN, State
from tests.fakes.git_host import GitHost
from tests.fakes.git_host_model import MissingError
from tests.fakes.host_call import basic_login, git_answer
from tests.fakes.http_host import Request, Response
from tests.fakes.served import Served


class FakeBitbucket(Served):
    """One Bitbucket on the loopback, with the token `TOKEN`; its answers are held against its description."""

    described: ClassVar[str]
    """Which of the descriptions is its own."""
    realm: ClassVar[str]
    """What Git is told to log in to."""
    git_logins: ClassVar[tuple[str, ...]] = ("x-token-auth",)
    """By which names Git may give the token."""

    def __init__(self, folder: Path, *, host: GitHost | None = None) -> None:
        self.host = host or GitHost(folder / "bitbucket")
        self.state = State(self.host)
        self.token = TOKEN
        self.can_write = True
        super().__init__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        found = {text for each in self._http.exchanges for text in departures(each, self.described)}
        assert error or not found, sorted(found)

    def _git(self, request: Request, path: str, rest: str) -> Response:
        if basic_login(request) not in {(name, self.token) for name in self.git_logins}:
            return Response(401, headers={"WWW-Authenticate": f'Basic realm="{self.realm}"'})
        try:
            return git_answer(request, self.host.repository(path), rest, by=BOT)
        except MissingError:
            return Response(404)
