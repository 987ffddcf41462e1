"""What is said below a pull request on GitHub, and beside it: comments, labels, reviewers and their kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.adapters.forges.github.api import GitHubApi
from bot.adapters.forges.github.pulls import fitting_body
from bot.adapters.forges.rules import comment_mark, marked
from bot.domain.errors import Conflict, Denied, NotFound, Unreachable
from bot.domain.pull_request.proposal import Metadata

_LISTED = 100
_MOST_PAGES = 10


class Talk:
    """The part of the port `Forge` that is about people. Every comment is looked for before it is made."""

    def __init__(self, api: GitHubApi) -> None:
        self._api = api

    def comment(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Comment once: the key, hidden at the end, finds it again."""
        self._say(repository, number, fitting_body(marked(body, key)), comment_mark(key))

    def last_words(self, repository: str, number: int, body: str) -> None:
        """Comment once: the whole text finds it again, as it does in those made before a crash."""
        fitting = fitting_body(body)
        if fitting:
            self._say(repository, number, fitting, fitting)

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
        pages = {"state": "open", "per_page": _LISTED}
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

    def _say(self, repository: str, number: int, body: str, mark: str) -> None:
        if self._has_comment(repository, number, mark):
            return
        path = f"/issues/{number}/comments"
        try:
            self._api.send("POST", repository, path, {"body": body}, lambda data: data["id"])
        except Unreachable:
            if not self._has_comment(repository, number, mark):
                raise

    def _has_comment(self, repository: str, number: int, mark: str) -> bool:
        for page in range(1, _MOST_PAGES + 1):
            try:
                bodies = self._api.look(
                    repository,
                    f"/issues/{number}/comments",
                    lambda data: [str(comment["body"]) for comment in data],
                    parameters={"per_page": _LISTED, "page": page},
                )
            except NotFound as error:
                raise NotFound(f"{repository} has no pull request {number}", why=error.why) from error
            if any(mark in body for body in bodies):
                return True
            if len(bodies) < _LISTED:
                return False
        return False
