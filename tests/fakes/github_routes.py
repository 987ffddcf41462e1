"""What each address of GitHub's REST API does on the fake, with GitHub's statuses and words.

Sources of the refusals: https://docs.github.com/rest, and answers recorded by other clients' tests.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from tests.fakes.git_host import HostedRepository
from tests.fakes.git_host_model import (
    ExistsError,
    HeadMovedError,
    MissingError,
    NoCommitsError,
    NotFastForwardError,
    NotMergeableError,
    Pull,
)
from tests.fakes.git_repository import BadObjectError, Commit, Entry, Person
from tests.fakes.github_accounts import Account
from tests.fakes.github_json import LARGEST_INLINE, Json, Shapes
from tests.fakes.http_host import Request, Response

WEB = Person("GitHub", "noreply@github.com")
_DOCS = "https://docs.github.com/rest"
_PER_PAGE, _MOST_PER_PAGE = 30, 100
_SYMLINK, _SUBMODULE = "120000", "160000"


@dataclass(frozen=True, slots=True)
class Call:
    """One request about a repository: `parts` are the named parts of its address."""

    request: Request
    repository: HostedRepository
    account: Account
    shapes: Shapes
    parts: dict[str, str]
    late_mergeable: set[tuple[int, str]] | None = None

    def __getitem__(self, name: str) -> str:
        return self.parts[name]

    @property
    def body(self) -> Json:
        """The request's JSON."""
        data = self.request.data
        return data if isinstance(data, dict) else {}

    def page(self, items: Sequence[Json]) -> Response:
        """The page of a list that was asked for."""
        size = min(int(self.request.query.get("per_page", _PER_PAGE)), _MOST_PER_PAGE)
        begin = (int(self.request.query.get("page", 1)) - 1) * size
        return Response(200, list(items[begin : begin + size]))


def refused(status: int, message: str, *errors: Json) -> Response:
    """An error as GitHub writes it."""
    data: Json = {"message": message, "documentation_url": _DOCS, "status": str(status)}
    return Response(status, data | ({"errors": list(errors)} if errors else {}))


NOT_FOUND = refused(404, "Not Found")


def get_repository(call: Call) -> Response:
    """GET /repos/{owner}/{repo}"""
    return Response(200, call.shapes.repository(call.repository))


def get_branch(call: Call) -> Response:
    """GET …/branches/{branch}"""
    commit = call.repository.git.branch(call["branch"])
    if commit is None:
        return refused(404, "Branch not found")
    return Response(200, call.shapes.branch(call.repository, call["branch"], commit))


def get_contents(call: Call) -> Response:
    """GET …/contents/{path}: a link to a file is given as that file, with the link's own id and name."""
    git, path = call.repository.git, call["path"]
    ref = call.request.query.get("ref", call.repository.default_branch)
    commit = git.resolve(ref)
    if commit is None:
        return refused(404, f"No commit found for the ref {ref}")
    entry = git.entry(commit, path)
    if entry is None:
        return NOT_FOUND
    if entry.kind == "tree":
        return Response(200, [_listed(call, ref, child) for child in git.entries(f"{commit}:{path}")])
    if entry.mode == _SUBMODULE:
        details = {"type": "submodule", "submodule_git_url": "git://example.com/acme/sub.git"}
        return Response(200, call.shapes.content(call.repository, ref, entry, details))
    if entry.mode == _SYMLINK:
        return Response(200, _link(call, ref, commit, entry))
    return Response(200, _file(call, ref, entry, git.blob(entry.sha) or b""))


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


def get_comparison(call: Call) -> Response:
    """GET …/compare/{base}...{head}"""
    git = call.repository.git
    base, _, head = call["basehead"].partition("...")
    one, other = git.resolve(base), git.resolve(head)
    if one is None or other is None:
        return NOT_FOUND
    common = git.merge_base(one, other)
    if common is None:
        return refused(404, f"No common ancestor between {base} and {head}.")
    ahead, behind = git.log(other, without=one), git.log(one, without=other)
    status = {(False, False): "identical", (True, False): "ahead", (False, True): "behind"}
    html = f"{call.shapes.html}/{call.repository.path}/compare/{call['basehead']}"
    page = call.page([call.shapes.commit(call.repository, commit) for commit in ahead])
    return Response(
        200,
        {
            "url": f"{call.shapes.api}/repos/{call.repository.path}/compare/{call['basehead']}",
            "html_url": html,
            "permalink_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "base_commit": call.shapes.commit(call.repository, git.commit(one)),
            "merge_base_commit": call.shapes.commit(call.repository, git.commit(common)),
            "status": status.get((bool(ahead), bool(behind)), "diverged"),
            "ahead_by": len(ahead),
            "behind_by": len(behind),
            "total_commits": len(ahead),
            "commits": page.data,
        },
    )


def get_pulls(call: Call) -> Response:
    """GET …/pulls: `head` matches the owner's name and the branch's, whichever repository it is in."""
    query = call.request.query
    owner, _, branch = query.get("head", ":").partition(":")
    state = query.get("state", "open")
    found = [
        pull
        for pull in sorted(call.repository.pulls.values(), key=lambda pull: -pull.number)
        if (not branch or (pull.branch == branch and _owner(pull.source) == owner.lower()))
        and (state == "all" or (pull.state == "open") == (state == "open"))
    ]
    if query.get("direction", "desc") == "asc":
        found.reverse()
    return call.page([call.shapes.pull(call.repository, pull) for pull in found])


def post_pull(call: Call) -> Response:
    """POST …/pulls"""
    body = call.body
    head, base = str(body["head"]), str(body["base"])
    if body.get("draft") and not call.repository.has_drafts:
        return refused(422, "Draft pull requests are not supported in this repository.")
    if call.repository.git.branch(head) is None:
        return _invalid({"field": "head", "code": "invalid"})
    try:
        pull = call.repository.open_pull(
            call.repository,
            head,
            base,
            title=str(body["title"]),
            body=str(body.get("body") or ""),
            by=call.account.login,
        )
    except MissingError:
        return _invalid({"field": "base", "code": "invalid"})
    except ExistsError:
        label = f"{call.repository.path.partition('/')[0]}:{head}"
        return _invalid({"code": "custom", "message": f"A pull request already exists for {label}."})
    except NoCommitsError:
        return _invalid({"code": "custom", "message": f"No commits between {base} and {head}"})
    pull.is_draft = bool(body.get("draft"))
    return Response(201, _whole(call, pull))


def get_pull(call: Call) -> Response:
    """GET …/pulls/{number}"""
    return Response(200, _whole(call, call.repository.pull(int(call["number"]))))


def patch_pull(call: Call) -> Response:
    """PATCH …/pulls/{number}"""
    number, body, by = int(call["number"]), call.body, call.account.login
    if {"title", "body"} & body.keys():
        call.repository.edit_pull(number, title=body.get("title"), body=body.get("body"), by=by)
    if body.get("state") == "closed":
        call.repository.close_pull(number, by=by)
    if body.get("state") == "open":
        call.repository.reopen_pull(number, by=by)
    return Response(200, _whole(call, call.repository.pull(number)))


def merge_pull(call: Call) -> Response:
    """PUT …/pulls/{number}/merge"""
    number, body = int(call["number"]), call.body
    pull = call.repository.pull(number)
    title = body.get("commit_title") or f"Merge pull request #{number} from {pull.branch}"
    message = f"{title}\n\n{body.get('commit_message') or pull.title}"
    try:
        commit = call.repository.merge_pull(
            number,
            method=str(body.get("merge_method", "merge")),
            message=message,
            expected_head=body.get("sha"),
            by=call.account.login,
            committer=WEB,
        )
    except HeadMovedError:
        return refused(409, "Head branch was modified. Review and try the merge again.")
    except NotMergeableError as error:
        return refused(405, str(error))
    return Response(200, {"sha": commit, "merged": True, "message": "Pull Request successfully merged"})


def get_comments(call: Call) -> Response:
    """GET …/issues/{number}/comments"""
    number = int(call["number"])
    comments = call.repository.pull(number).comments
    return call.page([call.shapes.comment(call.repository, number, comment) for comment in comments])


def post_comment(call: Call) -> Response:
    """POST …/issues/{number}/comments"""
    number = int(call["number"])
    comment = call.repository.comment(number, str(call.body["body"]), by=call.account.login)
    return Response(201, call.shapes.comment(call.repository, number, comment))


Route = Callable[[Call], Response]

_ROUTES: Sequence[tuple[str, str, Route]] = (
    ("GET", "", get_repository),
    ("GET", "/branches/(?P<branch>.+)", get_branch),
    ("GET", "/contents/(?P<path>.+)", get_contents),
    ("POST", "/git/blobs", post_blob),
    ("GET", "/git/blobs/(?P<sha>[^/]+)", get_blob),
    ("POST", "/git/trees", post_tree),
    ("GET", "/git/trees/(?P<sha>[^/]+)", get_tree),
    ("POST", "/git/commits", post_commit),
    ("GET", "/git/commits/(?P<sha>[^/]+)", get_commit),
    ("POST", "/git/refs", post_reference),
    ("PATCH", "/git/refs/heads/(?P<branch>.+)", patch_reference),
    ("DELETE", "/git/refs/heads/(?P<branch>.+)", delete_reference),
    ("GET", "/compare/(?P<basehead>.+)", get_comparison),
    ("GET", "/pulls", get_pulls),
    ("POST", "/pulls", post_pull),
    ("GET", r"/pulls/(?P<number>\d+)", get_pull),
    ("PATCH", r"/pulls/(?P<number>\d+)", patch_pull),
    ("PUT", r"/pulls/(?P<number>\d+)/merge", merge_pull),
    ("GET", r"/issues/(?P<number>\d+)/comments", get_comments),
    ("POST", r"/issues/(?P<number>\d+)/comments", post_comment),
)


def route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route for what follows `/repos/{owner}/{repo}`, and the parts of the address, unquoted."""
    for verb, pattern, function in _ROUTES:
        found = re.fullmatch(pattern, path)
        if verb == method and found:
            return function, {name: unquote(text) for name, text in found.groupdict().items()}
    return None


def told_mergeability(
    repository: HostedRepository, pull: Pull, late: set[tuple[int, str]] | None
) -> tuple[bool | None, str]:
    """Whether it is told to be mergeable, and how that stands; of a head in `late` it is known by now."""
    key = (pull.number, pull.head)
    if late is not None and key not in late:
        late.add(key)
        return None, "unknown"
    if pull.state != "open":
        return None, "unknown"
    verdict = repository.mergeability(pull)
    is_draft = pull.is_draft and verdict.state in {"clean", "unstable"}
    return verdict.state != "dirty", "draft" if is_draft else verdict.state


def _whole(call: Call, pull: Pull) -> Json:
    mergeable, state = told_mergeability(call.repository, pull, call.late_mergeable)
    return call.shapes.whole_pull(call.repository, pull, mergeable=mergeable, state=state)


def _git_commit(call: Call, commit: Commit) -> Json:
    return call.shapes.git_commit(call.repository, commit, is_verified=commit.committer == WEB)


def _blob(call: Call, sha: str, content: bytes) -> Json:
    return call.shapes.blob(call.repository, sha, content)


def _listed(call: Call, ref: str, child: Entry) -> Json:
    whole = Entry(f"{call['path'].rstrip('/')}/{child.path}", child.mode, child.kind, child.sha, child.size)
    kinds = {"tree": "dir", "commit": "file"}
    kind = "symlink" if child.mode == _SYMLINK else kinds.get(child.kind, "file")
    return call.shapes.content(call.repository, ref, whole, {"type": kind})


def _link(call: Call, ref: str, commit: str, entry: Entry) -> Json:
    git = call.repository.git
    target = (git.blob(entry.sha) or b"").decode()
    folder = entry.path.rpartition("/")[0]
    leads_to = git.entry(commit, f"{folder}/{target}" if folder else target)
    if leads_to is None or leads_to.kind != "blob":
        return call.shapes.content(call.repository, ref, entry, {"type": "symlink", "target": target})
    content = git.blob(leads_to.sha) or b""
    shown = Entry(entry.path, entry.mode, entry.kind, entry.sha, len(content))
    return _file(call, ref, shown, content)


def _file(call: Call, ref: str, entry: Entry, content: bytes) -> Json:
    is_inline = len(content) <= LARGEST_INLINE
    text = base64.encodebytes(content).decode() if is_inline else ""
    details = {"type": "file", "content": text, "encoding": "base64" if is_inline else "none"}
    return call.shapes.content(call.repository, ref, entry, details)


def _named(person: Json | None) -> Person | None:
    return Person(str(person["name"]), str(person["email"])) if person else None


def _owner(repository: HostedRepository) -> str:
    return repository.path.partition("/")[0].lower()


def _is_folder_of(one: str, other: str) -> bool:
    return one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _invalid(error: Json) -> Response:
    return refused(422, "Validation Failed", {"resource": "PullRequest", **error})
