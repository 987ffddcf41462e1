"""A repository, its branches and the files at a commit, in the REST API of the fake GitHub."""

from __future__ import annotations

import base64

from tests.fakes.git_repository import Entry
from tests.fakes.github_call import NOT_FOUND, Call, refused
from tests.fakes.github_json import LARGEST_INLINE, Json
from tests.fakes.host_call import Routes
from tests.fakes.http_host import Response

_SYMLINK, _SUBMODULE = "120000", "160000"


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


CONTENT_ROUTES: Routes[Call] = (
    ("GET", "", get_repository),
    ("GET", "/branches/(?P<branch>.+)", get_branch),
    ("GET", "/contents/(?P<path>.+)", get_contents),
    ("GET", "/compare/(?P<basehead>.+)", get_comparison),
)


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
