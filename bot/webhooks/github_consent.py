"""What GitHub says of a pull request's way to its merge: reviews, checks, statuses, and the merge queue.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

import re

from bot.domain.fact import (
    CheckRunChanged,
    CheckSuiteChanged,
    CommitStatusChanged,
    Fact,
    MergeQueueMoved,
    Reviewed,
)
from bot.webhooks import git
from bot.webhooks.body import Json
from bot.webhooks.fields import clean_text, mapping, number, objects, optional_clean_text, text
from bot.webhooks.reader import Endpoint, Unreadable

PROVIDER = "github"
_QUEUED = re.compile(r"/pr-(?P<number>[0-9]{1,10})-[0-9a-f]{40,64}\Z")
"""How the name of a merge queue's branch ends, as GitHub writes it today."""


def review(body: Json, endpoint: Endpoint) -> Fact:
    """A review was submitted, edited or dismissed."""
    given, pull = mapping(body, "review"), mapping(body, "pull_request")
    repository, _ = git.configured_repository(body, endpoint)
    return Reviewed(
        provider=PROVIDER,
        repository=repository,
        number=number(pull, "number"),
        action=clean_text(body, "action"),
        state=clean_text(given, "state"),
        sha=git.optional_commit(given, "commit_id"),
        author=optional_clean_text(given, "user.login"),
        url=optional_clean_text(given, "html_url"),
    )


def merge_group(body: Json, endpoint: Endpoint) -> Fact:
    """The merge queue asks for checks of what it is about to merge, or drops it: merged, or not."""
    group = mapping(body, "merge_group")
    repository, _ = git.configured_repository(body, endpoint)
    base, head = text(group, "base_ref"), text(group, "head_ref")
    if not (git.is_ref(base) and git.is_ref(head)):
        raise Unreadable("ref is not a ref")
    found = _QUEUED.search(head)
    return MergeQueueMoved(
        provider=PROVIDER,
        repository=repository,
        action=clean_text(body, "action"),
        reason=optional_clean_text(body, "reason"),
        base_ref=base.removeprefix("refs/heads/"),
        sha=git.known_commit(group, "head_sha"),
        number=int(found["number"]) if found else None,
    )


def check_suite(body: Json, endpoint: Endpoint) -> Fact:
    """All checks of an App on a commit moved on."""
    suite = mapping(body, "check_suite")
    repository, _ = git.configured_repository(body, endpoint)
    return CheckSuiteChanged(
        provider=PROVIDER,
        repository=repository,
        sha=git.known_commit(suite, "head_sha"),
        head_branch=optional_clean_text(suite, "head_branch"),
        app=optional_clean_text(suite, "app.slug") or optional_clean_text(suite, "app.name"),
        status=optional_clean_text(suite, "status"),
        conclusion=optional_clean_text(suite, "conclusion"),
        pull_requests=_pull_requests(suite),
    )


def check_run(body: Json, endpoint: Endpoint) -> Fact:
    """One check moved on."""
    run = mapping(body, "check_run")
    repository, _ = git.configured_repository(body, endpoint)
    return CheckRunChanged(
        provider=PROVIDER,
        repository=repository,
        sha=git.known_commit(run, "head_sha"),
        name=clean_text(run, "name"),
        status=optional_clean_text(run, "status"),
        conclusion=optional_clean_text(run, "conclusion"),
        pull_requests=_pull_requests(run),
    )


def _pull_requests(check: Json) -> tuple[int, ...]:
    return tuple(number(pull, "number") for pull in objects(check, "pull_requests"))


def status(body: Json, endpoint: Endpoint) -> Fact:
    """A status was set."""
    sha = git.known_commit(body, "sha")
    repository, _ = git.configured_repository(body, endpoint)
    return CommitStatusChanged(
        provider=PROVIDER,
        repository=repository,
        sha=sha,
        context=clean_text(body, "context"),
        state=clean_text(body, "state"),
        url=optional_clean_text(body, "target_url"),
    )
