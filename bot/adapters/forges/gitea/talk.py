"""What is said below a pull request on Gitea, and beside it: comments, labels, reviewers and their kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.adapters.forges.comments import Comments
from bot.adapters.forges.gitea.api import GiteaApi
from bot.adapters.forges.gitea.listing import PullRequests
from bot.adapters.forges.gitea.pulls import fitting_body
from bot.domain.errors import Conflict, NotFound
from bot.domain.pull_request.proposal import Metadata


class Talk(Comments):
    """The part of the port `Forge` that is about people."""

    def __init__(self, api: GiteaApi, pulls: PullRequests) -> None:
        self._api = api
        self._pulls = pulls

    def describe(self, repository: str, number: int, metadata: Metadata) -> Sequence[str]:
        """Add what is shown beside a pull request, a call for each kind; return what was not taken."""
        issue, pull = f"/issues/{number}", f"/pulls/{number}"
        refused: list[str] = []
        if metadata.labels:
            body = {"labels": list(metadata.labels)}
            refused.append(self._wish(repository, "POST", "labels", f"{issue}/labels", body))
        if metadata.assignees:
            present = self._pulls.one(repository, number).assignees
            everyone = list(dict.fromkeys([*present, *metadata.assignees]))
            refused.append(self._wish(repository, "PATCH", "assignees", issue, {"assignees": everyone}))
        for what, people in (("reviewers", metadata.reviewers), ("team_reviewers", metadata.team_reviewers)):
            if people:
                path, words = f"{pull}/requested_reviewers", what.replace("_", " ")
                refused.append(self._wish(repository, "POST", words, path, {what: list(people)}))
        if metadata.milestone:
            refused.append(self._milestone(repository, issue, metadata.milestone))
        return [each for each in refused if each]

    def _milestone(self, repository: str, issue: str, title: str) -> str:
        known = self._api.get(
            repository,
            "/milestones",
            lambda data: {str(each["title"]): int(each["id"]) for each in data},
            parameters={"state": "open", "limit": 50},
        )
        number = int(title) if title.isascii() and title.isdecimal() else known.get(title)
        if number is None:
            return f"the milestone: {title!r} is not among the open ones"
        return self._wish(repository, "PATCH", "milestone", issue, {"milestone": number})

    def _wish(self, repository: str, verb: str, what: str, path: str, body: Mapping[str, Any]) -> str:
        """Ask for something that is not worth a stop; why it was not done, or nothing."""
        answer = self._api.attempt(verb, repository, path, body)
        if answer.status in {200, 201, 204}:
            return ""
        if answer.status == 409:
            raise Conflict(f"the {what} of {repository} were not taken", why=answer.message)
        if answer.status == 401:
            raise self._api.failure(repository, answer)
        return f"the {what}: {answer.message}"

    def _fitting(self, body: str) -> str:
        return fitting_body(body)

    def _post(self, repository: str, number: int, body: str) -> None:
        self._api.send("POST", repository, f"/issues/{number}/comments", {"body": body})

    def _holds(self, repository: str, number: int, mark: str) -> bool:
        try:
            bodies = self._api.get(
                repository,
                f"/issues/{number}/comments",
                lambda data: [str(comment["body"]) for comment in data],
            )
        except NotFound as error:
            raise NotFound(f"{repository} has no pull request {number}", why=error.why) from error
        return any(mark in body for body in bodies)
