"""Comments at a fake host whose issues share their numbers with pull requests: said, changed, and found."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tests.fakes.git_host import GitHost, HostedRepository
from tests.fakes.git_host_model import HUMAN, Comment


class IssueComments:
    """All comments of one host: on pull requests, and on the issues of numbers that no pull request has."""

    def __init__(self, host: GitHost) -> None:
        self._host = host
        self._issues: dict[tuple[str, int], list[Comment]] = {}
        self._edited: dict[int, datetime] = {}

    def say(self, repository: HostedRepository, number: int, body: str, *, by: str = HUMAN) -> int:
        """Comment on a pull request, or on the issue of a number that no pull request has."""
        if number in repository.pulls:
            return repository.comment(number, body, by=by).id
        comment = Comment(self._host.next_id(), by, body, self._host.now())
        self._issues.setdefault((repository.path, number), []).append(comment)
        return comment.id

    def edit(self, repository: HostedRepository, id_: int, body: str, *, at: datetime) -> None:
        """Change a comment."""
        for comments in self.places(repository).values():
            comments[:] = [replace(each, body=body) if each.id == id_ else each for each in comments]
        self._edited[id_] = at

    def places(self, repository: HostedRepository) -> dict[int, list[Comment]]:
        """The comments by pull request and issue."""
        found = {number: pull.comments for number, pull in repository.pulls.items()}
        issues = {number: kept for (path, number), kept in self._issues.items() if path == repository.path}
        return found | issues

    def changed_at(self, comment: Comment) -> datetime:
        """When a comment was written or changed last."""
        return self._edited.get(comment.id, comment.when)
