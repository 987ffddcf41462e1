"""What is said below a merge request on GitLab, and beside it: comments, labels, reviewers and their kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.adapters.forges.comments import Comments
from bot.adapters.forges.gitlab.api import GitLabApi
from bot.adapters.forges.gitlab.merge_requests import fitting_body
from bot.domain.errors import NotFound
from bot.domain.pull_request.proposal import Metadata

_MOST_PAGES = 10
_PEOPLE = (("assignees", "assignee_ids"), ("reviewers", "reviewer_ids"))


class Talk(Comments):
    """The part of the port `Forge` that is about people."""

    def __init__(self, api: GitLabApi) -> None:
        self._api = api

    def describe(self, repository: str, number: int, metadata: Metadata) -> Sequence[str]:
        """Add what GitLab shows beside a merge request; return what it did not take, and why."""
        refused: list[str] = []
        change: dict[str, Any] = {}
        if metadata.labels:
            change["add_labels"] = list(metadata.labels)
        if metadata.milestone:
            found = self._milestone(repository, metadata.milestone)
            if found is None:
                refused.append(f"the milestone: {metadata.milestone!r} is not among the active ones")
            else:
                change["milestone_id"] = found
        if metadata.team_reviewers:
            refused.append("the team reviewers: GitLab asks people for reviews, and no groups")
        change |= self._people(repository, number, metadata, refused)
        if change:
            refused += self._changed(repository, number, change)
        return refused

    def _people(
        self, repository: str, number: int, metadata: Metadata, refused: list[str]
    ) -> Mapping[str, list[int]]:
        """The assignees and reviewers to be, with those that are there: GitLab takes whole lists alone."""
        wanted = {"assignees": metadata.assignees, "reviewers": metadata.reviewers}
        if not any(wanted.values()):
            return {}
        path = f"/merge_requests/{number}"
        present = self._api.get(
            repository, path, lambda data: {what: _ids(data[what]) for what, _ in _PEOPLE}
        )
        change: dict[str, list[int]] = {}
        for what, key in _PEOPLE:
            ids = [self._user(name) for name in wanted[what]]
            unknown = [name for name, found in zip(wanted[what], ids, strict=True) if found is None]
            refused += [f"the {what}: GitLab knows no user {name!r}" for name in unknown]
            missing = [found for found in ids if found is not None and found not in present[what]]
            if missing:
                change[key] = [*present[what], *missing]
        return change

    def _changed(self, repository: str, number: int, change: Mapping[str, Any]) -> Iterator[str]:
        """Ask for it all at once, and say what the answer lacks: GitLab leaves out in silence."""
        path = f"/merge_requests/{number}"
        answer = self._api.attempt("put", repository, path, change)
        if answer.status in {400, 422}:
            yield f"the description: {answer.message}"
            return
        if answer.status != 200:
            raise self._api.failure(repository, answer)
        now = self._api.read(repository, answer, lambda data: {what: _ids(data[what]) for what, _ in _PEOPLE})
        for what, key in _PEOPLE:
            left_out = set(change.get(key, ())) - set(now[what])
            if left_out:
                yield f"the {what}: GitLab did not take {len(left_out)} of them, who may have no access"

    def _user(self, name: str) -> int | None:
        users = self._api.users(name, lambda data: {str(each["username"]): int(each["id"]) for each in data})
        return next((number for user, number in users.items() if user.casefold() == name.casefold()), None)

    def _milestone(self, repository: str, title: str) -> int | None:
        by = {"iids[]": title} if title.isascii() and title.isdecimal() else {"title": title}
        parameters = {**by, "state": "active", "include_ancestors": "true"}
        found = self._api.get(
            repository, "/milestones", lambda data: [int(each["id"]) for each in data], parameters=parameters
        )
        return next(iter(found), None)

    def _fitting(self, body: str) -> str:
        return fitting_body(body)

    def _post(self, repository: str, number: int, body: str) -> None:
        path = f"/merge_requests/{number}/notes"
        self._api.send("post", repository, path, {"body": body}, lambda data: data["id"])

    def _holds(self, repository: str, number: int, mark: str) -> bool:
        listed = self._api.pages(
            repository,
            f"/merge_requests/{number}/notes",
            lambda data: [str(note["body"]) for note in data],
            query={"order_by": "created_at", "sort": "asc"},
            most=_MOST_PAGES,
        )
        try:
            return any(mark in body for page in listed for body in page.items)
        except NotFound as error:
            raise NotFound(f"{repository} has no merge request {number}", why=error.why) from error


def _ids(users: Any) -> list[int]:
    return [int(each["id"]) for each in users or ()]
