"""What each address of Bitbucket Cloud's REST API does on the fake, with Cloud's statuses and words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.fakes.bitbucket_cloud_json import Shapes, timestamp
from tests.fakes.bitbucket_state import BOT, State, uuid_of
from tests.fakes.git_host_model import ExistsError, MissingError, NoCommitsError, Pull
from tests.fakes.host_call import HostCall, Json, Route, Routes, file_changes, route_among
from tests.fakes.http_host import Response

_STATES = {"OPEN": "open", "MERGED": "merged", "DECLINED": "closed"}


@dataclass(frozen=True, slots=True)
class Call(HostCall):
    """With what the fake keeps, and how it shows it."""

    shapes: Shapes
    state: State

    @property
    def pull(self) -> Pull:
        """The pull request that the address names."""
        return self.repository.pull(int(self["id"]))

    def listed(self, items: Sequence[Json], *, longest: int) -> Response:
        """The page of a list that was asked for; the address of the next one is an opaque one."""
        size, page = int(self.request.query.get("pagelen", 10)), int(self.request.query.get("ctx", 1))
        if size > longest:
            return refused(400, "Invalid pagelen")
        part = list(items[(page - 1) * size : page * size])
        more = {"next": self._next(page + 1)} if page * size < len(items) else {}
        return Response(200, {"pagelen": size, "values": part, **more})

    def _next(self, page: int) -> str:
        kept = [
            (name, value)
            for name in self.request.query
            for value in self.request.all_of(name)
            if name != "ctx"
        ]
        return f"{self.shapes.url}{self.request.path}?{urlencode([*kept, ('ctx', page)])}"


def refused(status: int, message: str) -> Response:
    """An error as Cloud writes it."""
    return Response(status, {"type": "error", "error": {"message": message}})


NOT_FOUND = refused(404, "Resource not found")


def get_repository(call: Call) -> Response:
    """GET /repositories/{workspace}/{repo_slug}"""
    return Response(200, call.shapes.repository(call.repository))


def get_pulls(call: Call) -> Response:
    """GET …/pullrequests: the open ones, where no state is named."""
    states = {_STATES.get(each, "") for each in call.request.all_of("state") or ["OPEN"]}
    named = re.fullmatch(r'source\.branch\.name = "(.*)"', call.request.query.get("q", ""))
    found = [
        pull
        for pull in call.repository.pulls.values()
        if pull.state in states and (named is None or pull.branch == named[1])
    ]
    newest = sorted(found, key=lambda pull: -pull.number)
    return call.listed(
        [call.shapes.pull(call.repository, pull, is_whole=False) for pull in newest], longest=50
    )


def post_pull(call: Call) -> Response:
    """POST …/pullrequests"""
    body = call.body
    try:
        people = _people(call, body)
        pull = call.repository.open_pull(
            call.repository,
            str(body["source"]["branch"]["name"]),
            str(body["destination"]["branch"]["name"]),
            title=str(body["title"]),
            body=str(body.get("description") or ""),
            by=BOT,
        )
    except MissingError as error:
        return refused(400, f"source: branch not found: {error}")
    except NoCommitsError:
        return refused(400, "There are no changes to be pulled")
    except ExistsError:
        return refused(400, "There is already such a pull request")
    except ValueError as error:
        return refused(400, str(error))
    pull.reviewers, pull.is_draft = people, bool(body.get("draft"))
    return Response(201, call.shapes.pull(call.repository, pull, is_whole=True))


def get_pull(call: Call) -> Response:
    """GET …/pullrequests/{pull_request_id}"""
    return Response(200, call.shapes.pull(call.repository, call.pull, is_whole=True))


def put_pull(call: Call) -> Response:
    """PUT …/pullrequests/{pull_request_id}: only open ones, and reviewers that are not named go."""
    body, pull = call.body, call.pull
    if pull.state != "open":
        return refused(400, "Only open pull requests can be mutated")
    if "title" not in body:
        return refused(400, "title: required key not provided")
    try:
        pull.reviewers = _people(call, body)
    except ValueError as error:
        return refused(400, str(error))
    call.repository.edit_pull(pull.number, title=body["title"], body=body.get("description"), by=BOT)
    return get_pull(call)


def decline(call: Call) -> Response:
    """POST …/pullrequests/{pull_request_id}/decline"""
    if call.pull.state != "open":
        return refused(400, "This pull request is already closed.")
    call.repository.close_pull(call.pull.number, by=BOT)
    return get_pull(call)


def get_comments(call: Call) -> Response:
    """GET …/pullrequests/{pull_request_id}/comments"""
    pull = call.pull
    found = [call.shapes.comment(call.repository, pull, each) for each in pull.comments]
    return call.listed(found, longest=100)


def post_comment(call: Call) -> Response:
    """POST …/pullrequests/{pull_request_id}/comments"""
    comment = call.repository.comment(call.pull.number, str(call.body["content"]["raw"]), by=BOT)
    return Response(201, call.shapes.comment(call.repository, call.pull, comment))


def get_activity(call: Call) -> Response:
    """GET …/pullrequests/activity: what happened to all of them, the newest first."""
    found: list[tuple[str, Json]] = []
    for pull in call.repository.pulls.values():
        about = {"pull_request": {"type": "pullrequest", "id": pull.number, "title": pull.title}}
        opened = timestamp(pull.created_at)
        author = call.shapes.user(pull.author)
        found.append((opened, {**about, "update": {"state": "OPEN", "author": author, "date": opened}}))
        for each in pull.comments:
            shown = call.shapes.comment(call.repository, pull, each)
            found.append((shown["created_on"], {**about, "comment": shown}))
    newest = sorted(found, key=lambda entry: entry[0], reverse=True)
    return call.listed([entry for _, entry in newest], longest=50)


def get_pull_diffstat(call: Call) -> Response:
    """GET …/pullrequests/{pull_request_id}/diffstat: it leads on to the list between two commits."""
    pull = call.pull
    base = call.repository.git.branch(pull.base) or ""
    path = f"/2.0/repositories/{call.repository.path}/diffstat/{call.repository.path}:{pull.head}%0D{base}"
    return Response(302, headers={"Location": f"{call.shapes.url}{path}?from_pullrequest_id={pull.number}"})


def get_diffstat(call: Call) -> Response:
    """GET …/diffstat/{spec}: what the head changes since it left its base, moved files as one."""
    head, _, base = call["spec"].partition(":")[2].partition("\r")
    git = call.repository.git
    files = [
        {"type": "diffstat", "status": each.kind, "new": _file(each.new), "old": _file(each.old)}
        for each in file_changes(git, git.merge_base(base, head), head)
    ]
    return call.listed(files, longest=500)


def _file(path: str | None) -> Json | None:
    return {"type": "commit_file", "path": path} if path else None


def get_commit(call: Call) -> Response:
    """GET …/commit/{commit}, by as many digits as are unlike any other's."""
    commit = call.repository.git.resolve(call["commit"])
    if commit is None:
        return NOT_FOUND
    when = call.repository.git.commit(commit).when.isoformat()
    return Response(200, {"type": "commit", "hash": commit, "date": when})


def get_commits(call: Call) -> Response:
    """GET …/commits/{revision}: the newest first."""
    git = call.repository.git
    head, without = git.resolve(call["revision"]), git.resolve(call.request.query["exclude"])
    if head is None or without is None:
        return NOT_FOUND
    found = [
        {"type": "commit", "hash": each.sha, "message": each.message}
        for each in git.log(head, without=without)
    ]
    return call.listed(found[::-1], longest=100)


def get_statuses(call: Call) -> Response:
    """GET …/commit/{commit}/statuses"""
    found = call.state.status_of(call["commit"], call.repository)
    return call.listed([{"type": "build", **each} for each in found], longest=100)


def post_status(call: Call) -> Response:
    """POST …/commit/{commit}/statuses/build"""
    missing = [key for key in ("key", "state", "url") if not call.body.get(key)]
    if missing:
        return refused(400, f"{missing[0]}: required key not provided")
    if len(str(call.body.get("description", ""))) > 255:
        return refused(400, "description: too long")
    call.state.statuses[call["commit"], str(call.body["key"])] = dict(call.body)
    return Response(201, {"type": "build", **call.body})


def get_default_reviewers(call: Call) -> Response:
    """GET …/effective-default-reviewers"""
    found = [
        {"type": "default_reviewer", "reviewer_type": "repository", "user": call.shapes.user(name)}
        for name in call.state.default_reviewers
    ]
    return call.listed(found, longest=100)


def get_members(call: Call) -> Response:
    """GET /workspaces/{workspace}/members"""
    found = [
        {"type": "workspace_membership", "user": call.shapes.user(name)} for name in sorted(call.state.roles)
    ]
    return call.listed(found, longest=100)


def get_permissions(call: Call) -> Response:
    """GET /workspaces/{workspace}/permissions/repositories/{repo_slug}: for administrators alone."""
    if not call.state.can_administer:
        return refused(403, "Your credentials lack one or more required privilege scopes.")
    assert call.request.query["q"] == 'permission > "read"'
    found = [
        {"type": "repository_permission", "permission": role, "user": call.shapes.user(name)}
        for name, role in sorted(call.state.roles.items())
        if role != "read"
    ]
    return call.listed(found, longest=100)


def _people(call: Call, body: Json) -> set[str]:
    """The reviewers that a body names. Raises ValueError for those whom Cloud does not take."""
    known = {uuid_of(name): name for name in call.state.roles}
    known |= {f"557058:{uuid_of(name)[1:-1]}": name for name in call.state.roles}
    named = [str(each.get("uuid") or each.get("account_id")) for each in body.get("reviewers", [])]
    if not set(named) <= known.keys():
        raise ValueError("reviewers: Malformed reviewers list")
    if uuid_of(BOT) in named:
        raise ValueError(f"reviewers: {BOT} is the author and cannot be included as a reviewer.")
    return {known[each] for each in named}


_REPOSITORY = "/repositories/(?P<workspace>[^/]+)/(?P<slug>[^/]+)"
_WORKSPACE = "/workspaces/(?P<workspace>[^/]+)"
_PULL = rf"{_REPOSITORY}/pullrequests/(?P<id>\d+)"
_COMMIT = f"{_REPOSITORY}/commit/(?P<commit>[^/]+)"
_ROUTES: Routes[Call] = (
    ("GET", _REPOSITORY, get_repository),
    ("GET", f"{_REPOSITORY}/pullrequests", get_pulls),
    ("POST", f"{_REPOSITORY}/pullrequests", post_pull),
    ("GET", f"{_REPOSITORY}/pullrequests/activity", get_activity),
    ("GET", _PULL, get_pull),
    ("PUT", _PULL, put_pull),
    ("POST", f"{_PULL}/decline", decline),
    ("GET", f"{_PULL}/comments", get_comments),
    ("POST", f"{_PULL}/comments", post_comment),
    ("GET", f"{_PULL}/diffstat", get_pull_diffstat),
    ("GET", f"{_REPOSITORY}/diffstat/(?P<spec>.+)", get_diffstat),
    ("GET", _COMMIT, get_commit),
    ("GET", f"{_COMMIT}/statuses", get_statuses),
    ("POST", f"{_COMMIT}/statuses/build", post_status),
    ("GET", f"{_REPOSITORY}/commits/(?P<revision>[^/]+)", get_commits),
    ("GET", f"{_REPOSITORY}/effective-default-reviewers", get_default_reviewers),
    ("GET", rf"{_WORKSPACE}/members", get_members),
    ("GET", f"{_WORKSPACE}/permissions/repositories/(?P<slug>[^/]+)", get_permissions),
)


def route(method: str, path: str) -> tuple[Route[Call], dict[str, str]] | None:
    """The route for what follows the API's root, and the parts of the address."""
    return route_among(_ROUTES, method, path)
