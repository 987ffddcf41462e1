"""Gitea: pushes, created and deleted refs, pull requests, statuses, comments and container packages.

https://docs.gitea.com/usage/webhooks; the bodies are in its `modules/structs/hook.go`. Forgejo, which began
as Gitea, sends the same bodies under further header names (`bot.webhooks.forgejo`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.domain.fact import (
    UNSAID,
    BranchMoved,
    Commented,
    CommitStatusChanged,
    Fact,
    Ignored,
    PullRequestChanged,
    RefCreated,
)
from bot.webhooks import git
from bot.webhooks.auth import text_signature
from bot.webhooks.body import Json, decode, form_field
from bot.webhooks.fields import (
    clean,
    clean_text,
    flag,
    mapping,
    number,
    optional_clean_text,
    optional_mapping,
    optional_text,
    text,
    word,
)
from bot.webhooks.gitea_package import package_fact
from bot.webhooks.reader import (
    Endpoint,
    Reading,
    Rejected,
    Request,
    Unreadable,
    content_type,
    delivery_key,
    refuse_bounds,
)

_FORM = "application/x-www-form-urlencoded"
_CONTENT_TYPES = frozenset({"application/json", _FORM})


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one of these hosts writes its headers: `names` stand for `X-<name>-Event` and the like."""

    provider: str
    names: tuple[str, ...]

    @property
    def signatures(self) -> Mapping[str, str]:
        """The headers that may hold the signature, each with what stands before the hex."""
        return {**{f"X-{name}-Signature": "" for name in self.names}, "X-Hub-Signature-256": "sha256="}

    def header(self, request: Request, kind: str) -> str | None:
        """The first of the host's headers of that kind that is not empty."""
        return next(filter(None, (request.header(f"X-{name}-{kind}") for name in self.names)), None)


def read(
    request: Request, endpoint: Endpoint, *, dialect: Dialect = Dialect("gitea", ("Gitea", "Gogs"))
) -> Reading | Rejected:
    """Read one event, sent as JSON or as a form; the signature is over the JSON in both."""
    refusal = refuse_bounds(request, endpoint, _CONTENT_TYPES)
    if refusal:
        return refusal
    try:
        raw = form_field(request.body, "payload") if content_type(request) == _FORM else request.body
        refusal = text_signature(request, raw, dialect.signatures, endpoint.secrets)
        return refusal or _parse(raw, request, endpoint, dialect)
    except Unreadable as error:
        return Rejected(error.status, error.reason)


def _parse(raw: bytes, request: Request, endpoint: Endpoint, dialect: Dialect) -> Reading:
    # Packages have had no name in the first header, only in the second.
    event = dialect.header(request, "Event") or dialect.header(request, "Event-Type")
    if event is None:
        raise Unreadable(f"no X-{dialect.names[0]}-Event header")
    body = decode(raw)
    fact_of = _EVENTS.get(event)
    fact = fact_of(body, endpoint, dialect.provider) if fact_of else Ignored(reason=f"event {word(event)}")
    return Reading(delivery_key(dialect.header(request, "Delivery"), request), (fact,))


def _push(body: Json, endpoint: Endpoint, provider: str) -> Fact:
    place = git.configured_repository(body, endpoint)
    return git.counted_push(
        body, place, provider=provider, total="total_commits", default="repository.default_branch"
    )


def _create(body: Json, endpoint: Endpoint, provider: str) -> Fact:
    repository, clone_url = git.configured_repository(body, endpoint)
    return RefCreated(
        provider=provider,
        repository=repository,
        clone_url=clone_url,
        ref=git.created(text(body, "ref"), text(body, "ref_type")),
        sha=git.optional_commit(body, "sha"),
    )


def _delete(body: Json, endpoint: Endpoint, provider: str) -> Fact:
    """A deleted ref; no push tells of it."""
    repository, clone_url = git.configured_repository(body, endpoint)
    ref = git.created(text(body, "ref"), text(body, "ref_type"))
    return BranchMoved(
        provider=provider,
        repository=repository,
        clone_url=clone_url,
        ref=ref,
        before=None,
        after=None,
        created=False,
        deleted=True,
        forced=None,
        commits=0,
        changed_paths=(),
        changed_paths_complete=True,
        is_default_branch=_is_default(ref, body),
    )


def _is_default(ref: str, body: Json) -> bool:
    return ref == f"refs/heads/{optional_text(body, 'repository.default_branch')}"


def _pull_request(body: Json, endpoint: Endpoint, provider: str) -> Fact:
    raw_action = text(body, "action")
    pull = mapping(body, "pull_request")
    repository, _ = git.configured_repository(body, endpoint)
    merged = flag(pull, "merged")
    return PullRequestChanged(
        provider=provider,
        action=_action(raw_action, merged=merged),
        raw_action=clean(raw_action),
        repository=repository,
        number=number(pull, "number"),
        state=clean_text(pull, "state"),
        merged=merged,
        draft=flag(pull, "draft"),
        base_ref=git.branch(pull, "base.ref"),
        base_sha=git.optional_commit(pull, "base.sha"),
        # Once the branch is gone, this is refs/pull/<number>/head.
        head_ref=clean_text(pull, "head.ref"),
        head_sha=git.optional_commit(pull, "head.sha"),
        head_repository=optional_clean_text(pull, "head.repo.full_name"),
        merge_commit_sha=git.optional_commit(pull, "merge_commit_sha") if merged else None,
        title=clean_text(pull, "title"),
        url=optional_clean_text(pull, "html_url"),
        old_head_sha=UNSAID,
    )


def _action(raw_action: str, *, merged: bool) -> str:
    match raw_action:
        case "opened" | "reopened":
            return "opened"
        case "synchronized":
            return "updated"
        case "closed":
            return "merged" if merged else "closed"
        case _:
            return "edited"


def _status(body: Json, endpoint: Endpoint, provider: str) -> Fact:
    repository, _ = git.configured_repository(body, endpoint)
    return CommitStatusChanged(
        provider=provider,
        repository=repository,
        sha=git.known_commit(body, "sha"),
        context=clean_text(body, "context"),
        state=clean_text(body, "state"),
        url=optional_clean_text(body, "target_url"),
    )


def _comment(body: Json, endpoint: Endpoint, provider: str) -> Fact:
    repository, _ = git.configured_repository(body, endpoint)
    issue = mapping(body, "issue")
    is_pull = flag(body, "is_pull") or bool(optional_mapping(issue, "pull_request"))
    return Commented(
        provider=provider,
        repository=repository,
        on="PullRequest" if is_pull else "Issue",
        number=number(issue, "number"),
        body=clean_text(body, "comment.body"),
        author=optional_clean_text(body, "comment.user.login"),
        url=optional_clean_text(body, "comment.html_url"),
    )


_Event = Callable[[Json, Endpoint, str], Fact]
_EVENTS: Mapping[str, _Event] = {
    "push": _push,
    "create": _create,
    "delete": _delete,
    **dict.fromkeys(
        (
            "pull_request",
            "pull_request_sync",
            "pull_request_approved",
            "pull_request_rejected",
            "pull_request_comment",
        ),
        _pull_request,
    ),
    "status": _status,
    "issue_comment": _comment,
    "package": lambda body, endpoint, _provider: package_fact(body, endpoint),
}
