"""What is said below a pull request on GitHub, and beside it: comments, labels, reviewers and their kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.adapters.forges.comments import Comments
from bot.adapters.forges.github.api import LISTED, GitHubApi
from bot.adapters.forges.github.pulls import fitting_body
from bot.domain.errors import Conflict, Denied, NotFound
from bot.domain.pull_request.proposal import Metadata

_MOST_PAGES = 10


class Talk(Comments):
    """The part of the port `Forge` that is about people."""

    def __init__(self, api: GitHubApi) -> None:
        self._api = api

    def describe(self, repository: str, number: int, metadata: Metadata) -> Sequence[str]:
        """Add what GitHub shows beside a pull request, a call for each kind; return what it did not take."""
        issue, pull = f"/issues/{number}", f"/pulls/{number}"
        wishes: Sequence[tuple[str, str, Mapping[str, Any]]] = (
            ("labels", f"{issue}/labels", {"labels": list(metadata.labels)}),
            ("assignees", f"{issue}/assignees", {"assignees": list(metadata.assignees)}),
            ("reviewers", f"{pull}/requested_reviewers", {"reviewers": list(metadata.reviewers)}),
            (
                "team reviewers",
                f"{pull}/requested_reviewers",
                {"team_reviewers": list(metadata.team_reviewers)},
            ),
        )
        wanted = [each for each in wishes if any(each[2].values())]
        refused = [self._wish(repository, "POST", *each) for each in wanted]
        return [each for each in (*refused, *self._milestone(repository, number, metadata.milestone)) if each]

    def _milestone(self, repository: str, number: int, title: str) -> Iterator[str]:
        if not title:
            return
        known = int(title) if title.isascii() and title.isdecimal() else self._numbered(repository, title)
        if known is None:
            yield f"the milestone: {title!r} is not among the open ones"
            return
        yield self._wish(repository, "PATCH", "milestone", f"/issues/{number}", {"milestone": known})

    def _numbered(self, repository: str, title: str) -> int | None:
        pages = {"state": "open", "per_page": LISTED}
        found = self._api.look(
            repository,
            "/milestones",
            lambda data: {str(each["title"]): int(each["number"]) for each in data},
            parameters=pages,
        )
        return found.get(title)

    def _wish(self, repository: str, verb: str, what: str, path: str, body: Mapping[str, Any]) -> str:
        """Ask for something that is not worth a stop; why it was not done, or nothing."""
        try:
            answer = self._api.attempt(verb, repository, path, body)
        except Denied as error:
            return f"the {what}: {error.why or error.what}"
        if answer.status in {200, 201}:
            return ""
        if answer.status == 409:
            raise Conflict(f"GitHub did not take the {what} of {repository}", why=answer.message)
        return f"the {what}: {answer.message}"

    def _fitting(self, body: str) -> str:
        return fitting_body(body)

    def _post(self, repository: str, number: int, body: str) -> None:
        path = f"/issues/{number}/comments"
        self._api.send("POST", repository, path, {"body": body}, lambda data: data["id"])

    def _holds(self, repository: str, number: int, mark: str) -> bool:
        listed = self._api.pages(
            repository,
            f"/issues/{number}/comments",
            lambda data: [str(comment["body"]) for comment in data],
            most=_MOST_PAGES,
        )
        try:
            return any(mark in body for page in listed for body in page.items)
        except NotFound as error:
            raise NotFound(f"{repository} has no pull request {number}", why=error.why) from error
