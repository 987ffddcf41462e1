"""GitLab: pushes, merge requests, pipelines and comments of projects, and its container registry.

https://docs.gitlab.com/user/project/integrations/webhook_events/
The event is named in the body: project, group and system hooks name it differently in their header. A hook
shows its token, or, where a signing token is set, signs by Standard Webhooks; there is no falling back.
GitLab has no hook for pushed images: the registry of a self-managed one, a distribution, is told to send
its notifications here with its secret as `Authorization`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.domain.fact import (
    UNSAID,
    CiPipelineChanged,
    Commented,
    Fact,
    Ignored,
    PullRequestChanged,
)
from bot.domain.proof import Proof
from bot.webhooks import distribution, git
from bot.webhooks.auth import is_signing_key, standard_signature, static_header
from bot.webhooks.body import Json, decode
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
from bot.webhooks.reader import (
    Endpoint,
    Reading,
    Rejected,
    Request,
    Secret,
    attempt,
    content_type,
    delivery_key,
    refuse_bounds,
)

_PROVIDER = "gitlab"
_CONTENT_TYPES = frozenset({"application/json"})
_NOTIFICATIONS = "application/vnd.docker.distribution.events."
_STATES = {1: "opened", 2: "closed", 3: "merged", 4: "locked"}


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read one event of a hook, or an envelope of the container registry."""
    if content_type(request).startswith(_NOTIFICATIONS):
        return static_header(request, "Authorization", _tokens(endpoint)) or distribution.take(
            request, endpoint
        )
    return (
        refuse_bounds(request, endpoint, _CONTENT_TYPES)
        or _refuse_sender(request, endpoint)
        or attempt(_parse, request, endpoint)
    )


def _refuse_sender(request: Request, endpoint: Endpoint) -> Rejected | None:
    is_signed = any(is_signing_key(secret) for secret in endpoint.secrets)
    if is_signed or endpoint.proof is Proof.STANDARD:
        return standard_signature(request, endpoint.secrets)
    return static_header(request, "X-Gitlab-Token", endpoint.secrets)


def _tokens(endpoint: Endpoint) -> tuple[Secret, ...]:
    """The secrets that are shown as they are; a signing token never is."""
    return tuple(secret for secret in endpoint.secrets if not is_signing_key(secret))


def _parse(request: Request, endpoint: Endpoint) -> Reading:
    body = decode(request.body)
    event = optional_text(body, "object_kind") or text(body, "event_name")
    fact_of = _EVENTS.get(event)
    fact = fact_of(body, endpoint) if fact_of else Ignored(reason=f"event {word(event)}")
    # The id of the event, the same on a retry; X-Gitlab-Webhook-UUID is new for each attempt.
    key = request.header("Idempotency-Key") or request.header("webhook-id")
    return Reading(delivery_key(key, request), (fact,))


def _project(body: Json, endpoint: Endpoint) -> tuple[str, str]:
    return git.configured_repository(
        body, endpoint, name="project.path_with_namespace", url="project.git_http_url"
    )


def _push(body: Json, endpoint: Endpoint) -> Fact:
    # At most 20 commits are listed.
    place, default = _project(body, endpoint), "project.default_branch"
    return git.counted_push(body, place, provider=_PROVIDER, total="total_commits_count", default=default)


def _merge_request(body: Json, endpoint: Endpoint) -> Fact:
    repository, _ = _project(body, endpoint)
    request = mapping(body, "object_attributes")
    raw_action = optional_text(request, "action") or ""
    state = _state(request)
    merged = state == "merged"
    old_head = git.optional_commit(request, "oldrev")
    return PullRequestChanged(
        provider=_PROVIDER,
        action=_action(raw_action, state, has_new_commits=old_head is not None),
        raw_action=clean(raw_action),
        repository=repository,
        number=number(request, "iid"),
        state=state,
        merged=merged,
        draft=flag(request, "draft") or flag(request, "work_in_progress"),
        base_ref=git.branch(request, "target_branch"),
        base_sha=UNSAID,
        head_ref=git.branch(request, "source_branch"),
        head_sha=git.optional_commit(request, "last_commit.id"),
        head_repository=optional_clean_text(request, "source.path_with_namespace"),
        # None for a fast-forward: then the head itself is on the target branch.
        merge_commit_sha=git.optional_commit(request, "merge_commit_sha") if merged else None,
        title=clean_text(request, "title"),
        url=optional_clean_text(request, "url"),
        old_head_sha=old_head,
    )


def _state(request: Json) -> str:
    """The state's word, or the one that its number stands for where an older GitLab sends only that."""
    if optional_text(request, "state") is None and request.get("state_id") is not None:
        return _STATES.get(number(request, "state_id"), "unknown")
    return clean_text(request, "state")


def _action(raw_action: str, state: str, *, has_new_commits: bool) -> str:
    match raw_action:
        case "open" | "reopen":
            return "opened"
        case "merge":
            return "merged"
        case "close":
            return "closed"
        case "":  # the trial button of a hook sends no action
            return state if state in {"opened", "merged", "closed"} else "edited"
        case _:
            return "updated" if has_new_commits else "edited"


def _pipeline(body: Json, endpoint: Endpoint) -> Fact:
    repository, _ = _project(body, endpoint)
    pipeline = mapping(body, "object_attributes")
    merge_request = optional_mapping(body, "merge_request")
    return CiPipelineChanged(
        provider=_PROVIDER,
        repository=repository,
        id=number(pipeline, "id"),
        sha=git.known_commit(pipeline, "sha"),
        ref=clean_text(pipeline, "ref"),
        ref_type="tag" if flag(pipeline, "tag") else "branch",
        status=clean_text(pipeline, "status"),
        source=optional_clean_text(pipeline, "source"),
        merge_request=number(merge_request, "iid") if merge_request else None,
    )


def _note(body: Json, endpoint: Endpoint) -> Fact:
    repository, _ = _project(body, endpoint)
    note = mapping(body, "object_attributes")
    on = clean_text(note, "noteable_type")
    return Commented(
        provider=_PROVIDER,
        repository=repository,
        on=on,
        number=_numbered(body, on),
        body=clean_text(note, "note"),
        author=optional_clean_text(body, "user.username"),
        url=optional_clean_text(note, "url"),
    )


def _numbered(body: Json, on: str) -> int | None:
    """The number that people know it by; a commit has none, and `id` is another number."""
    parts = {"MergeRequest": "merge_request.iid", "Issue": "issue.iid", "Snippet": "snippet.id"}
    return number(body, parts[on]) if on in parts else None


_EVENTS: Mapping[str, Callable[[Json, Endpoint], Fact]] = {
    "push": _push,
    "tag_push": _push,
    "merge_request": _merge_request,
    "pipeline": _pipeline,
    "note": _note,
}
