"""What is said below a pull request on Bitbucket, and beside it: comments and reviewers."""

from __future__ import annotations

from collections.abc import Sequence

from bot.adapters.forges.bitbucket.host import Host
from bot.adapters.forges.bitbucket.texts import fitting_body
from bot.adapters.forges.comments import Comments
from bot.domain.errors import NotFound
from bot.domain.pull_request.proposal import Metadata


class Talk(Comments):
    """The part of the port `Forge` that is about people. Every comment is looked for before it is made."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def describe(self, repository: str, number: int, metadata: Metadata) -> Sequence[str]:
        """Add the reviewers to those who are there; return one sentence for each kind that was not taken."""
        unknown = {
            "labels": bool(metadata.labels),
            "assignees": bool(metadata.assignees),
            "team reviewers": bool(metadata.team_reviewers),
            "milestone": bool(metadata.milestone),
        }
        refused = [f"the {what}: Bitbucket has none" for what, is_asked in unknown.items() if is_asked]
        return refused + (self._invite(repository, number, metadata.reviewers) if metadata.reviewers else [])

    def _invite(self, repository: str, number: int, names: Sequence[str]) -> list[str]:
        found = self._host.one(repository, number)
        known = {name: self._host.reviewer(repository, name) for name in names}
        refused = [f"the reviewers: nobody is called {name!r}" for name, id_ in known.items() if id_ is None]
        asked = [id_ for id_ in known.values() if id_ is not None and id_ != found.author]
        everybody = list(dict.fromkeys([*found.reviewers, *asked]))
        if everybody == list(found.reviewers):
            return refused
        answer = self._host.change(repository, found, {"reviewers": self._host.reviewer_lists(everybody)})
        if answer.status == 200:
            return refused
        if answer.status == 401 or (answer.status == 409 and "OutOfDate" in answer.exception):
            raise self._host.failure(repository, answer)
        return [*refused, f"the reviewers: {answer.message}"]

    def _fitting(self, body: str) -> str:
        return fitting_body(body)

    def _post(self, repository: str, number: int, body: str) -> None:
        self._host.say(repository, number, body)

    def _holds(self, repository: str, number: int, mark: str) -> bool:
        try:
            bodies = self._host.comments(repository, number)
        except NotFound as error:
            raise NotFound(f"{repository} has no pull request {number}", why=error.why) from error
        return any(mark in body for body in bodies)
