"""GitHub, Enterprise Server and GHCR: pushes, pull requests and all that is said of them, packages, pings.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
The event's name stands in a header, which is not signed: a body that does not fit it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

from bot.domain.fact import (
    UNSAID,
    BranchMoved,
    Commented,
    Fact,
    Ignored,
    Pinged,
    PullRequestChanged,
    RefCreated,
)
from bot.webhooks import git
from bot.webhooks import github_consent as consent
from bot.webhooks.auth import hub_signature
from bot.webhooks.body import Json, decode, form_field
from bot.webhooks.fields import (
    clean,
    clean_text,
    flag,
    mapping,
    number,
    objects,
    optional_clean_text,
    optional_mapping,
    optional_text,
    text,
    word,
)
from bot.webhooks.ghcr import package_fact
from bot.webhooks.reader import (
    Endpoint,
    Reading,
    Rejected,
    Request,
    Unreadable,
    attempt,
    content_type,
    refuse_bounds,
)

_PROVIDER = "github"
_FORM = "application/x-www-form-urlencoded"
_CONTENT_TYPES = frozenset({"application/json", _FORM})
_DELIVERY = re.compile(r"[0-9A-Za-z-]{1,100}")
# A push lists no more commits than this, so its paths may be incomplete from there on.
_MOST_COMMITS = 2048
_MOST_EDITED = 50


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read one event, sent as JSON or as a form."""
    return (
        refuse_bounds(request, endpoint, _CONTENT_TYPES)
        or hub_signature(request, endpoint.secrets)
        or attempt(_parse, request, endpoint)
    )


def _parse(request: Request, endpoint: Endpoint) -> Reading:
    event = request.header("X-GitHub-Event")
    if not event:
        raise Unreadable("no X-GitHub-Event header")
    is_form = content_type(request) == _FORM
    body = decode(form_field(request.body, "payload") if is_form else request.body)
    fact_of = _EVENTS.get(event)
    fact = fact_of(body, endpoint) if fact_of else Ignored(reason=f"event {word(event)}")
    delivery = request.header("X-GitHub-Delivery") or ""
    return Reading(delivery if _DELIVERY.fullmatch(delivery) else request.body_hash, (fact,))


def _push(body: Json, endpoint: Endpoint) -> Fact:
    ref = git.ref(body, "ref")
    repository, clone_url = git.configured_repository(body, endpoint)
    commits = objects(body, "commits")
    paths, is_whole = git.changed_paths(commits)
    return BranchMoved(
        provider=_PROVIDER,
        repository=repository,
        clone_url=clone_url,
        ref=ref,
        before=git.commit(body, "before"),
        after=git.commit(body, "after"),
        created=flag(body, "created"),
        deleted=flag(body, "deleted"),
        forced=flag(body, "forced"),
        commits=len(commits),
        changed_paths=paths,
        changed_paths_complete=None if is_whole and len(commits) < _MOST_COMMITS else False,
        is_default_branch=ref == f"refs/heads/{optional_text(body, 'repository.default_branch')}",
    )


def _create(body: Json, endpoint: Endpoint) -> Fact:
    repository, clone_url = git.configured_repository(body, endpoint)
    ref = git.created(text(body, "ref"), text(body, "ref_type"))
    return RefCreated(provider=_PROVIDER, repository=repository, clone_url=clone_url, ref=ref, sha=None)


def _pull_request(body: Json, endpoint: Endpoint) -> Fact:
    raw_action = text(body, "action")
    pull = mapping(body, "pull_request")
    repository, _ = git.configured_repository(body, endpoint)
    merged = flag(pull, "merged")
    return PullRequestChanged(
        provider=_PROVIDER,
        action=_action(raw_action, merged=merged),
        raw_action=clean(raw_action),
        repository=repository,
        number=number(pull, "number"),
        state=clean_text(pull, "state"),
        merged=merged,
        draft=flag(pull, "draft"),
        base_ref=git.branch(pull, "base.ref"),
        base_sha=git.optional_commit(pull, "base.sha"),
        head_ref=git.branch(pull, "head.ref"),
        head_sha=git.optional_commit(pull, "head.sha"),
        head_repository=optional_clean_text(pull, "head.repo.full_name"),
        # On an open pull request this is GitHub's own test merge, which is on no branch.
        merge_commit_sha=git.optional_commit(pull, "merge_commit_sha") if merged else None,
        title=clean_text(pull, "title"),
        url=optional_clean_text(pull, "html_url"),
        old_head_sha=(git.optional_commit(body, "before") if raw_action == "synchronize" else None) or UNSAID,
        edited_fields=_edited(body) if raw_action == "edited" else None,
    )


def _action(raw_action: str, *, merged: bool) -> str:
    match raw_action:
        case "opened" | "reopened":
            return "opened"
        case "synchronize":
            return "updated"
        case "closed":
            return "merged" if merged else "closed"
        case _:
            return "edited"


def _edited(body: Json) -> tuple[str, ...]:
    return tuple(sorted(clean(name) for name in optional_mapping(body, "changes"))[:_MOST_EDITED])


def _comment(body: Json, endpoint: Endpoint) -> Fact:
    """Below a pull request too: to GitHub it is an issue."""
    issue, comment = mapping(body, "issue"), mapping(body, "comment")
    repository, _ = git.configured_repository(body, endpoint)
    return Commented(
        provider=_PROVIDER,
        repository=repository,
        on="PullRequest" if optional_mapping(issue, "pull_request") else "Issue",
        number=number(issue, "number"),
        body=optional_clean_text(comment, "body") or "",
        author=optional_clean_text(comment, "user.login"),
        url=optional_clean_text(comment, "html_url"),
    )


_EVENTS: Mapping[str, Callable[[Json, Endpoint], Fact]] = {
    "ping": lambda _body, _endpoint: Pinged(),
    "push": _push,
    "create": _create,
    "pull_request": _pull_request,
    "pull_request_review": consent.review,
    "check_suite": consent.check_suite,
    "check_run": consent.check_run,
    "status": consent.status,
    "merge_group": consent.merge_group,
    "issue_comment": _comment,
    "package": partial(package_fact, "package"),
    "registry_package": partial(package_fact, "registry_package"),
}
