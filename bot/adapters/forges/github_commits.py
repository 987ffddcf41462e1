"""Branches, files and commits of repositories on GitHub, read and written through its Git data API."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.adapters.forges.cache import Cache
from bot.adapters.forges.github_api import GitHubApi
from bot.adapters.forges.identity import TRAILER, Identity, signed
from bot.adapters.forges.rules import is_commit, require_size
from bot.domain.errors import Conflict, NotFound, Refused, Unreachable
from bot.domain.proposal import Proposal
from bot.domain.snapshot import Relation

_FILE_CACHE = 32 * 1024 * 1024
_FACT_CACHE = 8192
_LISTED = 100
_LONGEST_LOG = 1000
_RELATIONS = {
    "identical": Relation.CONTAINED,
    "ahead": Relation.CONTAINED,
    "behind": Relation.BEHIND,
    "diverged": Relation.DIVERGED,
}
# An App's commits name its bot, and GitHub itself as committer where it signed them.
_BOT = re.compile(r"\d+\+[^@\s]+\[bot\]@users\.noreply\.\S+", re.IGNORECASE)
_WEB = re.compile(r"noreply@\S+", re.IGNORECASE)
_PLAIN, _FOLDER, _NEW = "100644", "040000", ""
_LOST_RACE = ("already exists", "not a fast forward", "does not exist")


@dataclass(frozen=True, slots=True)
class _Tip:
    branch: str
    commit: str
    tree: str


@dataclass(frozen=True, slots=True)
class _File:
    """A file as the contents API tells it; `content` is None where it is too large for that."""

    blob: str
    size: int
    content: bytes | None


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One page of what the head of a comparison holds beyond its base, oldest first."""

    status: str
    total: int
    commits: Sequence[Mapping[str, Any]]


class Commits:
    """The part of the port `Forge` that is about Git. What a commit names is kept, and read once."""

    def __init__(self, api: GitHubApi, identity: Identity) -> None:
        self._api = api
        self._identity = identity
        self._files: Cache[tuple[str, str, str], bytes] = Cache(_FILE_CACHE)
        self._trees: Cache[tuple[str, str], str] = Cache(_FACT_CACHE)
        self._relations: Cache[tuple[str, str, str], Relation] = Cache(_FACT_CACHE)

    def default_branch(self, repository: str) -> str:
        """The branch that a clone checks out."""
        return self._api.look(repository, "", lambda data: str(data["default_branch"]))

    def head(self, repository: str, branch: str) -> str | None:
        """The commit that the branch points to, or None."""
        try:
            tip = self._api.look(repository, f"/branches/{quote(branch)}", _tip)
        except NotFound as error:
            if error.why != "Branch not found":
                self.default_branch(repository)  # raises where the repository itself is out of sight
            return None
        if tip.branch != branch:  # renamed: GitHub leads the old name to the new one
            return None
        self._trees.put((repository, tip.commit), tip.tree)
        return tip.commit

    def read(self, repository: str, commit: str, path: str) -> bytes | None:
        """The file's bytes at that commit, or None."""
        key = (repository, commit, path)
        kept = self._files.get(key)
        if kept is not None:
            return kept
        if not is_commit(commit):
            raise NotFound(f"{commit[:80]!r} is no commit of {repository}")
        try:
            where = f"/contents/{quote(path)}"
            file = self._api.get(
                repository, where, lambda data: _file(data, path), parameters={"ref": commit}
            )
        except NotFound as error:
            if error.why.startswith("No commit found"):
                raise NotFound(f"commit {commit} is not in {repository}") from error
            self.default_branch(repository)  # raises where the repository itself is out of sight
            return None
        require_size(path, file.size)
        data = self._content(repository, path, file)
        self._files.put(key, data, weight=len(data) + 256)
        return data

    def relation(self, repository: str, *, commit: str, revision: str) -> Relation:
        """How `commit` stands to `revision`."""
        key = (repository, commit, revision)
        kept = self._relations.get(key)
        if kept is not None:
            return kept
        if not (is_commit(commit) and is_commit(revision)):
            return Relation.UNKNOWN
        try:
            where = f"/compare/{commit}...{revision}"
            found = self._api.get(repository, where, _comparison, parameters={"per_page": 1})
            relation = _RELATIONS[found.status]
        except NotFound as error:
            if "no common ancestor" not in error.why.lower():
                return Relation.UNKNOWN
            relation = Relation.DIVERGED
        self._relations.put(key, relation)
        return relation

    def foreign(self, repository: str, *, branch: str, base: str) -> str | None:
        """The newest commit on `branch` and not on `base` that is not ours."""
        where = f"/compare/{quote(base, safe='')}...{quote(branch, safe='')}"
        newest, seen, page = None, 0, 1
        while True:
            pages = {"per_page": _LISTED, "page": page}
            try:
                found = self._api.look(repository, where, _comparison, parameters=pages)
            except NotFound:
                if self.head(repository, branch) is None:
                    return None
                raise
            if found.total >= _LONGEST_LOG:
                raise Refused(
                    f"branch {branch} of {repository} holds too many commits", fix="delete the branch"
                )
            newest = next((str(c["sha"]) for c in reversed(found.commits) if not self._made(c)), newest)
            seen, page = seen + len(found.commits), page + 1
            if seen >= found.total or not found.commits:
                return newest

    def write(self, repository: str, proposal: Proposal, *, base: str, expected: str | None) -> str:
        """Let the proposal's branch hold the base commit's tree with its files; return its commit."""
        branch = proposal.branch
        if expected is not None and self.head(repository, branch) != expected:
            raise Conflict(f"branch {branch} of {repository} was moved by somebody else")
        parents = self._parents(repository, base=base, expected=expected)
        tree = self._edited(repository, base, proposal.files)
        if expected is not None and parents == [expected] and self._tree(repository, expected) == tree:
            return expected
        commit = self._commit(repository, tree, parents, signed(proposal.message))
        self._trees.put((repository, commit), tree)
        self._move(repository, branch, commit, is_new=expected is None)
        return commit

    def delete(self, repository: str, branch: str) -> None:
        """Delete a branch; one that is gone already is no error."""
        answer = self._api.attempt("DELETE", repository, f"/git/refs/heads/{quote(branch)}")
        if answer.status not in {204, 404, 422}:
            raise self._api.failure(repository, answer)

    def _content(self, repository: str, path: str, file: _File) -> bytes:
        data = file.content
        if data is None:
            data = self._api.get(
                repository, f"/git/blobs/{file.blob}", lambda blob: _decoded(blob["content"])
            )
        # For a link to a file GitHub gives the file's content, and the link's own blob id.
        if len(data) != file.size or _blob_id(data) != file.blob:
            raise Refused(f"{path} in {repository} is a symbolic link", fix="name the file that it leads to")
        return data

    def _made(self, commit: Mapping[str, Any]) -> bool:
        message = str(commit["commit"]["message"])
        author = str(commit["commit"]["author"]["email"])
        committer = str(commit["commit"]["committer"]["email"])
        committers = [] if _WEB.fullmatch(committer) else [committer]
        if _BOT.fullmatch(author):
            return TRAILER in message.splitlines() and all(email == author for email in committers)
        return self._identity.made(message=message, emails=[author, *committers])

    def _parents(self, repository: str, *, base: str, expected: str | None) -> list[str]:
        if expected is None or expected == base:
            return [base]
        relation = self.relation(repository, commit=expected, revision=base)
        if relation is Relation.UNKNOWN:
            raise Conflict(f"{base[:80]} is not in {repository} any more", fix="read the base branch again")
        parents = {Relation.CONTAINED: [base], Relation.BEHIND: [expected]}
        return parents.get(relation, [expected, base])

    def _tree(self, repository: str, commit: str) -> str:
        kept = self._trees.get((repository, commit))
        if kept is not None:
            return kept
        tree = self._api.get(repository, f"/git/commits/{commit}", lambda data: str(data["tree"]["sha"]))
        self._trees.put((repository, commit), tree)
        return tree

    def _edited(self, repository: str, base: str, files: Sequence[tuple[str, bytes]]) -> str:
        try:
            before = {path: self.read(repository, base, path) for path, _ in files}
            tree = self._tree(repository, base)
        except NotFound as error:
            self.default_branch(repository)  # raises where the repository itself is out of sight
            raise Conflict(f"{base[:80]} is not in {repository} any more", fix="read it again") from error
        changed = [(path, data) for path, data in files if before[path] != data]
        if not changed:
            return tree
        entries = [
            self._entry(repository, path, data, self._mode(repository, tree, path, before[path]))
            for path, data in changed
        ]
        body = {"base_tree": tree, "tree": entries}
        return self._api.send("POST", repository, "/git/trees", body, lambda data: str(data["sha"]))

    def _mode(self, repository: str, tree: str, path: str, before: bytes | None) -> str:
        """The mode that a file keeps. GitHub tells modes only by more calls: spared for plain text."""
        if before is not None and not before.startswith(b"#!") and _is_text(before):
            return _PLAIN
        *folders, name = path.split("/")
        for folder in folders:
            mode, tree = self._listing(repository, tree).get(folder, (_NEW, ""))
            if mode == _NEW:
                return _PLAIN
            if mode != _FOLDER:
                raise Refused(f"{path} in {repository} stands below a file", fix="name a path in a folder")
        return self._listing(repository, tree).get(name, (_PLAIN, ""))[0]

    def _listing(self, repository: str, tree: str) -> Mapping[str, tuple[str, str]]:
        """What one folder holds: name → mode and object id."""
        return self._api.get(
            repository,
            f"/git/trees/{tree}",
            lambda data: {str(e["path"]): (str(e["mode"]), str(e["sha"])) for e in data["tree"]},
        )

    def _entry(self, repository: str, path: str, data: bytes, mode: str) -> Mapping[str, str]:
        entry = {"path": path, "mode": mode, "type": "blob"}
        if _is_text(data):
            return entry | {"content": data.decode()}
        # JSON carries text only: such a file goes as a blob of its own.
        blob = {"content": base64.b64encode(data).decode(), "encoding": "base64"}
        return entry | {
            "sha": self._api.send("POST", repository, "/git/blobs", blob, lambda d: str(d["sha"]))
        }

    def _commit(self, repository: str, tree: str, parents: Sequence[str], message: str) -> str:
        body: dict[str, Any] = {"message": message, "tree": tree, "parents": parents}
        if not self._api.is_app:  # GitHub signs an App's commit only while nobody else is named
            body["author"] = {"name": self._identity.name, "email": self._identity.email}
        return self._api.send("POST", repository, "/git/commits", body, lambda data: str(data["sha"]))

    def _move(self, repository: str, branch: str, commit: str, *, is_new: bool) -> None:
        try:
            if is_new:
                reference = {"ref": f"refs/heads/{branch}", "sha": commit}
                answer = self._api.attempt("POST", repository, "/git/refs", reference)
            else:
                move = {"sha": commit, "force": False}
                answer = self._api.attempt("PATCH", repository, f"/git/refs/heads/{quote(branch)}", move)
        except Unreachable:
            if self.head(repository, branch) != commit:
                raise
            return
        if answer.status in {200, 201}:
            return
        if any(text in answer.message.lower() for text in _LOST_RACE):
            raise Conflict(f"branch {branch} of {repository} was moved by somebody else", why=answer.message)
        raise self._api.failure(repository, answer)


def _tip(data: Any) -> _Tip:
    commit = data["commit"]
    return _Tip(str(data["name"]), str(commit["sha"]), str(commit["commit"]["tree"]["sha"]))


def _file(data: Any, path: str) -> _File:
    if isinstance(data, list) or data["type"] != "file":
        kind = "a folder" if isinstance(data, list) else f"a {data['type']}"
        raise Refused(f"{path} is {kind}", fix="name a file")
    content = _decoded(data["content"]) if data["encoding"] == "base64" else None
    return _File(str(data["sha"]), int(data["size"]), content)


def _comparison(data: Any) -> _Comparison:
    if data["status"] not in _RELATIONS:
        raise ValueError(f"status {data['status']!r}")
    commits = list(data["commits"])
    return _Comparison(str(data["status"]), int(data["total_commits"]), commits)


def _decoded(text: str) -> bytes:
    return base64.b64decode(text)


def _blob_id(data: bytes) -> str:
    """The name that Git gives these bytes (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects)."""
    return hashlib.sha1(b"blob %d\0%b" % (len(data), data), usedforsecurity=False).hexdigest()


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False
