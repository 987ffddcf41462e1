"""What each address of Data Center's REST API does on the fake, with its statuses, words and exceptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.fakes.bitbucket_data_center_json import Shapes
from tests.fakes.bitbucket_state import BOT, State
from tests.fakes.git_host_model import ExistsError, NoCommitsError, NotMergeableError, Pull
from tests.fakes.git_repository import Person
from tests.fakes.host_call import HostCall, Json, Route, Routes, route_among
from tests.fakes.http_host import Response

_STATES = {"OPEN": "open", "MERGED": "merged", "DECLINED": "closed"}
_METHODS = {"no-ff": "merge", "squash": "squash", "rebase-ff-only": "rebase"}
_LONGEST = 100
_PULLS = "com.atlassian.bitbucket.pull"


@dataclass(frozen=True, slots=True)
class Call(HostCall):
    """With what the fake keeps, and how it shows it."""

    shapes: Shapes
    state: State

    @property
    def pull(self) -> Pull:
        """The pull request that the address names."""
        return self.repository.pull(int(self["id"]))

    def shown(self, pull: Pull) -> Json:
        """A pull request as it is shown."""
        return self.shapes.pull(self.repository, pull)

    def listed(self, items: Sequence[Json], *, longest: int = _LONGEST) -> Response:
        """The page of a list that was asked for; the server gives no more than its own longest."""
        limit, start = (
            min(int(self.request.query.get("limit", 25)), longest),
            int(self.request.query.get("start", 0)),
        )
        is_last = start + limit >= len(items)
        part = list(items[start : start + limit])
        following = None if is_last else start + limit
        told = {"size": len(part), "limit": limit, "start": start, "values": part, "isLastPage": is_last}
        return Response(200, {**told, "nextPageStart": following})

    def is_outdated(self, given: object) -> bool:
        """Whether a change is meant for another version of the pull request."""
        return str(given) != str(self.state.version(self.repository, self.pull))


def refused(status: int, message: str, exception: str | None = None) -> Response:
    """An error as Data Center writes it."""
    return Response(status, {"errors": [{"context": None, "message": message, "exceptionName": exception}]})


NOT_FOUND = refused(404, "It does not exist.", "com.atlassian.bitbucket.NoSuchEntityException")
OUTDATED = refused(
    409,
    "You are attempting to modify a pull request based on out-of-date information.",
    f"{_PULLS}.PullRequestOutOfDateException",
)


def get_repository(call: Call) -> Response:
    """GET /projects/{projectKey}/repos/{repositorySlug}"""
    return Response(200, call.shapes.repository(call.repository))


def get_pulls(call: Call) -> Response:
    """GET …/pull-requests: the open ones, where no state is named."""
    query = call.request.query
    state, branch = query.get("state", "OPEN"), query.get("at", "").removeprefix("refs/heads/")
    is_outgoing = query.get("direction") == "OUTGOING"
    found = [
        pull
        for pull in call.repository.pulls.values()
        if state in {"ALL", next(key for key, each in _STATES.items() if each == pull.state)}
        and (not branch or (pull.branch if is_outgoing else pull.base) == branch)
    ]
    return call.listed([call.shown(pull) for pull in sorted(found, key=lambda pull: -pull.number)])


def post_pull(call: Call) -> Response:
    """POST …/pull-requests"""
    body = call.body
    try:
        people = _people(call, body)
        pull = call.repository.open_pull(
            call.repository,
            str(body["fromRef"]["id"]).removeprefix("refs/heads/"),
            str(body["toRef"]["id"]).removeprefix("refs/heads/"),
            title=str(body["title"]),
            body=str(body.get("description") or ""),
            by=BOT,
        )
    except NoCommitsError:
        return refused(409, "It is already up-to-date.", f"{_PULLS}.EmptyPullRequestException")
    except ExistsError:
        message = "Only one pull request may be open for a given source and target branch"
        return refused(409, message, f"{_PULLS}.DuplicatePullRequestException")
    except ValueError as error:
        return refused(409, str(error), f"{_PULLS}.InvalidPullRequestReviewersException")
    pull.reviewers, pull.is_draft = people, bool(body.get("draft"))
    return Response(201, call.shown(pull))


def get_pull(call: Call) -> Response:
    """GET …/pull-requests/{pullRequestId}"""
    return Response(200, call.shown(call.pull))


def put_pull(call: Call) -> Response:
    """PUT …/pull-requests/{pullRequestId}: what is not named goes."""
    body, pull = call.body, call.pull
    if "version" not in body:
        return refused(400, "version must be supplied for this request")
    if call.is_outdated(body["version"]):
        return OUTDATED
    if pull.state != "open":
        return refused(409, "This pull request is not open.", f"{_PULLS}.IllegalPullRequestStateException")
    try:
        pull.reviewers = _people(call, body)
    except ValueError as error:
        return refused(409, str(error), f"{_PULLS}.InvalidPullRequestReviewersException")
    call.repository.edit_pull(pull.number, title=body["title"], body=body.get("description", ""), by=BOT)
    return get_pull(call)


def decline(call: Call) -> Response:
    """POST …/pull-requests/{pullRequestId}/decline"""
    if call.is_outdated(call.request.query["version"]):
        return OUTDATED
    if call.pull.state != "open":
        return refused(409, "This pull request is not open.", f"{_PULLS}.IllegalPullRequestStateException")
    call.repository.close_pull(call.pull.number, by=BOT)
    return get_pull(call)


def can_merge(call: Call) -> Response:
    """GET …/pull-requests/{pullRequestId}/merge"""
    if call.pull.state != "open":
        return refused(409, "This pull request is not open.", f"{_PULLS}.IllegalPullRequestStateException")
    verdict = call.repository.mergeability(call.pull)
    vetoes = (
        [{"summaryMessage": verdict.reason, "detailedMessage": verdict.reason}]
        if verdict.state in {"blocked", "behind"}
        else []
    )
    is_conflicted = verdict.state == "dirty"
    told = {"canMerge": not vetoes and not is_conflicted, "conflicted": is_conflicted, "vetoes": vetoes}
    return Response(200, {**told, "outcome": "CONFLICTED" if is_conflicted else "CLEAN"})


def merge(call: Call) -> Response:
    """POST …/pull-requests/{pullRequestId}/merge"""
    if call.is_outdated(call.request.query["version"]):
        return OUTDATED
    pull, body = call.pull, call.body
    if pull.is_draft:
        return refused(409, "It is a draft.", f"{_PULLS}.PullRequestMergeVetoedException")
    try:
        call.repository.merge_pull(
            pull.number,
            method=_METHODS[body["strategyId"]],
            message=str(body["message"]),
            by=BOT,
            committer=Person(BOT, f"{BOT}@example.com"),
        )
    except NotMergeableError as error:
        return refused(409, str(error), f"{_PULLS}.PullRequestMergeVetoedException")
    call.state.merged_by_host.setdefault(call.repository.path, set()).add(pull.number)
    return get_pull(call)


def get_activities(call: Call) -> Response:
    """GET …/pull-requests/{pullRequestId}/activities: the newest first; replies are within their comments."""
    pull = call.pull
    opened = {"id": 0, "action": "OPENED", "user": call.shapes.user(pull.author)}
    found = [
        {"id": each.id, "action": "COMMENTED", "commentAction": "ADDED", "comment": call.shapes.comment(each)}
        for each in pull.comments
    ]
    return call.listed([*found[::-1], opened])


def post_comment(call: Call) -> Response:
    """POST …/pull-requests/{pullRequestId}/comments"""
    comment = call.repository.comment(call.pull.number, str(call.body["text"]), by=BOT)
    return Response(201, call.shapes.comment(comment))


def get_changes(call: Call) -> Response:
    """GET …/pull-requests/{pullRequestId}/changes"""
    pull, git = call.pull, call.repository.git
    base = git.merge_base(git.branch(pull.base) or "", pull.head)
    found = [
        {"path": {"toString": path}, "type": {"A": "ADD", "D": "DELETE"}.get(letter, "MODIFY")}
        for letter, path in git.changed(base, pull.head)
    ]
    return call.listed(found, longest=1000)


def get_comparison(call: Call) -> Response:
    """GET …/compare/commits: what `from` has and `to` has not, the newest first."""
    git = call.repository.git
    head, without = git.resolve(call.request.query["from"]), git.resolve(call.request.query["to"])
    if head is None or without is None:
        return NOT_FOUND
    found = [{"id": each.sha, "message": each.message} for each in git.log(head, without=without)]
    return call.listed(found[::-1])


def get_statuses(call: Call) -> Response:
    """GET /build-status/latest/commits/{commitId}: of the whole server, the hundred newest."""
    return call.listed(call.state.status_of(call["commit"], call.repository)[:100])


def get_build(call: Call) -> Response:
    """GET …/commits/{commitId}/builds"""
    found = call.state.statuses.get((call["commit"], call.request.query["key"]))
    return Response(200, found) if found else NOT_FOUND


def post_build(call: Call) -> Response:
    """POST …/commits/{commitId}/builds"""
    missing = [key for key in ("key", "state", "url") if not call.body.get(key)]
    if missing:
        return refused(400, f"{missing[0]} is required")
    if len(str(call.body.get("description", ""))) > 255:
        return refused(400, "description is too long")
    call.state.statuses[call["commit"], str(call.body["key"])] = dict(call.body)
    return Response(204)


def get_users(call: Call) -> Response:
    """GET /users, by a part of their names and by what they may do to a repository."""
    named = call.request.query.get("filter", "")
    is_writing = call.request.query.get("permission.1") == "REPO_WRITE"
    found = [
        call.shapes.user(name)
        for name, role in sorted(call.state.roles.items())
        if named in name and (not is_writing or role in {"write", "admin"})
    ]
    return call.listed(found)


def get_default_reviewers(call: Call) -> Response:
    """GET /default-reviewers/latest/projects/{projectKey}/repos/{repositorySlug}/reviewers"""
    ids = (call.request.query["sourceRepoId"], call.request.query["targetRepoId"])
    if ids != (str(call.repository.id),) * 2:
        return refused(400, "the repositories do not exist")
    return Response(200, [call.shapes.user(name) for name in call.state.default_reviewers])


def _people(call: Call, body: Json) -> set[str]:
    """The reviewers that a body names. Raises ValueError for those whom the server does not take."""
    named = {str(each["user"]["name"]) for each in body.get("reviewers", [])}
    if BOT in named:
        raise ValueError(f"{BOT} is already the author.")
    if not named <= call.state.roles.keys():
        raise ValueError(f"{sorted(named - call.state.roles.keys())[0]} is not a user.")
    return named


_PLACE = "projects/(?P<project>[^/]+)/repos/(?P<slug>[^/]+)"
_REPOSITORY = f"/api/latest/{_PLACE}"
_PULL = rf"{_REPOSITORY}/pull-requests/(?P<id>\d+)"
_BUILDS = f"{_REPOSITORY}/commits/(?P<commit>[^/]+)/builds"
_ROUTES: Routes[Call] = (
    ("GET", _REPOSITORY, get_repository),
    ("GET", f"{_REPOSITORY}/pull-requests", get_pulls),
    ("POST", f"{_REPOSITORY}/pull-requests", post_pull),
    ("GET", _PULL, get_pull),
    ("PUT", _PULL, put_pull),
    ("POST", f"{_PULL}/decline", decline),
    ("GET", f"{_PULL}/merge", can_merge),
    ("POST", f"{_PULL}/merge", merge),
    ("GET", f"{_PULL}/activities", get_activities),
    ("POST", f"{_PULL}/comments", post_comment),
    ("GET", f"{_PULL}/changes", get_changes),
    ("GET", f"{_REPOSITORY}/compare/commits", get_comparison),
    ("GET", "/build-status/latest/commits/(?P<commit>[^/]+)", get_statuses),
    ("GET", _BUILDS, get_build),
    ("POST", _BUILDS, post_build),
    ("GET", "/api/latest/users", get_users),
    ("GET", f"/default-reviewers/latest/{_PLACE}/reviewers", get_default_reviewers),
)


def route(method: str, path: str) -> tuple[Route[Call], dict[str, str]] | None:
    """The route for what follows `/rest`, and the parts of the address."""
    return route_among(_ROUTES, method, path)
