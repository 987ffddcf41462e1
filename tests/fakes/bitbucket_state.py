"""What both fake Bitbuckets keep beside the shared host: people, their rights and opinions, edits, statuses.

Their Git is `git http-backend` over the repositories of that host.
"""

from __future__ import annotations

import base64
import os
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.fakes.git_host import GitHost, HostedRepository
from tests.fakes.git_host_model import HUMAN, BranchMoved, Comment, Event, Pull, PullChanged
from tests.fakes.git_repository import NOTHING
from tests.fakes.http_host import Request, Response

Json = dict[str, Any]

TOKEN = "BBDC-0123456789abcdefghijklmnop"
BOT = "tagboat-bot"


def uuid_of(name: str) -> str:
    """The UUID of an account, as Cloud writes it."""
    return f"{{{uuid.uuid5(uuid.NAMESPACE_URL, name)}}}"


def is_bot(name: str) -> bool:
    """Whether an account is no person's."""
    return name.endswith("[bot]")


@dataclass
class State:
    """All of one fake's; `roles` are the permissions of the accounts that exist."""

    host: GitHost
    roles: dict[str, str] = field(
        default_factory=lambda: {HUMAN: "admin", "grace": "write", "mallory": "read", BOT: "admin"}
    )
    opinions: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)
    """By repository and number: what each person says, in the words of the host."""
    reviewed: dict[tuple[str, int, str], str] = field(default_factory=dict)
    merged_by_host: dict[str, set[int]] = field(default_factory=dict)
    versions: dict[tuple[str, int], int] = field(default_factory=dict)
    statuses: dict[tuple[str, str], Json] = field(default_factory=dict)
    """By commit and key: what stands there, in the words of the host."""
    edited: dict[int, datetime] = field(default_factory=dict)
    default_reviewers: list[str] = field(default_factory=list)
    can_administer: bool = True
    tells_account: bool = True

    def __post_init__(self) -> None:
        self.host.listeners.append(self._notice)

    def version(self, repository: HostedRepository, pull: Pull) -> int:
        """How often a pull request was changed."""
        return self.versions.get((repository.path, pull.number), 0)

    def changed(self, repository: HostedRepository, pull: Pull) -> None:
        """Count a change."""
        self.versions[repository.path, pull.number] = self.version(repository, pull) + 1

    def say(self, repository: HostedRepository, number: int, body: str, *, by: str = HUMAN) -> int:
        """Comment on a pull request."""
        return repository.comment(number, body, by=by).id

    def edit(self, repository: HostedRepository, id_: int, body: str, *, at: datetime) -> None:
        """Change a comment."""
        for pull in repository.pulls.values():
            pull.comments[:] = [
                replace(each, body=body) if each.id == id_ else each for each in pull.comments
            ]
        self.edited[id_] = at

    def changed_at(self, comment: Comment) -> datetime:
        """When a comment was written or changed last."""
        return self.edited.get(comment.id, comment.when)

    def opinions_on(self, repository: HostedRepository, pull: Pull) -> Mapping[str, str]:
        """What people say of a pull request."""
        return self.opinions.get((repository.path, pull.number), {})

    def status_of(self, commit: str, repository: HostedRepository) -> list[Json]:
        """The statuses of a commit: those that came by the API, and those of the tests' hands."""
        told = [each for (sha, _), each in self.statuses.items() if sha == commit]
        words = {"success": "SUCCESSFUL", "failure": "FAILED", "pending": "INPROGRESS"}
        by_hand = repository.statuses.get(commit, {})
        keys = {each["key"] for each in told}
        return [
            *told,
            *(
                {
                    "key": key,
                    "name": key,
                    "state": words.get(state, state),
                    "description": "",
                    "url": "https://ci",
                }
                for key, state in by_hand.items()
                if key not in keys
            ),
        ]

    def _notice(self, repository: HostedRepository, event: Event) -> None:
        if isinstance(event, PullChanged) and event.action != "opened":
            self.changed(repository, event.pull)


def served(request: Request, repository: HostedRepository, rest: str) -> Response:
    """What Git is answered; a push lets the pull requests follow."""
    before = dict(repository.git.branches())
    response = _backend(request, repository.git.folder, rest)
    after = dict(repository.git.branches())
    for branch in sorted(before.keys() | after.keys()):
        old, new = before.get(branch, NOTHING), after.get(branch, NOTHING)
        if old != new:
            repository.host.emit(repository, BranchMoved(branch, old, new, BOT))
    return response


def basic_login(request: Request) -> tuple[str, str]:
    """Name and password of a request; both empty where there are none."""
    given = request.headers.get("authorization", "")
    if not given.startswith("Basic "):
        return "", ""
    name, _, password = base64.b64decode(given.removeprefix("Basic ")).decode().partition(":")
    return name, password


def _backend(request: Request, folder: Path, rest: str) -> Response:
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": str(folder),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REQUEST_METHOD": request.method,
        "PATH_INFO": rest,
        "QUERY_STRING": urlencode(request.query),
        "REMOTE_USER": BOT,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
    }
    done = subprocess.run(
        ["git", "http-backend"], input=request.body, env=environment, capture_output=True, check=False
    )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
    return Response(int(headers.pop("Status", "200").split()[0]), headers=headers, raw=content)
