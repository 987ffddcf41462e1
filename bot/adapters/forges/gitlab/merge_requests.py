"""GitLab's words about a merge request, in ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.adapters.forges.fitting import framed, headed
from bot.domain.pull_request.proposal import PullRequest, PullRequestState

# https://docs.gitlab.com/api/merge_requests/#merge-status
UNDECIDED = frozenset({"checking", "unchecked", "preparing", "approvals_syncing"})
"""GitLab has not made up its mind: nothing is known, and a merge may be refused for no reason."""
_REBUILT = frozenset({"conflict", "need_rebase", "broken_status", "commits_status"})
"""No block: a fresh write onto the branch solves these."""
_BLOCKED = {
    "blocked_status": "another merge request blocks it",
    "merge_request_blocked": "another merge request blocks it",
    "ci_must_pass": "a pipeline must succeed first",
    "ci_still_running": "a pipeline still runs",
    "code_owners_approval": "a code owner must approve it first",
    "discussions_not_resolved": "a discussion must be resolved first",
    "draft_status": "it is a draft",
    "external_status_checks": "a status check must pass first",
    "status_checks_must_pass": "a status check must pass first",
    "jira_association_missing": "its title must name an issue of Jira",
    "locked_paths": "somebody locked a path that it changes",
    "locked_lfs_files": "somebody locked a file that it changes",
    "merge_time": "it may not be merged before its time",
    "not_approved": "an approval is missing",
    "requested_changes": "a reviewer asked for changes",
    "security_policy_violations": "a security policy is not met",
    "security_policy_pipeline_check": "a pipeline of a security policy must succeed first",
    "title_regex": "its title does not have the form that the project asks for",
}
_STATES = {"merged": PullRequestState.MERGED, "closed": PullRequestState.CLOSED}
_LONGEST_TITLE = 255
_DRAFT = "Draft: "
# https://docs.gitlab.com/user/project/merge_requests/drafts/: a draft is one whose title begins so.
_DRAFT_TITLE = re.compile(r"^\s*(?:draft:|\[draft\]|\(draft\))\s*", re.IGNORECASE)
_LONGEST_BODY = 1_000_000
# https://docs.gitlab.com/user/project/quick_actions/: such a line is carried out, and not shown.
_QUICK_ACTION = re.compile(r"^([ \t]*)/(?=[A-Za-z])", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Found:
    """A merge request; `is_own` says that it comes from a branch of the project, and not of a fork."""

    pull_request: PullRequest
    is_own: bool
    status: str
    """GitLab's own word on whether it may be merged."""
    author: str


def found(data: Any) -> Found:
    """Read one merge request; those of a list tell as much as one by itself."""
    return Found(
        pull_request(data),
        is_own=data["source_project_id"] == data["target_project_id"],
        status=str(data["detailed_merge_status"]),
        author=str(data["author"]["username"]),
    )


def pull_request(data: Any) -> PullRequest:
    """Read the pull request that a merge request is."""
    state = _STATES.get(str(data["state"]), PullRequestState.OPEN)
    status = str(data["detailed_merge_status"])
    is_open = state is PullRequestState.OPEN
    return PullRequest(
        number=int(data["iid"]),
        url=str(data["web_url"]),
        title=_DRAFT_TITLE.sub("", str(data["title"])),
        body=str(data["description"] or ""),
        branch=str(data["source_branch"]),
        base=str(data["target_branch"]),
        head=str(data["sha"] or ""),
        state=state,
        merge_commit=_merge_commit(data) if state is PullRequestState.MERGED else None,
        merged_at=datetime.fromisoformat(data["merged_at"]) if data["merged_at"] else None,
        mergeable=_mergeable(status, has_conflicts=bool(data["has_conflicts"])) if is_open else None,
        blocked_reason=_blocked(status) if is_open else "",
        is_draft=bool(data["draft"]),
        is_armed=is_open and bool(data["merge_when_pipeline_succeeds"]),
    )


def fitting_title(title: str, *, is_draft: bool) -> str:
    """The title, cut where GitLab would refuse it; it says as well whether this is a draft."""
    whole = f"{_DRAFT}{title}" if is_draft else title
    return headed(whole, _LONGEST_TITLE)


def fitting_body(body: str) -> str:
    """The text, with nothing in it that GitLab would carry out, cut in its middle where it is too long."""
    return framed(_QUICK_ACTION.sub(r"\1\\/", body), _LONGEST_BODY, host="GitLab")


def _merge_commit(data: Any) -> str:
    """The commit on the base; where it was fast-forwarded, that is the head, or the squashed commit."""
    return str(data["merge_commit_sha"] or data["squash_commit_sha"] or data["sha"])


def _mergeable(status: str, *, has_conflicts: bool) -> bool | None:
    if status in UNDECIDED:
        return None
    return not has_conflicts and status not in _REBUILT


def _blocked(status: str) -> str:
    if status == "mergeable" or status in UNDECIDED | _REBUILT:
        return ""
    return _BLOCKED.get(status, f"GitLab says {status[:80]!r}")
