"""New commits on branches of our own on GitHub: objects first, and then one move that is never forced."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from bot.adapters.forges.github.api import GitHubApi
from bot.adapters.forges.github.commits import Commits
from bot.adapters.forges.github.objects import blob_id
from bot.adapters.forges.identity import Identity, signed
from bot.domain.errors import Conflict, NotFound, Refused, Unreachable
from bot.domain.pull_request.proposal import Proposal
from bot.domain.snapshot import Relation

_PLAIN, _NEW = "100644", ""
_FILES = {"100644", "100755"}
_LOST_RACE = ("already exists", "not a fast forward", "does not exist")


class Writer:
    """The part of the port `Forge` that moves branches."""

    def __init__(self, api: GitHubApi, commits: Commits, identity: Identity) -> None:
        self._api = api
        self._commits = commits
        self._identity = identity

    def write(self, repository: str, proposal: Proposal, *, base: str, expected: str | None) -> str:
        """Let the proposal's branch hold the base commit's tree with its files; return its commit."""
        branch = proposal.branch
        if expected is not None and self._commits.head(repository, branch) != expected:
            raise Conflict(f"branch {branch} of {repository} was moved by somebody else")
        parents = self._parents(repository, base=base, expected=expected)
        tree = self._edited(repository, base, proposal)
        if (
            expected is not None
            and parents == [expected]
            and self._commits.tree(repository, expected) == tree
        ):
            return expected
        commit = self._commit(repository, tree, parents, self._signed(proposal))
        self._commits.remember_tree(repository, commit, tree)
        self._move(repository, branch, commit, is_new=expected is None)
        return commit

    def commit(self, repository: str, proposal: Proposal, *, branch: str, expected: str) -> str:
        """Commit the proposal's files on `expected`, which a branch of somebody else's must still be at."""
        if self._commits.head(repository, branch) != expected:
            raise Conflict(f"branch {branch} of {repository} was moved by somebody else")
        tree = self._edited(repository, expected, proposal)
        if tree == self._commits.tree(repository, expected):
            return expected
        commit = self._commit(repository, tree, [expected], self._signed(proposal))
        self._commits.remember_tree(repository, commit, tree)
        try:
            self._move(repository, branch, commit, is_new=False)
        except Refused as error:
            raise Refused(
                f"branch {branch} of {repository} takes no commit without a pull request",
                why=error.why,
                fix="let Tagboat's login bypass the rules of the branch, or use `merge: auto`",
            ) from error
        return commit

    def delete(self, repository: str, branch: str) -> None:
        """Delete a branch; one that is gone already is no error."""
        answer = self._api.attempt("DELETE", repository, f"/git/refs/heads/{quote(branch)}")
        if answer.status not in {204, 404, 422}:
            raise self._api.failure(repository, answer)

    def _signed(self, proposal: Proposal) -> str:
        return signed(proposal.message, sign_off=self._identity if proposal.sign_off else None)

    def _parents(self, repository: str, *, base: str, expected: str | None) -> list[str]:
        if expected is None or expected == base:
            return [base]
        relation = self._commits.relation(repository, commit=expected, revision=base)
        if relation is Relation.UNKNOWN:
            raise Conflict(f"{base[:80]} is not in {repository} any more", fix="read the base branch again")
        parents = {Relation.CONTAINED: [base], Relation.BEHIND: [expected]}
        return parents.get(relation, [expected, base])

    def _edited(self, repository: str, base: str, proposal: Proposal) -> str:
        try:
            tree = self._commits.tree(repository, base)
            is_copy = bool(proposal.modes) or any(data is None for _, data in proposal.files)
            if is_copy:
                entries = self._copied(repository, tree, proposal)
            else:
                entries = self._spliced(repository, base, tree, proposal)
        except NotFound as error:
            self._commits.default_branch(repository)  # raises where the repository itself is out of sight
            raise Conflict(f"{base[:80]} is not in {repository} any more", fix="read it again") from error
        if not entries:
            return tree
        body = {"base_tree": tree, "tree": entries}
        return self._api.send("POST", repository, "/git/trees", body, lambda data: str(data["sha"]))

    def _spliced(
        self, repository: str, base: str, tree: str, proposal: Proposal
    ) -> Sequence[Mapping[str, str | None]]:
        """The entries of files that keep their modes: most were read already, as they were edited."""
        before = {path: self._commits.read(repository, base, path) for path, _ in proposal.files}
        return [
            self._entry(repository, path, data, self._mode(repository, tree, path, before[path]))
            for path, data in proposal.files
            if data is not None and before[path] != data
        ]

    def _copied(self, repository: str, tree: str, proposal: Proposal) -> Sequence[Mapping[str, str | None]]:
        """The entries of files that come and go: folders are read instead of each file."""
        modes = dict(proposal.modes)
        entries: list[Mapping[str, str | None]] = []
        for path, data in proposal.files:
            mode, blob = self._commits.standing(repository, tree, path) or (_NEW, "")
            if mode not in {_NEW, *_FILES}:
                raise Refused(f"{path} in {repository} is no plain file", fix="name a file")
            wanted = modes.get(path, mode or _PLAIN)
            if data is None and mode != _NEW:
                entries.append({"path": path, "mode": mode, "type": "blob", "sha": None})
            if data is not None and (wanted, blob_id(data)) != (mode, blob):
                entries.append(self._entry(repository, path, data, wanted))
        return entries

    def _mode(self, repository: str, tree: str, path: str, before: bytes | None) -> str:
        """The mode that a file keeps. GitHub tells modes only by more calls: spared for plain text."""
        if before is not None and not before.startswith(b"#!") and _is_text(before):
            return _PLAIN
        return (self._commits.standing(repository, tree, path) or (_PLAIN, ""))[0]

    def _entry(self, repository: str, path: str, data: bytes, mode: str) -> Mapping[str, str | None]:
        entry: dict[str, str | None] = {"path": path, "mode": mode, "type": "blob"}
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
            if self._commits.head(repository, branch) != commit:
                raise
            return
        if answer.status in {200, 201}:
            return
        if any(text in answer.message.lower() for text in _LOST_RACE):
            raise Conflict(f"branch {branch} of {repository} was moved by somebody else", why=answer.message)
        raise self._api.failure(repository, answer)


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False
