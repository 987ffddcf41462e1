"""Merge requests of projects on GitLab as they stand now, and what is changed about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.adapters.forges.gitlab.api import GitLabApi
from bot.adapters.forges.gitlab.branches import Branches
from bot.adapters.forges.gitlab.merge_requests import Found, fitting_body, fitting_title, found
from bot.adapters.forges.gitlab.transport import Answer
from bot.adapters.forges.paging import gathered
from bot.domain.errors import NotFound
from bot.domain.pull_request.proposal import PullRequest, PullRequestState

_MOST_PAGES = 10


class MergeRequests:
    """Finds merge requests by number or by branch; those of forks count only by number."""

    def __init__(self, api: GitLabApi, branches: Branches) -> None:
        self._api = api
        self._branches = branches
        # GitLab says by the title that one is a draft, so that a new title must say it again.
        self._drafts: set[tuple[str, int]] = set()

    def one(self, repository: str, number: int) -> Found:
        """One as it is now; `NotFound` when there is none of that number."""
        answer = self._api.attempt("get", repository, f"/merge_requests/{number}")
        if answer.status == 200:
            return self.read(repository, answer)
        if answer.status == 404:
            self._branches.default(repository)  # raises where the project itself is out of sight
            raise NotFound(f"{repository} has no merge request {number}")
        raise self._api.failure(repository, answer)

    def of_branch(self, repository: str, branch: str, *, state: str = "all") -> Sequence[Found]:
        """Those of the branch, newest first; GitLab is asked to judge them anew."""
        query = {
            "source_branch": branch,
            "state": state,
            "order_by": "created_at",
            "sort": "desc",
            "with_merge_status_recheck": "true",
        }
        pages = self._api.pages(
            repository,
            "/merge_requests",
            lambda data: [self._noticed(repository, found(each)) for each in data],
            query=query,
            most=_MOST_PAGES,
        )
        listed = [each for each in gathered(pages)[0] if each.is_own and each.pull_request.branch == branch]
        return sorted(listed, key=lambda each: each.pull_request.number, reverse=True)

    def open_one(self, repository: str, branch: str) -> PullRequest | None:
        """The open one of the branch, or None."""
        listed = self.of_branch(repository, branch, state="opened")
        return next((each.pull_request for each in listed), None)

    def read(self, repository: str, answer: Answer) -> Found:
        """What an answer about one says."""
        return self._noticed(repository, self._api.read(repository, answer, found))

    def revise(self, repository: str, number: int, *, title: str, body: str) -> None:
        """Change title and description; a draft stays one."""
        is_draft = (repository, number) in self._drafts
        texts = {"title": fitting_title(title, is_draft=is_draft), "description": fitting_body(body)}
        self.change(repository, number, texts)

    def change(self, repository: str, number: int, change: Mapping[str, Any]) -> None:
        """Change something about one."""
        self._api.send("put", repository, f"/merge_requests/{number}", change, lambda data: data["iid"])

    def notice(self, repository: str, pull: PullRequest) -> None:
        """Say how one was seen: what `revise` writes keeps it a draft, or keeps it none."""
        is_draft = pull.is_draft and pull.state is PullRequestState.OPEN
        change = self._drafts.add if is_draft else self._drafts.discard
        change((repository, pull.number))

    def _noticed(self, repository: str, seen: Found) -> Found:
        self.notice(repository, seen.pull_request)
        return seen
