"""The pull requests of repositories on Gitea, found by branch and by number.

Its API lists all of a repository, and does not ask for a branch's. So they are kept, and a look reads those
that changed since the last one: the list is asked for by the time of the last change, the latest first.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.adapters.forges.gitea.api import GiteaApi
from bot.adapters.forges.gitea.pulls import Found, fitting_body, fitting_title, found
from bot.domain.errors import NotFound
from bot.domain.pull_request.proposal import PullRequest, PullRequestState

_MOST_PAGES = 100
"""Of 50: what changed before that is not looked for, as if it had never been."""


@dataclass
class _Known:
    """What was seen of one repository, up to a moment by the host's own clock."""

    pulls: dict[int, Found] = field(default_factory=dict)
    until: datetime | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class PullRequests:
    """Pull requests as they stand now; those of forks count only by number."""

    def __init__(self, api: GiteaApi) -> None:
        self._api = api
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def one(self, repository: str, number: int) -> Found:
        """One as it is now; `NotFound` when there is none of that number."""
        answer = self._api.attempt("GET", repository, f"/pulls/{number}")
        if answer.status == 200:
            return self._api.read(repository, answer, found)
        if answer.status == 404:
            self._api.get(repository, "", lambda data: data["id"])  # raises where it is out of sight
            raise NotFound(f"{repository} has no pull request {number}")
        raise self._api.failure(repository, answer)

    def of_branch(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """Those of the branch, newest first; the open one is asked for by itself: no list is that fresh."""
        with self._lock:
            known = self._known.setdefault(repository, _Known())
        with known.lock:
            self._catch_up(repository, known)
            listed = [
                each for each in known.pulls.values() if each.is_own and each.pull_request.branch == branch
            ]
        fresh = [
            self.one(repository, each.pull_request.number)
            if each.pull_request.state is PullRequestState.OPEN
            else each
            for each in listed
        ]
        return sorted((each.pull_request for each in fresh), key=lambda pull: pull.number, reverse=True)

    def open_one(self, repository: str, branch: str) -> PullRequest | None:
        """The open one of the branch, or None."""
        pulls = self.of_branch(repository, branch)
        return next((pull for pull in pulls if pull.state is PullRequestState.OPEN), None)

    def revise(self, repository: str, number: int, *, title: str, body: str) -> None:
        """Change title and body; a draft stays one, which its title says."""
        is_draft = self.one(repository, number).pull_request.is_draft
        texts = {"title": fitting_title(title, is_draft=is_draft), "body": fitting_body(body)}
        self.change(repository, number, texts)

    def change(self, repository: str, number: int, change: Mapping[str, Any]) -> None:
        """Change something about one."""
        self._api.send("PATCH", repository, f"/pulls/{number}", change)

    def _catch_up(self, repository: str, known: _Known) -> None:
        listed = self._api.pages(
            repository,
            "/pulls",
            lambda data: [found(each) for each in data],
            query={"state": "all", "sort": "recentupdate"},
            most=_MOST_PAGES,
        )
        latest = known.until
        for page in listed:
            known.pulls |= {each.pull_request.number: each for each in page.items}
            moments = [each.updated_at for each in page.items]
            latest = max([*moments, *([latest] if latest else [])], default=None)
            if known.until is not None and any(moment < known.until for moment in moments):
                break
        known.until = latest
