"""Gitea's words about a pull request, in ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.adapters.forges.fitting import framed, headed
from bot.domain.pull_request.proposal import PullRequest, PullRequestState

_DRAFT = "WIP: "
# https://docs.gitea.com/usage/pull-request: a draft is one whose title begins so; operators may add others.
_DRAFT_TITLE = re.compile(r"^\s*(?:wip:|\[wip\]|draft:|\[draft\])\s*", re.IGNORECASE)
_LONGEST_TITLE = 255
_LONGEST_BODY = 65_000


@dataclass(frozen=True, slots=True)
class Found:
    """A pull request; `is_own` says that it comes from a branch of the repository, and not of a fork."""

    pull_request: PullRequest
    is_own: bool
    updated_at: datetime
    assignees: tuple[str, ...]
    author: str


def found(data: Any) -> Found:
    """Read one pull request; those of a list tell as much as one by itself."""
    state = _state(data)
    is_open = state is PullRequestState.OPEN
    title = str(data["title"])
    is_draft = bool(data.get("draft") or _DRAFT_TITLE.match(title))
    pull = PullRequest(
        number=int(data["number"]),
        url=str(data["html_url"]),
        title=_DRAFT_TITLE.sub("", title),
        body=str(data["body"] or ""),
        branch=str(data["head"]["ref"]),
        base=str(data["base"]["ref"]),
        head=str(data["head"]["sha"]),
        state=state,
        merge_commit=str(data["merge_commit_sha"]) if state is PullRequestState.MERGED else None,
        merged_at=datetime.fromisoformat(data["merged_at"]) if data["merged_at"] else None,
        # Of a draft the host says that it cannot be merged, whatever else is true of it.
        mergeable=bool(data["mergeable"]) if is_open and not is_draft else None,
        blocked_reason="it is a draft" if is_open and is_draft else "",
        is_draft=is_draft,
    )
    return Found(
        pull,
        is_own=data["head"]["repo_id"] == data["base"]["repo_id"],
        updated_at=datetime.fromisoformat(data["updated_at"]),
        assignees=tuple(str(each["login"]) for each in data["assignees"] or ()),
        author=str(data["user"]["login"]),
    )


def fitting_title(title: str, *, is_draft: bool) -> str:
    """The title, cut where the host would refuse it; it says as well whether this is a draft."""
    whole = f"{_DRAFT}{title}" if is_draft else title
    return headed(whole, _LONGEST_TITLE)


def fitting_body(body: str) -> str:
    """The body, cut in its middle where it is too long: both ends may hold what finds it again."""
    return framed(body, _LONGEST_BODY, host="the host")


def _state(data: Any) -> PullRequestState:
    if data["merged"]:
        return PullRequestState.MERGED
    return PullRequestState.OPEN if data["state"] == "open" else PullRequestState.CLOSED
