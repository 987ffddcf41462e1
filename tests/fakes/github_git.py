"""Git's own objects and references in the REST API of the fake GitHub: https://docs.github.com/rest/git."""

from __future__ import annotations

import base64
from collections.abc import Callable

from tests.fakes.git_host_model import ExistsError, MissingError, NotFastForwardError
from tests.fakes.git_repository import BadObjectError, Commit, Person
from tests.fakes.github_call import NOT_FOUND, WEB, Call, refused
from tests.fakes.github_json import Json
from tests.fakes.host_call import Routes
from tests.fakes.http_host import Response


def get_blob(call: Call) -> Response:
    """GET …/git/blobs/{sha}"""
    content = call.repository.git.blob(call["sha"])
    return NOT_FOUND if content is None else Response(200, _blob(call, call["sha"], content))


def post_blob(call: Call) -> Response:
    """POST …/git/blobs"""
    text = str(call.body["content"])
    is_encoded = call.body.get("encoding") == "base64"
    sha = call.repository.git.write_blob(base64.b64decode(text) if is_encoded else text.encode())
    return Response(
        201, {"sha": sha, "url": f"{call.shapes.api}/repos/{call.repository.path}/git/blobs/{sha}"}
    )


def get_tree(call: Call) -> Response:
    """GET …/git/trees/{sha}"""
    git, sha = call.repository.git, call["sha"]
    if git.kind(sha) not in {"tree", "commit"}:
        return NOT_FOUND
    entries = git.entries(sha, recursive="recursive" in call.request.query)
    return Response(200, call.shapes.tree(call.repository, sha, entries))


def post_tree(call: Call) -> Response:
    """POST …/git/trees"""
    git, base = call.repository.git, call.body.get("base_tree")
    if base is not None and git.kind(str(base)) not in {"tree", "commit"}:
        return refused(422, "base_tree is not a valid tree oid")
    changes: list[tuple[str, str, str | None]] = []
    for element in call.body["tree"]:
        path = str(element["path"])
        if any(part in {"", ".", "..", ".git"} for part in path.split("/")):
            return refused(422, "tree.path contains a malformed path component")
        content = element.get("content")
        sha = element.get("sha") if content is None else git.write_blob(str(content).encode())
        changes.append((path, str(element["mode"]), sha))
    try:
        tree = git.write_tree(base, changes)
    except BadObjectError:
        return refused(422, "tree.sha is not a valid blob")
    return Response(201, call.shapes.tree(call.repository, tree, git.entries(tree)))


def get_commit(call: Call) -> Response:
    """GET …/git/commits/{sha}"""
    if call.repository.git.kind(call["sha"]) != "commit":
        return NOT_FOUND
    return Response(200, _git_commit(call, call.repository.git.commit(call["sha"])))


def post_commit(call: Call) -> Response:
    """POST …/git/commits: an App's commit is signed as long as nobody else is named in it."""
    git, body = call.repository.git, call.body
    if git.kind(str(body["tree"])) != "tree":
        return refused(422, "Tree SHA does not exist")
    if any(git.kind(str(parent)) != "commit" for parent in body.get("parents", [])):
        return refused(422, "Parent SHA does not exist or is not a commit object")
    author = _named(body.get("author")) or call.account.person
    is_signed = call.account.is_app and not {"author", "committer"} & body.keys()
    committer = WEB if is_signed else _named(body.get("committer")) or author
    sha = git.write_commit(
        body["tree"], body.get("parents", []), str(body["message"]), author=author, committer=committer
    )
    return Response(201, _git_commit(call, git.commit(sha)))


def post_reference(call: Call) -> Response:
    """POST …/git/refs"""
    name, sha = str(call.body["ref"]), str(call.body["sha"])
    branch = name.removeprefix("refs/heads/")
    if branch == name:
        return refused(422, "Reference name must start with 'refs/'.")
    if any(_is_folder_of(one, branch) for one in call.repository.git.branches()):
        return refused(422, "Reference update failed")
    try:
        call.repository.make_branch(branch, sha, by=call.account.login)
    except ExistsError:
        return refused(422, "Reference already exists")
    except MissingError:
        return refused(422, "Object does not exist")
    return Response(201, call.shapes.reference(call.repository, branch, sha))


def patch_reference(call: Call) -> Response:
    """PATCH …/git/refs/heads/{branch}"""
    branch, sha = call["branch"], str(call.body["sha"])
    if call.repository.protection.pull_requests_only and branch == call.repository.default_branch:
        return refused(
            422, "Repository rule violations found\n\nChanges must be made through a pull request."
        )
    try:
        force = bool(call.body.get("force"))
        call.repository.move_branch(branch, sha, force=force, by=call.account.login)
    except NotFastForwardError:
        return refused(422, "Update is not a fast forward")
    except MissingError as error:
        is_branch = str(error) == branch
        return refused(422, "Reference does not exist" if is_branch else "Object does not exist")
    return Response(200, call.shapes.reference(call.repository, branch, sha))


def delete_reference(call: Call) -> Response:
    """DELETE …/git/refs/heads/{branch}"""
    try:
        call.repository.delete_branch(call["branch"], by=call.account.login)
    except MissingError:
        return refused(422, "Reference does not exist")
    return Response(204)


Route = Callable[[Call], Response]


GIT_ROUTES: Routes[Call] = (
    ("POST", "/git/blobs", post_blob),
    ("GET", "/git/blobs/(?P<sha>[^/]+)", get_blob),
    ("POST", "/git/trees", post_tree),
    ("GET", "/git/trees/(?P<sha>[^/]+)", get_tree),
    ("POST", "/git/commits", post_commit),
    ("GET", "/git/commits/(?P<sha>[^/]+)", get_commit),
    ("POST", "/git/refs", post_reference),
    ("PATCH", "/git/refs/heads/(?P<branch>.+)", patch_reference),
    ("DELETE", "/git/refs/heads/(?P<branch>.+)", delete_reference),
)


def _git_commit(call: Call, commit: Commit) -> Json:
    return call.shapes.git_commit(call.repository, commit, is_verified=commit.committer == WEB)


def _blob(call: Call, sha: str, content: bytes) -> Json:
    return call.shapes.blob(call.repository, sha, content)


def _named(person: Json | None) -> Person | None:
    return Person(str(person["name"]), str(person["email"])) if person else None


def _is_folder_of(one: str, other: str) -> bool:
    return one.startswith(f"{other}/") or other.startswith(f"{one}/")
