"""Pull requests of repositories on GitHub as they stand now, found by branch and by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.adapters.forges.github.api import LISTED, GitHubApi
from bot.adapters.forges.github.pulls import Found, fitting_body, fitting_title, found, found_from
from bot.adapters.forges.github.repositories import Repositories
from bot.domain.errors import NotFound
from bot.domain.pull_request.proposal import PullRequest, PullRequestState

_MOST_PAGES = 10


class PullRequests:
    """Finds pull requests; those of forks count only by number."""

    def __init__(self, api: GitHubApi, repositories: Repositories) -> None:
        self._api = api
        self._repositories = repositories

    def one(self, repository: str, number: int) -> Found:
        """One as it is now; `NotFound` when there is none of that number."""
        try:
            return self._api.look(repository, f"/pulls/{number}", found)
        except NotFound as error:
            self._repositories.default_branch(
                repository
            )  # raises where the repository itself is out of sight
            raise NotFound(f"{repository} has no pull request {number}") from error

    def of_branch(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """Those of the branch, newest first.

        The open one costs a call more: a list does not say whether it may be merged.
        """
        return tuple(
            self.one(repository, pull.number).pull_request if pull.state is PullRequestState.OPEN else pull
            for pull in self._listed(repository, branch)
        )

    def open_one(self, repository: str, branch: str) -> PullRequest | None:
        """The open one of the branch as a list has it, or None."""
        listed = self._listed(repository, branch)
        return next((pull for pull in listed if pull.state is PullRequestState.OPEN), None)

    def revise(self, repository: str, number: int, *, title: str, body: str) -> None:
        """Change title and body."""
        self.change(repository, number, {"title": fitting_title(title), "body": fitting_body(body)})

    def change(self, repository: str, number: int, change: Mapping[str, Any]) -> None:
        """Change something about one."""
        self._api.send("PATCH", repository, f"/pulls/{number}", change, lambda data: data["number"])

    def _listed(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """Every pull request of the branch, newest first."""
        owner = repository.partition("/")[0]
        query = {"head": f"{owner}:{branch}", "state": "all", "sort": "created", "direction": "desc"}
        pulls: list[PullRequest] = []
        for page in range(1, _MOST_PAGES + 1):
            part = self._api.look(
                repository,
                "/pulls",
                lambda data: found_from(data, branch),
                parameters={**query, "per_page": LISTED, "page": page},
            )
            pulls += part.pull_requests
            if part.repository:
                self._repositories.tell(repository, part.repository)
            if part.length < LISTED:
                break
        return pulls
