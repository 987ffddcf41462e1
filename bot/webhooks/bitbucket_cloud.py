"""The events of Bitbucket Cloud.

https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

from bot.domain.fact import UNSAID, Commented, CommitStatusChanged, Fact, PullRequestChanged
from bot.webhooks import git
from bot.webhooks.bitbucket_push import PROVIDER, Facts, change_object, changes, moved
from bot.webhooks.body import Json
from bot.webhooks.fields import (
    clean_text,
    flag,
    mapping,
    number,
    objects,
    optional_clean_text,
    optional_mapping,
    optional_text,
    text,
)
from bot.webhooks.reader import Endpoint, Unreadable, each

_WHOLE = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_COMMIT_IN_URL = re.compile(r"/commits?/([0-9a-f]{40})(?:/|$)")


def _repository(body: Json, endpoint: Endpoint) -> tuple[str, str]:
    """The path and the clone address: the page of a repository on Cloud is where it is cloned."""
    return git.configured_repository(
        body, endpoint, name="repository.full_name", url="repository.links.html.href"
    )


def _push(body: Json, endpoint: Endpoint) -> Facts:
    repository, clone_url = _repository(body, endpoint)
    default = optional_text(body, "repository.mainbranch.name")

    def fact(change: Json) -> Fact:
        here = optional_mapping(change, "new") or mapping(change, "old")
        prefix = "refs/tags/" if optional_text(here, "type") == "tag" else "refs/heads/"
        ref = f"{prefix}{text(here, 'name')}"
        return moved(
            (repository, clone_url),
            ref,
            git.optional_commit(change, "old.target.hash"),
            git.optional_commit(change, "new.target.hash"),
            forced=flag(change, "forced"),
            commits=len(objects(change, "commits")),
            is_default=ref == f"refs/heads/{default}",
        )

    return each(lambda change: fact(change_object(change)), changes(body, "push.changes"))


def _pull_request(action: str, raw_action: str, body: Json, endpoint: Endpoint) -> Facts:
    repository, _ = _repository(body, endpoint)
    pull = mapping(body, "pullrequest")
    merged = action == "merged"
    return (
        PullRequestChanged(
            provider=PROVIDER,
            action=action,
            raw_action=raw_action,
            repository=repository,
            number=number(pull, "id"),
            state=clean_text(pull, "state"),
            merged=merged,
            draft=flag(pull, "draft"),
            base_ref=git.branch(pull, "destination.branch.name"),
            base_sha=_whole(pull, "destination.commit.hash"),
            head_ref=git.branch(pull, "source.branch.name"),
            head_sha=_whole(pull, "source.commit.hash"),
            head_repository=optional_clean_text(pull, "source.repository.full_name"),
            merge_commit_sha=_whole(pull, "merge_commit.hash") if merged else None,
            title=clean_text(pull, "title"),
            url=optional_clean_text(pull, "links.html.href"),
            old_head_sha=UNSAID,
        ),
    )


def _whole(source: Json, path: str) -> str | None:
    """A commit id; None where Cloud gives its first twelve digits only."""
    found = optional_text(source, path)
    return found if found and _WHOLE.fullmatch(found) else None


def _status(body: Json, endpoint: Endpoint) -> Facts:
    repository, _ = _repository(body, endpoint)
    status = mapping(body, "commit_status")
    return (
        CommitStatusChanged(
            provider=PROVIDER,
            repository=repository,
            sha=_status_commit(status),
            context=clean_text(status, "key"),
            state=clean_text(status, "state"),
            url=optional_clean_text(status, "url"),
        ),
    )


def _status_commit(status: Json) -> str:
    """The commit, which older bodies tell only within the address of a link."""
    given = _whole(status, "commit.hash")
    if given is not None:
        return given
    found = _COMMIT_IN_URL.search(optional_text(status, "links.commit.href") or "")
    if found is None:
        raise Unreadable("missing commit_status.commit.hash")
    return found[1]


def _comment(body: Json, endpoint: Endpoint) -> Facts:
    repository, _ = _repository(body, endpoint)
    return (
        Commented(
            provider=PROVIDER,
            repository=repository,
            on="PullRequest",
            number=number(body, "pullrequest.id"),
            body=clean_text(body, "comment.content.raw"),
            author=optional_clean_text(body, "actor.nickname"),
            url=optional_clean_text(body, "comment.links.html.href"),
        ),
    )


_ACTIONS = {
    "pullrequest:created": "opened",
    "pullrequest:updated": "edited",
    "pullrequest:fulfilled": "merged",
    "pullrequest:rejected": "closed",
    "pullrequest:approved": "edited",
    "pullrequest:unapproved": "edited",
    "pullrequest:changes_request_created": "edited",
    "pullrequest:changes_request_removed": "edited",
}
"""`updated` does not say whether commits came or only the title changed."""

EVENTS: Mapping[str, Callable[[Json, Endpoint], Facts]] = {
    "repo:push": _push,
    "repo:commit_status_created": _status,
    "repo:commit_status_updated": _status,
    **{event: partial(_pull_request, action, event.partition(":")[2]) for event, action in _ACTIONS.items()},
    "pullrequest:comment_created": _comment,
    "pullrequest:comment_updated": _comment,
}
"""What is read of which event, by its key."""
