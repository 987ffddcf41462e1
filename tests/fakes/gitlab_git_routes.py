"""What the addresses of branches, files and commits do on the fake, with GitLab's statuses and words."""

from __future__ import annotations

import base64
import re

from tests.fakes.git_host_model import ExistsError, MissingError
from tests.fakes.gitlab_commit import CommitError, commit, last_commit
from tests.fakes.gitlab_routes import Call, refused
from tests.fakes.host_call import Route, Routes, route_among
from tests.fakes.http_host import Response


def get_branches(call: Call) -> Response:
    """GET …/repository/branches"""
    wanted = re.compile(call.request.query.get("regex", ""))
    branches = call.repository.git.branches().items()
    return call.page(
        [call.shapes.branch(call.repository, *each) for each in branches if wanted.search(each[0])]
    )


def post_branch(call: Call) -> Response:
    """POST …/repository/branches"""
    name, ref = str(call.body["branch"]), str(call.body["ref"])
    start = call.repository.git.resolve(ref)
    if start is None:
        return refused(400, f"Invalid reference name: {ref}")
    try:
        call.repository.make_branch(name, start, by=call.account.name)
    except ExistsError:
        return refused(400, "Branch already exists")
    return Response(201, call.shapes.branch(call.repository, name, start))


def get_branch(call: Call) -> Response:
    """GET …/repository/branches/:branch"""
    head = call.repository.git.branch(call["branch"])
    if head is None:
        return refused(404, "404 Branch Not Found")
    return Response(200, call.shapes.branch(call.repository, call["branch"], head))


def delete_branch(call: Call) -> Response:
    """DELETE …/repository/branches/:branch"""
    try:
        call.repository.delete_branch(call["branch"], by=call.account.name)
    except MissingError:
        return refused(404, "404 Branch Not Found")
    return Response(204)


def get_file(call: Call) -> Response:
    """GET …/repository/files/:file_path"""
    git, ref = call.repository.git, call.request.query["ref"]
    head = git.resolve(ref)
    if head is None:
        return refused(404, "404 Commit Not Found")
    entry = git.entry(head, call["path"])
    if entry is None or entry.kind != "blob":
        return refused(404, "404 File Not Found")
    content = git.blob(entry.sha) or b""
    changed_by = last_commit(call.repository, head, call["path"])
    return Response(200, call.shapes.file(ref, head, entry, content, changed_by))


def get_tree(call: Call) -> Response:
    """GET …/repository/tree"""
    git, query = call.repository.git, call.request.query
    head, folder = git.resolve(query.get("ref", call.repository.default_branch)), query.get("path", "")
    if head is None:
        return refused(404, "404 Tree Not Found")
    entry = git.entry(head, folder) if folder else None
    if folder and (entry is None or entry.kind != "tree"):
        return refused(404, "404 invalid revision or path Not Found")
    entries = git.entries(f"{head}:{folder}", recursive=query.get("recursive") in {"true", "True"})
    return call.page([call.shapes.tree_entry(folder, each) for each in entries])


def get_blob(call: Call) -> Response:
    """GET …/repository/blobs/:sha"""
    content = call.repository.git.blob(call["sha"])
    if content is None:
        return refused(404, "404 Blob Not Found")
    encoded = base64.b64encode(content).decode()
    return Response(200, {"size": len(content), "encoding": "base64", "content": encoded, "sha": call["sha"]})


def get_comparison(call: Call) -> Response:
    """GET …/repository/compare"""
    git, query = call.repository.git, call.request.query
    one, other = git.resolve(query["from"]), git.resolve(query["to"])
    if one is None or other is None:
        return refused(404, "404 Ref Not Found")
    commits = git.log(other, without=one)
    changed = git.changed(git.merge_base(one, other), other) if commits else []
    return Response(200, call.shapes.comparison(call.repository, commits, changed))


def post_commit(call: Call) -> Response:
    """POST …/repository/commits"""
    account = call.account
    if call.body["branch"] in call.ways.protected:
        return refused(400, "You are not allowed to push into this branch")
    try:
        made = commit(call.repository, call.body, by=account.name, committer=account.person)
    except CommitError as error:
        return refused(400, str(error))
    return Response(201, call.shapes.commit_detail(call.repository, call.repository.git.commit(made)))


_ROUTES: Routes[Call] = (
    ("GET", "/repository/branches", get_branches),
    ("POST", "/repository/branches", post_branch),
    ("GET", "/repository/branches/(?P<branch>[^/]+)", get_branch),
    ("DELETE", "/repository/branches/(?P<branch>[^/]+)", delete_branch),
    ("GET", "/repository/files/(?P<path>[^/]+)", get_file),
    ("GET", "/repository/tree", get_tree),
    ("GET", r"/repository/blobs/(?P<sha>[^/]+)", get_blob),
    ("GET", "/repository/compare", get_comparison),
    ("POST", "/repository/commits", post_commit),
)


def route(method: str, path: str) -> tuple[Route[Call], dict[str, str]] | None:
    """The route for what follows `/projects/:id`, and the parts of the address."""
    return route_among(_ROUTES, method, path)
