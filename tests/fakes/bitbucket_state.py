"""What both fake Bitbuckets keep beside the shared host: people, rights, opinions, edits and statuses."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from tests.fakes.git_host import GitHost, HostedRepository
from tests.fakes.git_host_model import HUMAN, Comment, Event, Pull, PullChanged
from tests.fakes.host_call import Json

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
