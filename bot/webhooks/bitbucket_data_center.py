"""The events of Bitbucket Data Center, which was once called Server.

https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlsplit

from bot.domain.fact import UNSAID, Commented, Fact, Pinged, PullRequestChanged
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
    text,
)
from bot.webhooks.reader import Endpoint, Unreadable, each


def _repository(repository: Json, endpoint: Endpoint) -> tuple[str, str]:
    """The path (`KEY/slug`) and the clone address, `…/scm/KEY/slug`, which older servers do not tell."""
    path = f"{text(repository, 'project.key')}/{text(repository, 'slug')}"
    found = [
        known for known in endpoint.repositories if urlsplit(known).path.endswith(f"/scm/{path.lower()}")
    ]
    if not path.isascii() or len(found) != 1:
        raise Unreadable("repository is not a configured repository")
    return path, f"{found[0]}.git"


def _push(body: Json, endpoint: Endpoint) -> Facts:
    here = _repository(mapping(body, "repository"), endpoint)

    def fact(change: Json) -> Fact:
        return moved(
            here, text(change, "ref.id"), git.commit(change, "fromHash"), git.commit(change, "toHash")
        )

    return each(lambda change: fact(change_object(change)), changes(body, "changes"))


def _pull_request(action: str, raw_action: str, body: Json, endpoint: Endpoint) -> Facts:
    pull = mapping(body, "pullRequest")
    repository, _ = _repository(mapping(pull, "toRef.repository"), endpoint)
    merged = action == "merged"
    links = objects(optional_mapping(pull, "links"), "self")
    source = optional_mapping(pull, "fromRef.repository")
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


def _comment(body: Json, endpoint: Endpoint) -> Facts:
    pull = mapping(body, "pullRequest")
    repository, _ = _repository(mapping(pull, "toRef.repository"), endpoint)
    return (
        Commented(
            provider=PROVIDER,
            repository=repository,
            on="PullRequest",
            number=number(pull, "id"),
            body=clean_text(body, "comment.text"),
            author=optional_clean_text(body, "actor.name"),
            url=None,
        ),
    )


_ACTIONS = {
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

EVENTS: Mapping[str, Callable[[Json, Endpoint], Facts]] = {
    "repo:refs_changed": _push,
    **{event: partial(_pull_request, action, event.partition(":")[2]) for event, action in _ACTIONS.items()},
    "pr:comment:added": _comment,
    "pr:comment:edited": _comment,
    "diagnostics:ping": lambda _body, _endpoint: (Pinged(),),
}
"""What is read of which event, by its key."""
