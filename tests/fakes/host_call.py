"""What a call of any fake Git host's API is, how the function for it is found, and Git's own way in."""

from __future__ import annotations

import base64
import gzip
import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote

from tests.fakes.git_host import HostedRepository
from tests.fakes.git_host_model import BranchMoved
from tests.fakes.git_repository import NOTHING, GitRepository
from tests.fakes.http_host import Request, Response

Json = dict[str, Any]

_SERVICES = frozenset({"git-upload-pack", "git-receive-pack"})

C = TypeVar("C", bound="HostCall")
Route = Callable[[C], Response]
Routes = Sequence[tuple[str, str, Route[C]]]
"""A method, a regular expression for the whole path, and what is done there."""


@dataclass(frozen=True, slots=True)
class HostCall:
    """One request about a repository: `parts` are the named parts of its address, unquoted."""

    request: Request
    repository: HostedRepository
    parts: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.parts[name]

    @property
    def body(self) -> Json:
        """The request's JSON."""
        data = self.request.data
        return data if isinstance(data, dict) else {}


def route_among(routes: Routes[C], method: str, path: str) -> tuple[Route[C], dict[str, str]] | None:
    """The function for a path, and the parts of the address, unquoted."""
    for verb, pattern, function in routes:
        found = re.fullmatch(pattern, path)
        if verb == method and found:
            return function, {name: unquote(text) for name, text in found.groupdict().items()}
    return None


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that is added, modified, renamed or removed: its paths before and after, its content's id."""

    kind: str
    old: str | None
    new: str | None
    sha: str


def file_changes(git: GitRepository, base: str | None, head: str) -> Sequence[FileChange]:
    """What leads from `base` to `head`, moved files as one; of no base everything is new."""
    before, after = _blobs(git, base), _blobs(git, head)
    gone = {path: sha for path, sha in before.items() if path not in after}
    found: list[FileChange] = []
    for path, sha in sorted(after.items()):
        origin = next((name for name, was in gone.items() if was == sha), None)
        if path not in before and origin is not None:
            del gone[origin]
            found.append(FileChange("renamed", origin, path, sha))
        elif path not in before:
            found.append(FileChange("added", None, path, sha))
        elif before[path] != sha:
            found.append(FileChange("modified", path, path, sha))
    return [*found, *(FileChange("removed", path, None, sha) for path, sha in sorted(gone.items()))]


def _blobs(git: GitRepository, commit: str | None) -> dict[str, str]:
    entries = git.entries(commit, recursive=True) if commit else ()
    return {each.path: each.sha for each in entries if each.kind == "blob"}


def git_answer(request: Request, repository: HostedRepository, rest: str, *, by: str) -> Response:
    """What Git is answered, which asks for `rest` below the repository; a push is noticed."""
    before = dict(repository.git.branches())
    response = _served(request, repository, rest)
    after = dict(repository.git.branches())
    for branch in sorted(before.keys() | after.keys()):
        old, new = before.get(branch, NOTHING), after.get(branch, NOTHING)
        if old != new:
            repository.host.emit(repository, BranchMoved(branch, old, new, by))
    return response


def basic_login(request: Request) -> tuple[str, str]:
    """Name and password of a request; both empty where there are none."""
    given = request.headers.get("authorization", "")
    if not given.startswith("Basic "):
        return "", ""
    name, _, password = base64.b64decode(given.removeprefix("Basic ")).decode().partition(":")
    return name, password


def _served(request: Request, repository: HostedRepository, rest: str) -> Response:
    """What `git http-backend` would answer, by the one process that it would start itself."""
    if request.method == "GET" and rest == "/info/refs" and request.query.get("service") in _SERVICES:
        return _advertised(request, repository, request.query["service"])
    service = rest.removeprefix("/")
    if request.method != "POST" or service not in _SERVICES:
        return Response(404)
    is_packed = request.headers.get("content-encoding") == "gzip"
    given = gzip.decompress(request.body) if is_packed else request.body
    answer = _run(request, repository, service, "--stateless-rpc", given=given)
    return Response(200, headers=_headers(service, "result"), raw=answer)


def _advertised(request: Request, repository: HostedRepository, service: str) -> Response:
    answer = _run(request, repository, service, "--stateless-rpc", "--advertise-refs")
    if not answer.startswith(b"000eversion 2\n"):
        line = f"# service={service}\n"
        answer = f"{len(line) + 4:04x}{line}0000".encode() + answer
    return Response(200, headers=_headers(service, "advertisement"), raw=answer)


def _run(
    request: Request, repository: HostedRepository, service: str, *options: str, given: bytes = b""
) -> bytes:
    protocol = request.headers.get("git-protocol", "")
    done = subprocess.run(
        ["git", service.removeprefix("git-"), *options, str(repository.git.folder)],
        input=given,
        env={"PATH": os.environ["PATH"], "GIT_PROTOCOL": protocol},
        capture_output=True,
        check=False,
    )
    return done.stdout


def _headers(service: str, kind: str) -> dict[str, str]:
    return {"Content-Type": f"application/x-{service}-{kind}", "Cache-Control": "no-cache"}
