"""One question to GitHub's GraphQL API for all that a look is about to ask, and what its answer says.

Names of branches and paths travel as variables, never in the text. GitHub reads the parts of a question in
their order, and the pull requests come first (`bot.flow.observe` says why).
https://docs.github.com/graphql/reference/repos
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.adapters.forges.blobs import blob_id
from bot.adapters.forges.github.objects import Commit, Made, Tip, commit_of
from bot.adapters.forges.github.pulls import pull_request
from bot.adapters.forges.github.repositories import Known
from bot.adapters.forges.rules import is_commit
from bot.domain.pull_request.proposal import PullRequest
from bot.ports import Look

MOST_BRANCHES = 16
"""Branches of one question; the rest of a larger look is asked one by one."""

MOST_FILES = 64
"""Files of one question, each at one branch."""

_HEADS = "refs/heads/"
_BASE = "base"
_PLAIN = frozenset({0o100644, 0o100755})
_ALWAYS_TOLD = ("url", "title", "state", "headRefName", "headRefOid", "baseRefName", "mergeStateStatus")
_DETAILS = """
fragment pulls on PullRequestConnection {
  nodes {
    number url title body state isDraft isCrossRepository headRefName headRefOid baseRefName
    mergedAt mergeCommit { oid } mergeable mergeStateStatus autoMergeRequest { enabledAt }
  }
  pageInfo { hasNextPage }
}
fragment tip on Ref {
  name prefix
  target { oid ... on Commit { tree { oid } parents(first: 10) { nodes { oid } } } }
}
fragment entry on TreeEntry { mode oid object { ... on Blob { text } } }
fragment comparison on Comparison {
  headTarget { oid }
  commits(first: 100) {
    nodes { oid message author { email } committer { email } }
    pageInfo { hasNextPage }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Question(Look):
    """What is asked of a look, within bounds."""

    def text(self) -> str:
        """The query; parts are named by kind and place: `p0` are the pull requests of the first branch."""
        paths, branches = self.paths, list(self.files)
        strings = ["owner", "name", *([_BASE] if self.base else [])]
        strings += [f"{kind}{at}" for kind in "hr" for at in range(len(branches))]
        strings += [f"f{at}" for at in range(len(paths))]
        base = f"ref(qualifiedName: ${_BASE})" if self.base else "defaultBranchRef"
        parts = ["id", "defaultBranchRef { name }"]
        for at in range(len(branches)):
            order = "first: 50, orderBy: {field: CREATED_AT, direction: DESC}"
            parts.append(f"p{at}: pullRequests(headRefName: $h{at}, {order}) {{ ...pulls }}")
        parts.append(f"{_BASE}: {base} {{ ...tip {_files(range(len(paths)))} }}")
        for at, branch in enumerate(branches):
            read = _files(paths.index(path) for path in self.files[branch])
            parts.append(f"b{at}: ref(qualifiedName: $r{at}) {{ ...tip {read} }}")
            parts.append(f"c{at}: {base} {{ target {{ oid }} compare(headRef: $h{at}) {{ ...comparison }} }}")
        variables = ", ".join(f"${name}: String!" for name in strings)
        body = "\n    ".join(parts)
        asked = "repository(owner: $owner, name: $name, followRenames: false)"
        return f"query({variables}) {{\n  {asked} {{\n    {body}\n  }}\n}}{_DETAILS}"

    def variables(self, repository: str) -> Mapping[str, str]:
        """What the names in the query stand for."""
        owner, _, name = repository.partition("/")
        base = {_BASE: f"{_HEADS}{self.base}"} if self.base else {}
        heads = {f"h{at}": branch for at, branch in enumerate(self.files)}
        references = {f"r{at}": f"{_HEADS}{branch}" for at, branch in enumerate(self.files)}
        files = {f"f{at}": path for at, path in enumerate(self.paths)}
        return {"owner": owner, "name": name, **base, **heads, **references, **files}


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a branch stands, and files there: None is one that is not there."""

    tip: Tip
    files: Mapping[str, bytes | None]


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What the answer says for sure; what it leaves open is missing.

    `stands` has None for a branch that is not there; `beyond` are the commits beyond the base, by the heads
    of our branches. `pull_requests` are the newest of each branch: all but for those of the branches that
    have `more`.
    """

    repository: Known
    base: str
    stands: Mapping[str, Stand | None]
    pull_requests: Mapping[str, Sequence[PullRequest]]
    more: frozenset[str]
    beyond: Mapping[str, Sequence[Commit]]


def bounded(look: Look) -> Question:
    """As much of a look as one question holds."""
    files: dict[str, Sequence[str]] = {}
    left, known = MOST_FILES, set[str]()
    for branch, paths in list(look.files.items())[:MOST_BRANCHES]:
        cost = len(paths) + len(set(paths) - known)
        files[branch] = paths if cost <= left else ()
        if cost <= left:
            left -= cost
            known.update(paths)
    return Question(look.base, files)


def surveyed(data: Any, question: Question, failed: frozenset[str]) -> Surveyed | None:
    """Read the answer; the parts that `failed` say nothing. None where the base branch is not told."""
    found = data["repository"]
    default = found["defaultBranchRef"]
    base = question.base or (str(default["name"]) if default else None)
    if base is None or default is None or _BASE in failed:
        return None
    stands: dict[str, Stand | None] = {}
    pulls: dict[str, Sequence[PullRequest]] = {}
    more: set[str] = set()
    beyond: dict[str, Sequence[Commit]] = {}
    asked = [(_BASE, base, question.paths)]
    asked += [(f"b{at}", branch, paths) for at, (branch, paths) in enumerate(question.files.items())]
    for part, branch, paths in asked:
        if part not in failed and _is_branch(found[part], branch):
            stands[branch] = _stand(found[part], question, paths)
    for at, branch in enumerate(question.files):
        listed = None if f"p{at}" in failed else found[f"p{at}"]
        if listed and all(map(_is_told, listed["nodes"])):
            pulls[branch] = _pulls(listed["nodes"], branch)
            more |= set() if listed["pageInfo"]["hasNextPage"] is False else {branch}
        one, other = stands.get(base), stands.get(branch)
        if one and other and f"c{at}" not in failed and _is_whole(found[f"c{at}"], one, other):
            commits = found[f"c{at}"]["compare"]["commits"]["nodes"]
            beyond[other.tip.commit] = [commit_of(each["oid"], each) for each in commits]
    repository = Known(str(default["name"]), str(found["id"]))
    return Surveyed(repository, base, stands, pulls, frozenset(more), beyond)


def _files(places: Iterable[int]) -> str:
    read = " ".join(f"f{at}: file(path: $f{at}) {{ ...entry }}" for at in places)
    return f"target {{ ... on Commit {{ {read} }} }}" if read else ""


def _is_branch(data: Any, branch: str) -> bool:
    """Whether it is that very branch, or none: GitHub looks among other references too."""
    return data is None or (data["name"], data["prefix"]) == (branch, _HEADS)


def _stand(data: Any, question: Question, paths: Sequence[str]) -> Stand | None:
    if data is None:
        return None
    commit, places = data["target"], question.paths
    if not is_commit(str(commit["oid"])):
        raise ValueError("a branch stands at a commit")
    made = Made(str(commit["tree"]["oid"]), tuple(str(each["oid"]) for each in commit["parents"]["nodes"]))
    tip = Tip(str(data["name"]), str(commit["oid"]), made)
    read = {path: commit[f"f{places.index(path)}"] for path in paths}
    return Stand(tip, {path: _bytes(entry) for path, entry in read.items() if _is_sure(entry)})


def _is_sure(entry: Any) -> bool:
    """Whether an entry is a plain file whose text has the very bytes of its blob, or is not there at all.

    Text that GitHub cut, decoded or left out has others.
    """
    if entry is None:
        return True
    text = (entry["object"] or {}).get("text")
    return entry["mode"] in _PLAIN and isinstance(text, str) and blob_id(_encoded(text)) == entry["oid"]


def _bytes(entry: Any) -> bytes | None:
    return _encoded(entry["object"]["text"]) if entry is not None else None


def _encoded(text: str) -> bytes:
    """Its bytes; those of half a character are held against the id of the blob like all others."""
    return text.encode(errors="surrogatepass")


def _is_told(node: Any) -> bool:
    """Whether all is told of a pull request that its REST API tells of each, and which commit merged it."""
    told = node is not None and isinstance(node["number"], int)
    told = told and (node["mergeCommit"] is not None or node["mergedAt"] is None)
    return told and all(isinstance(node[name], str) for name in _ALWAYS_TOLD)


def _pulls(nodes: Sequence[Any], branch: str) -> Sequence[PullRequest]:
    """Those of the repository itself, newest first; forks have branches of the same name."""
    own = [each for each in nodes if each["headRefName"] == branch and not each["isCrossRepository"]]
    return tuple(pull_request(_as_rest(each)) for each in own)


def _is_whole(data: Any, base: Stand, head: Stand) -> bool:
    """Whether a comparison is one of just these commits, and tells all that lies between them."""
    if data is None or data["compare"] is None:
        return False
    compared = data["compare"]
    ends = (data["target"]["oid"], compared["headTarget"]["oid"])
    is_last = not compared["commits"]["pageInfo"]["hasNextPage"]
    return is_last and ends == (base.tip.commit, head.tip.commit)


def _as_rest(node: Any) -> Mapping[str, Any]:
    """A pull request in the words of the REST API, which are read in one place."""
    merged = node["mergeCommit"]
    state = str(node["mergeStateStatus"]).lower()
    return {
        "number": node["number"],
        "html_url": node["url"],
        "title": node["title"],
        "body": node["body"],
        "head": {"ref": node["headRefName"], "sha": node["headRefOid"]},
        "base": {"ref": node["baseRefName"]},
        "state": str(node["state"]).lower(),
        "merged_at": node["mergedAt"],
        "merge_commit_sha": merged["oid"] if merged else None,
        "mergeable": {"MERGEABLE": True, "CONFLICTING": False}.get(node["mergeable"]),
        # A draft was a state of its own there, too; that is to go: https://docs.github.com/graphql/overview/breaking-changes
        "mergeable_state": "draft" if node["isDraft"] and state == "blocked" else state,
        "draft": node["isDraft"],
        "auto_merge": node["autoMergeRequest"],
    }
