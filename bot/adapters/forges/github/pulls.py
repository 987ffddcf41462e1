"""GitHub's words about a pull request, in ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.adapters.forges.fitting import framed, headed
from bot.adapters.forges.github.repositories import Known, known
from bot.domain.pull_request.proposal import PullRequest, PullRequestState

# https://docs.github.com/graphql/reference/enums#mergestatestatus, which REST gives in lower case. Conflicts
# ("dirty") are no block: `mergeable` is False then, and a fresh write onto the branch solves them.
_BLOCKED = {
    "behind": "the branch must be brought up to date with its base first",
    "blocked": "a required check or review is missing",
    "draft": "it is a draft",
}
_BEHIND, _DOUBTFUL = "behind", "unstable"
_DOUBT = "a check failed or still runs, though none that is required"
_LONGEST_TITLE = 256
_LONGEST_BODY = 65_536


@dataclass(frozen=True, slots=True)
class Found:
    """A pull request; `is_own` says that it comes from a branch of the repository, and not of a fork."""

    pull_request: PullRequest
    is_own: bool


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: the pull requests that count, and how many there were in all.

    `repository` is told along by every entry.
    """

    pull_requests: tuple[PullRequest, ...]
    length: int
    repository: Known | None


def pull_request(data: Any) -> PullRequest:
    """Read one pull request; those of a list tell nothing on merging, so that `mergeable` is None."""
    state = _state(data)
    is_open = state is PullRequestState.OPEN
    state_of_merge = str(data.get("mergeable_state")) if is_open else ""
    return PullRequest(
        number=int(data["number"]),
        url=str(data["html_url"]),
        title=str(data["title"]),
        body=str(data["body"] or ""),
        branch=str(data["head"]["ref"]),
        base=str(data["base"]["ref"]),
        head=str(data["head"]["sha"]),
        state=state,
        # Before the merge it names a trial merge that no branch holds.
        merge_commit=data["merge_commit_sha"] if state is PullRequestState.MERGED else None,
        merged_at=datetime.fromisoformat(data["merged_at"]) if data["merged_at"] else None,
        mergeable=data.get("mergeable") if is_open else None,
        is_draft=bool(data.get("draft")),
        blocked_reason=_BLOCKED.get(state_of_merge, ""),
        doubt=_DOUBT if state_of_merge == _DOUBTFUL else "",
        is_behind=state_of_merge == _BEHIND,
        is_armed=is_open and data.get("auto_merge") is not None,
    )


def found(data: Any) -> Found:
    """Read one pull request, and whether it comes from the repository itself."""
    return Found(pull_request(data), is_own=_is_own(data))


def found_from(data: Any, branch: str) -> Page:
    """Read a page of a list: those from that branch of the very repository.

    A fork's branch may have the same name, and its owner may be the repository's.
    """
    own = [item for item in data if _is_own(item) and item["head"]["ref"] == branch]
    repository = known(data[0]["base"]["repo"]) if data else None
    return Page(tuple(pull_request(item) for item in own), len(data), repository)


def fitting_title(title: str) -> str:
    """The title, cut where GitHub would refuse it."""
    return headed(title, _LONGEST_TITLE)


def fitting_body(body: str) -> str:
    """The body, cut in its middle where GitHub would refuse it: both ends may hold what finds it again."""
    return framed(body, _LONGEST_BODY, host="GitHub")


def _state(data: Any) -> PullRequestState:
    if data["merged_at"]:
        return PullRequestState.MERGED
    return PullRequestState.OPEN if data["state"] == "open" else PullRequestState.CLOSED


def _is_own(data: Any) -> bool:
    source = data["head"]["repo"]  # null once a fork is deleted
    return source is not None and bool(source["id"] == data["base"]["repo"]["id"])
