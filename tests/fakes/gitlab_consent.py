"""What the fake GitLab keeps of consent: who asks for changes, what it merges by itself, and notes on that.

The words of the notes are GitLab's own (`SystemNotes::MergeRequestsService`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from tests.fakes.git_host import HostedRepository
from tests.fakes.git_host_model import NotMergeableError, Pull
from tests.fakes.gitlab_json import Json, Shapes, timestamp

_STATUSES = {"failure": "failed", "error": "failed"}


@dataclass(frozen=True, slots=True)
class SystemNote:
    """What GitLab itself wrote below a merge request."""

    id: int
    author: str
    body: str
    when: datetime


@dataclass
class Consent:
    """Of one GitLab; merge requests are named by project and number."""

    asks_for_changes: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    optional: set[str] = field(default_factory=set)
    """Names of jobs that are allowed to fail."""
    armed: dict[tuple[str, int], str] = field(default_factory=dict)
    notes: dict[tuple[str, int], list[SystemNote]] = field(default_factory=dict)

    def arm(self, repository: HostedRepository, pull: Pull, *, by: str) -> None:
        """Merge it once it may be."""
        self.armed[(repository.path, pull.number)] = pull.head
        self._note(
            repository, pull, f"enabled an automatic merge when all merge checks for {pull.head} pass", by
        )

    def disarm(self, repository: HostedRepository, pull: Pull, *, by: str, why: str = "") -> bool:
        """Take that back, as a user does or, with a reason, GitLab itself."""
        if self.armed.pop((repository.path, pull.number), None) is None:
            return False
        said = f"aborted the automatic merge because {why}" if why else "canceled the automatic merge"
        self._note(repository, pull, said, by)
        return True

    def go_on(self, repository: HostedRepository) -> None:
        """Merge what may be merged by now, and stop where the head moved."""
        for pull in list(repository.pulls.values()):
            head = self.armed.get((repository.path, pull.number))
            if head is None:
                continue
            if pull.state == "open" and pull.head != head:
                self.disarm(repository, pull, by="ada", why="the source branch was updated")
            elif pull.state == "open" and repository.mergeability(pull).state == "clean":
                self._merge(repository, pull)

    def approvals(self, shapes: Shapes, pull: Pull) -> Json:
        """GET …/approvals"""
        approved = [{"user": shapes.user(name)} for name in sorted(pull.approvals)]
        return {
            "user_has_approved": False,
            "user_can_approve": True,
            "approved": bool(approved),
            "approved_by": approved,
        }

    def reviewers(self, shapes: Shapes, repository: HostedRepository, pull: Pull) -> list[Json]:
        """GET …/reviewers"""
        asking = self.asks_for_changes.get((repository.path, pull.number), set())
        states = {
            **dict.fromkeys(pull.reviewers, "unreviewed"),
            **dict.fromkeys(pull.approvals, "approved"),
            **dict.fromkeys(asking, "requested_changes"),
        }
        return [
            {"user": shapes.user(name), "state": state, "created_at": timestamp(pull.created_at)}
            for name, state in sorted(states.items())
        ]

    def statuses(self, shapes: Shapes, repository: HostedRepository, commit: str) -> list[Json]:
        """GET …/repository/commits/:sha/statuses"""
        now = timestamp(repository.host.now())
        return [
            {
                "id": number,
                "sha": commit,
                "ref": "main",
                "status": _STATUSES.get(state, state),
                "name": name,
                "target_url": None,
                "description": None,
                "created_at": now,
                "started_at": None,
                "finished_at": None,
                "allow_failure": name in self.optional,
                "coverage": None,
                "author": shapes.user("ci"),
            }
            for number, (name, state) in enumerate(repository.statuses.get(commit, {}).items(), 1)
        ]

    def _merge(self, repository: HostedRepository, pull: Pull) -> None:
        try:
            repository.merge_pull(pull.number, message=f"Merge branch '{pull.branch}'")
        except NotMergeableError:
            self.disarm(repository, pull, by="ada", why="of a conflict")
        self.armed.pop((repository.path, pull.number), None)

    def _note(self, repository: HostedRepository, pull: Pull, body: str, by: str) -> None:
        host = repository.host
        notes = self.notes.setdefault((repository.path, pull.number), [])
        notes.append(SystemNote(host.next_id(), by, body, host.now()))
