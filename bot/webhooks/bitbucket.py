"""Bitbucket: the pushes, pull requests, statuses and comments of Cloud, and of Data Center (once Server).

https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/
https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html
Both name the event in `X-Event-Key` and sign with `X-Hub-Signature: sha256=…`. Neither gives the address
that is cloned, so the repository is found among the configured ones by its host or its path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlsplit

from bot.domain.fact import (
    UNSAID,
    BranchMoved,
    Commented,
    CommitStatusChanged,
    Fact,
    Ignored,
    Pinged,
    PullRequestChanged,
)
from bot.webhooks import git
from bot.webhooks.auth import hub_signature
from bot.webhooks.body import Json, decode
from bot.webhooks.fields import (
    clean_text,
    flag,
    mapping,
    number,
    objects,
    optional_clean_text,
    optional_mapping,
    optional_text,
    sequence,
    text,
    word,
)
from bot.webhooks.reader import (
    Endpoint,
    Reading,
    Rejected,
    Request,
    Unreadable,
    attempt,
    delivery_key,
    each,
    refuse_bounds,
)

_PROVIDER = "bitbucket"
_CONTENT_TYPES = frozenset({"application/json"})
_MOST_CHANGES = 100
_WHOLE = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_COMMIT_IN_URL = re.compile(r"/commits?/([0-9a-f]{40})(?:/|$)")


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read one event; a push of several branches and tags gives a fact for each."""
    return (
        refuse_bounds(request, endpoint, _CONTENT_TYPES)
        or hub_signature(request, endpoint.secrets, "X-Hub-Signature")
        or attempt(_parse, request, endpoint)
    )


def _parse(request: Request, endpoint: Endpoint) -> Reading:
    event = request.header("X-Event-Key")
    if not event:
        raise Unreadable("no X-Event-Key header")
    body = decode(request.body)
    facts_of = _EVENTS.get(event)
    facts = facts_of(body, endpoint) if facts_of else (Ignored(reason=f"event {word(event)}"),)
    key = request.header("X-Request-UUID") or request.header("X-Request-Id")
    return Reading(delivery_key(key, request), facts)


_Facts = tuple[Fact, ...]


def _cloud(body: Json, endpoint: Endpoint) -> tuple[str, str]:
    """The path and the clone address: the page of a repository on Cloud is where it is cloned."""
    return git.configured_repository(
        body, endpoint, name="repository.full_name", url="repository.links.html.href"
    )


def _data_center(repository: Json, endpoint: Endpoint) -> tuple[str, str]:
    """The path (`KEY/slug`) and the clone address, `…/scm/KEY/slug`, which older servers do not tell."""
    path = f"{text(repository, 'project.key')}/{text(repository, 'slug')}"
    found = [
        known for known in endpoint.repositories if urlsplit(known).path.endswith(f"/scm/{path.lower()}")
    ]
    if not path.isascii() or len(found) != 1:
        raise Unreadable("repository is not a configured repository")
    return path, f"{found[0]}.git"


def _cloud_push(body: Json, endpoint: Endpoint) -> _Facts:
    repository, clone_url = _cloud(body, endpoint)
    default = optional_text(body, "repository.mainbranch.name")

    def moved(change: Json) -> Fact:
        here = optional_mapping(change, "new") or mapping(change, "old")
        prefix = "refs/tags/" if optional_text(here, "type") == "tag" else "refs/heads/"
        ref = f"{prefix}{text(here, 'name')}"
        return _moved(
            (repository, clone_url),
            ref,
            git.optional_commit(change, "old.target.hash"),
            git.optional_commit(change, "new.target.hash"),
            forced=flag(change, "forced"),
            commits=len(objects(change, "commits")),
            is_default=ref == f"refs/heads/{default}",
        )

    return each(lambda change: moved(_object(change)), _changes(body, "push.changes"))


def _data_center_push(body: Json, endpoint: Endpoint) -> _Facts:
    here = _data_center(mapping(body, "repository"), endpoint)

    def moved(change: Json) -> Fact:
        return _moved(
            here, text(change, "ref.id"), git.commit(change, "fromHash"), git.commit(change, "toHash")
        )

    return each(lambda change: moved(_object(change)), _changes(body, "changes"))


def _changes(body: Json, path: str) -> list[object]:
    found = list(sequence(body, path))
    if not found or len(found) > _MOST_CHANGES:
        raise Unreadable("too many changes" if found else "no changes")
    return found


def _object(change: object) -> Json:
    if not isinstance(change, dict):
        raise Unreadable("a change is not an object")
    return change


def _moved(
    repository: tuple[str, str],
    ref: str,
    before: str | None,
    after: str | None,
    *,
    forced: bool | None = None,
    commits: int = 0,
    is_default: bool = False,
) -> BranchMoved:
    if not git.is_ref(ref):
        raise Unreadable("ref is not a ref")
    return BranchMoved(
        provider=_PROVIDER,
        repository=repository[0],
        clone_url=repository[1],
        ref=ref,
        before=before,
        after=after,
        created=before is None,
        deleted=after is None,
        forced=forced,
        commits=commits,
        changed_paths=(),
        changed_paths_complete=False,
        is_default_branch=is_default,
    )


def _cloud_pull_request(action: str, raw_action: str, body: Json, endpoint: Endpoint) -> _Facts:
    repository, _ = _cloud(body, endpoint)
    pull = mapping(body, "pullrequest")
    merged = action == "merged"
    return (
        PullRequestChanged(
            provider=_PROVIDER,
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


def _data_center_pull_request(action: str, raw_action: str, body: Json, endpoint: Endpoint) -> _Facts:
    pull = mapping(body, "pullRequest")
    repository, _ = _data_center(mapping(pull, "toRef.repository"), endpoint)
    merged = action == "merged"
    links = objects(optional_mapping(pull, "links"), "self")
    source = optional_mapping(pull, "fromRef.repository")
    return (
        PullRequestChanged(
            provider=_PROVIDER,
            action=action,
            raw_action=raw_action,
            repository=repository,
            number=number(pull, "id"),
            state=clean_text(pull, "state"),
            merged=merged,
            draft=flag(pull, "draft"),
            base_ref=_short(pull, "toRef.id"),
            base_sha=git.optional_commit(pull, "toRef.latestCommit"),
            head_ref=_short(pull, "fromRef.id"),
            head_sha=git.optional_commit(pull, "fromRef.latestCommit"),
            head_repository=f"{clean_text(source, 'project.key')}/{clean_text(source, 'slug')}"
            if source
            else None,
            merge_commit_sha=git.optional_commit(pull, "properties.mergeCommit.id") if merged else None,
            title=clean_text(pull, "title"),
            url=optional_clean_text(links[0], "href") if links else None,
            old_head_sha=git.optional_commit(body, "previousFromHash") if action == "updated" else UNSAID,
        ),
    )


def _short(pull: Json, path: str) -> str:
    return git.ref(pull, path).removeprefix("refs/heads/")


def _whole(source: Json, path: str) -> str | None:
    """A commit id; None where Cloud gives its first twelve digits only."""
    found = optional_text(source, path)
    return found if found and _WHOLE.fullmatch(found) else None


def _cloud_status(body: Json, endpoint: Endpoint) -> _Facts:
    repository, _ = _cloud(body, endpoint)
    status = mapping(body, "commit_status")
    return (
        CommitStatusChanged(
            provider=_PROVIDER,
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
    found = _COMMIT_IN_URL.search(optional_text(status, "links.commit.href") or "")
    if given is None and found is None:
        raise Unreadable("missing commit_status.commit.hash")
    return given or (found[1] if found else "")


def _cloud_comment(body: Json, endpoint: Endpoint) -> _Facts:
    repository, _ = _cloud(body, endpoint)
    return (
        Commented(
            provider=_PROVIDER,
            repository=repository,
            on="PullRequest",
            number=number(body, "pullrequest.id"),
            body=clean_text(body, "comment.content.raw"),
            author=optional_clean_text(body, "actor.nickname"),
            url=optional_clean_text(body, "comment.links.html.href"),
        ),
    )


def _data_center_comment(body: Json, endpoint: Endpoint) -> _Facts:
    pull = mapping(body, "pullRequest")
    repository, _ = _data_center(mapping(pull, "toRef.repository"), endpoint)
    return (
        Commented(
            provider=_PROVIDER,
            repository=repository,
            on="PullRequest",
            number=number(pull, "id"),
            body=clean_text(body, "comment.text"),
            author=optional_clean_text(body, "actor.name"),
            url=None,
        ),
    )


_CLOUD_ACTIONS = {
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

_DATA_CENTER_ACTIONS = {
    "pr:opened": "opened",
    "pr:from_ref_updated": "updated",
    "pr:modified": "edited",
    "pr:merged": "merged",
    "pr:declined": "closed",
    "pr:deleted": "closed",
    "pr:reopened": "opened",
    "pr:reviewer:updated": "edited",
    "pr:reviewer:approved": "edited",
    "pr:reviewer:unapproved": "edited",
    "pr:reviewer:needs_work": "edited",
    "pr:reviewer:changes_requested": "edited",
}

_EVENTS: Mapping[str, Callable[[Json, Endpoint], _Facts]] = {
    "repo:push": _cloud_push,
    "repo:refs_changed": _data_center_push,
    "repo:commit_status_created": _cloud_status,
    "repo:commit_status_updated": _cloud_status,
    **{
        event: partial(_cloud_pull_request, action, event.partition(":")[2])
        for event, action in _CLOUD_ACTIONS.items()
    },
    **{
        event: partial(_data_center_pull_request, action, event.partition(":")[2])
        for event, action in _DATA_CENTER_ACTIONS.items()
    },
    "pullrequest:comment_created": _cloud_comment,
    "pullrequest:comment_updated": _cloud_comment,
    "pr:comment:added": _data_center_comment,
    "pr:comment:edited": _data_center_comment,
    "diagnostics:ping": lambda _body, _endpoint: (Pinged(),),
}
