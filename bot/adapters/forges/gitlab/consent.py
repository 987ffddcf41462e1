"""What people and pipelines say of a merge request on GitLab, in the words of `bot.domain.people.consent`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bot.adapters.forges.gitlab.api import GitLabApi
from bot.adapters.forges.gitlab.lookup import MergeRequests
from bot.adapters.forges.paging import gathered
from bot.domain.errors import Refused
from bot.domain.people.consent import Check, CheckState, Opinion, Review

_MOST_PAGES = 10
# https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects
_BOT = re.compile(r"(?:project|group)_\d+_bot(?:_?[0-9a-z]+)?|service_account_\w+")
_PASSED = frozenset({"success", "skipped"})
_ENDED = frozenset({"failed", "canceled"})


def is_bot(name: str) -> bool:
    """Whether an account is that of a token or a service, by its name."""
    return _BOT.fullmatch(name) is not None


class Consents:
    """Reads approvals, reviewers and commit statuses."""

    def __init__(self, api: GitLabApi, requests: MergeRequests) -> None:
        self._api = api
        self._requests = requests

    def reviews(self, repository: str, number: int) -> Sequence[Review]:
        """The last opinion of each reviewer; whether an approval outlives a push is the project's setting.

        GitLab lets nobody approve who could not write (Developer and above), unless a rule names them.
        """
        author = self._requests.one(repository, number).author
        path = f"/merge_requests/{number}"
        approved = self._api.get(
            repository,
            f"{path}/approvals",
            lambda data: [str(each["user"]["username"]) for each in data["approved_by"]],
        )
        asking = self._api.get(
            repository,
            f"{path}/reviewers",
            lambda data: [str(each["user"]["username"]) for each in data if _asks_for_changes(each)],
        )
        opinions = dict.fromkeys(approved, Opinion.APPROVED) | dict.fromkeys(
            asking, Opinion.CHANGES_REQUESTED
        )
        return tuple(
            Review(by, opinion, is_human=not is_bot(by), is_author=by == author)
            for by, opinion in opinions.items()
        )

    def checks(self, repository: str, commit: str) -> Sequence[Check]:
        """The latest word of every job and of every status that somebody else reported for the commit."""
        listed = self._api.pages(
            repository,
            f"/repository/commits/{commit}/statuses",
            lambda data: [Check(str(each["name"]), _state(each)) for each in data],
            most=_MOST_PAGES,
        )
        found, is_whole = gathered(listed)
        if is_whole:
            return tuple(found)
        raise Refused(
            f"commit {commit[:12]} of {repository} has more than {len(found)} checks",
            why="a part of them would look like all",
            fix="let fewer jobs report, or merge by hand",
        )


def _asks_for_changes(reviewer: Any) -> bool:
    return str(reviewer["state"]) == "requested_changes"


def _state(status: Any) -> CheckState:
    """A job that is allowed to fail, or that nobody must start, has succeeded as it does for GitLab."""
    said = str(status["status"])
    is_optional = bool(status["allow_failure"])
    if said in _PASSED or (is_optional and said in {*_ENDED, "manual"}):
        return CheckState.SUCCEEDED
    return CheckState.FAILED if said in _ENDED else CheckState.RUNNING
