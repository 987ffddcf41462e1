"""One question to GitLab's GraphQL API for all that a look is about to ask, and what its answer says.

Names of branches and paths travel as variables, never in the text. GitLab reads the parts of a question in
their order: the merge requests come first (`bot.flow.observe` says why), and where a branch stands is asked
before its files and after them, for it may move in between.
https://docs.gitlab.com/api/graphql/reference/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.adapters.forges.blobs import blob_id
from bot.adapters.forges.gitlab.commits import Commit
from bot.adapters.forges.gitlab.merge_requests import pull_request
from bot.domain.pull_request.proposal import PullRequest
from bot.ports import Look

MOST_COMPLEXITY = 230
"""What a question may cost. GitLab takes 250 of a login, and this count is not quite GitLab's own.

https://docs.gitlab.com/api/graphql/#maximum-query-complexity
"""

# A field costs 1, one that asks Gitaly 2, the last commit of a tree 10; what is looked up costs 1 or 2 more
# than what is below it, and a list 1% more for each entry that it may have.
_COSTS_ALWAYS, _COSTS_BRANCH, _COSTS_FILES = 93, 21, 8
_PLAIN = frozenset({"100644", "100755"})
_BASE, _FILES, _AGAIN, _LISTED, _OPENED = "base", "files", "Again", "mergeRequests", "opened"
_MOST_LISTED = 100
_ALWAYS_TOLD = ("iid", "webUrl", "title", "sourceBranch", "targetBranch", "state", "detailedMergeStatus")
# Where GraphQL has another word for it than the REST API.
_STATUSES = {
    "JIRA_ASSOCIATION": "jira_association_missing",
    "SECURITY_POLICIES_VIOLATIONS": "security_policy_violations",
    "TITLE_NOT_MATCHING": "title_regex",
}
_QUERY = """query($project: ID!, $branches: [String!]!, {declared}) {{
  currentUser {{ commitEmail }}
  project(fullPath: $project) {{
    mergeRequests(sourceBranches: $branches, sort: CREATED_DESC, first: 100) {{
      nodes {{
        iid webUrl title description sourceBranch targetBranch sourceProjectId targetProjectId diffHeadSha
        state draft mergedAt mergeCommitSha conflicts detailedMergeStatus autoMergeEnabled
      }}
      pageInfo {{ hasNextPage }}
    }}
    {opened}: mergeRequests(sourceBranches: $branches, state: opened, first: 100) {{
      nodes {{ iid sourceBranch sourceProjectId targetProjectId }}
    }}
    repository {{
      {parts}
    }}
  }}
}}
"""
_COMMIT = "sha parentSha message authorEmail committerEmail"
_BLOBS = "nodes { path oid mode rawTextBlob }"


@dataclass(frozen=True, slots=True)
class Question(Look):
    """What is asked of a look, within bounds."""

    @property
    def complexity(self) -> int:
        """About what it costs, as GitLab counts."""
        read = [paths for paths in (self.paths, *self.files.values()) if paths]
        files = sum(_COSTS_FILES + len(paths) + len(paths) ** 2 // 100 for paths in read)
        return _COSTS_ALWAYS + _COSTS_BRANCH * len(self.files) + files

    def text(self) -> str:
        """The query; parts are named by kind and place: `h0` is where our first branch stands."""
        reads = [(str(at), paths) for at, paths in enumerate(self.files.values()) if paths]
        declared = [f"$n{at}: String!" for at in range(len(self.files))]
        declared += [f"$p{at}: [String!]!" for at, _ in reads]
        if self.base:
            declared.append("$base: String!")
        if self.paths:
            declared.append("$paths: [String!]!")
        parts = "\n      ".join(self._parts(reads))
        return _QUERY.format(declared=", ".join(declared), opened=_OPENED, parts=parts)

    def variables(self, repository: str) -> Mapping[str, object]:
        """What the names in the query stand for."""
        names = {f"n{at}": branch for at, branch in enumerate(self.files)}
        paths = {f"p{at}": list(paths) for at, paths in enumerate(self.files.values()) if paths}
        base = {"base": self.base} if self.base else {}
        every = {"paths": list(self.paths)} if self.paths else {}
        return {"project": repository, "branches": list(self.files), **names, **paths, **base, **every}

    def _parts(self, reads: Sequence[tuple[str, Sequence[str]]]) -> Iterator[str]:
        places = range(len(self.files))
        at_base = "ref: $base, refType: HEADS" if self.base else ""
        yield "rootRef"
        yield f"{_BASE}: {f'tree({at_base})' if at_base else 'tree'} {{ lastCommit {{ sha }} }}"
        yield from (
            f"h{at}: tree(ref: $n{at}, refType: HEADS) {{ lastCommit {{ {_COMMIT} }} }}" for at in places
        )
        if self.paths:
            among = ", ".join(each for each in ("paths: $paths", at_base) if each)
            yield f"{_FILES}: blobs({among}, first: {len(self.paths)}) {{ {_BLOBS} }}"
        for at, paths in reads:
            among = f"paths: $p{at}, ref: $n{at}, refType: HEADS"
            yield f"f{at}: blobs({among}, first: {len(paths)}) {{ {_BLOBS} }}"
        base = "$base" if self.base else '"HEAD"'
        yield f"{_BASE}{_AGAIN}: commits(ref: {base}, firstParent: true, first: 100) {{ nodes {{ sha }} }}"
        yield from (f"h{at}{_AGAIN}: commits(ref: $n{at}, first: 1) {{ nodes {{ sha }} }}" for at in places)


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a branch stands, and files there, as far as their bytes are told for sure."""

    tip: Commit
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What the answer says for sure; what it leaves open is missing.

    `stands` has no branch that is not there. `past` are commits that the base holds. `pulls` are those from
    our branches, newest first: `is_whole` says that there never were others, and `unnamed` are the numbers of
    those that were merged by a commit which is not told. `opened` are the numbers of all open ones by branch,
    None where they are not told. `account` is the address of the token's user in commits, empty where it is
    not told.
    """

    default_branch: str
    base: str
    stands: Mapping[str, Stand]
    past: frozenset[str]
    pulls: Sequence[PullRequest]
    is_whole: bool
    unnamed: frozenset[int]
    opened: Mapping[str, frozenset[int]] | None
    account: str


def bounded(look: Look) -> Question:
    """As much of a look as one question holds; of a branch with too many files, the branch alone."""
    question = Question(look.base, {})
    for branch, paths in look.files.items():
        for part in (paths, ()):
            larger = Question(look.base, {**question.files, branch: part})
            if larger.complexity <= MOST_COMPLEXITY:
                question = larger
                break
    return question


def surveyed(data: Any, question: Question, failed: frozenset[str]) -> Surveyed | None:
    """Read the answer; the parts that `failed` say nothing. None where the base branch is not told."""
    project = data["project"]
    repository = project["repository"] if project else None
    if not repository or not repository["rootRef"] or _BASE in failed:
        return None
    default = str(repository["rootRef"])
    base = question.base or default
    asked = {_BASE: (base, _FILES)}
    asked |= {f"h{at}": (branch, f"f{at}") for at, branch in enumerate(question.files)}
    stands: dict[str, Stand] = {}
    for part, (branch, files) in asked.items():
        tip = None if part in failed else _tip(repository, part)
        if tip is not None:
            read = None if files in failed else repository.get(files)
            stands[branch] = Stand(tip, dict(_contents(read)))
    if base not in stands:
        return None
    listed: Any = None if _LISTED in failed else project[_LISTED]
    nodes: list[Any] = listed["nodes"] if listed else [None]
    is_told = all(map(_is_told, nodes))
    own = [each for each in nodes if _is_own(each, question)] if is_told else []
    pulls = [pull_request(_as_rest(each)) for each in own]
    return Surveyed(
        default_branch=default,
        base=base,
        stands=stands,
        past=frozenset(_shas(repository, f"{_BASE}{_AGAIN}")),
        pulls=sorted(pulls, key=lambda pull: pull.number, reverse=True),
        is_whole=is_told and listed["pageInfo"]["hasNextPage"] is False,
        unnamed=frozenset(int(str(each["iid"])) for each in own if _is_unnamed(each)),
        opened=None if _OPENED in failed else _opened(project[_OPENED], question),
        account=str((data["currentUser"] or {}).get("commitEmail") or ""),
    )


def _tip(repository: Any, part: str) -> Commit | None:
    """Where a branch stands; None where it is not there, or moved while its files were read.

    The second time GitLab is asked without the kind of reference, and may tell of a tag of the same name.
    """
    told = (repository[part] or {}).get("lastCommit")
    if told is None or [told["sha"]] != _shas(repository, f"{part}{_AGAIN}")[:1]:
        return None
    # Which other parents a merge has is not told: no commit of ours has any.
    parent = told.get("parentSha")
    return Commit(
        sha=str(told["sha"]),
        parents=(str(parent),) if parent else (),
        message=str(told.get("message") or ""),
        author=str(told.get("authorEmail") or ""),
        committer=str(told.get("committerEmail") or ""),
    )


def _shas(repository: Any, part: str) -> Sequence[str]:
    """The commits that are told of a branch, its head first; none where that failed."""
    nodes = (repository[part] or {}).get("nodes") or ()
    return [str(each["sha"]) for each in nodes if each]


def _contents(read: Any) -> Iterator[tuple[str, bytes]]:
    """Plain files whose text has the very bytes of their blobs; GitLab decodes text, and cuts it."""
    for each in filter(None, read["nodes"] if read else ()):
        text = each["rawTextBlob"]
        data = text.encode(errors="surrogatepass") if isinstance(text, str) else None
        if each["mode"] in _PLAIN and data is not None and blob_id(data) == each["oid"]:
            yield str(each["path"]), data


def _is_own(node: Any, question: Question) -> bool:
    """Whether it is the project's own: forks have branches of the same name."""
    return node["sourceProjectId"] == node["targetProjectId"] and node["sourceBranch"] in question.files


def _is_told(node: Any) -> bool:
    """Whether all is told of a merge request that its REST API tells of each."""
    told = node is not None and isinstance(node["targetProjectId"], int)
    return told and all(isinstance(node[name], str) for name in _ALWAYS_TOLD)


def _opened(listed: Any, question: Question) -> Mapping[str, frozenset[int]] | None:
    """The numbers of the open ones by branch; None where there may be others."""
    nodes: list[Any] = listed["nodes"] if listed else [None]
    if None in nodes or len(nodes) >= _MOST_LISTED:
        return None
    own = [each for each in nodes if _is_own(each, question)]
    return {
        branch: frozenset(int(str(each["iid"])) for each in own if each["sourceBranch"] == branch)
        for branch in question.files
    }


def _is_unnamed(node: Any) -> bool:
    """Whether it was merged without a commit for that: GraphQL does not tell whether it was squashed.

    `squash` says what was wished, and the project's settings override it, then and now.
    """
    return node["state"] == "merged" and not node["mergeCommitSha"]


def _as_rest(node: Any) -> Mapping[str, Any]:
    """A merge request in the words of the REST API, which are read in one place."""
    status = str(node["detailedMergeStatus"])
    return {
        "iid": node["iid"],
        "web_url": node["webUrl"],
        "title": node["title"],
        "description": node["description"],
        "source_branch": node["sourceBranch"],
        "target_branch": node["targetBranch"],
        "sha": node["diffHeadSha"],
        "state": node["state"],
        "merge_commit_sha": node["mergeCommitSha"],
        "squash_commit_sha": None,
        "merged_at": node["mergedAt"],
        "has_conflicts": node["conflicts"],
        "detailed_merge_status": _STATUSES.get(status, status.lower()),
        "draft": node["draft"],
        "merge_when_pipeline_succeeds": node["autoMergeEnabled"],
    }
