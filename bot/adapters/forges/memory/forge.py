"""The memory twin of the plain Git forge, with the hands of a human for tests and trial runs.

Commits are values named by their content; merges are by whole files, where Git merges by lines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count

from bot.adapters.forges.history import Commit, Merged
from bot.adapters.forges.identity import Identity
from bot.adapters.forges.memory.host import MemoryHost
from bot.adapters.forges.memory.sources import MemorySources
from bot.adapters.forges.rules import require_size
from bot.adapters.stores.memory import MemoryLedger
from bot.domain.directories.directory import Entry, Tree, require_files
from bot.domain.errors import Conflict, NotFound, Refused
from bot.domain.pull_request.proposal import PullRequestState
from bot.ports import Clock, Ledger

_TAGBOAT = Identity()
_HUMAN = "human@example.com"
_PLAIN = {"100644", "100755"}


@dataclass(frozen=True, slots=True)
class File:
    """What stands at a path: Git's mode (`100755` executable, `120000` link) and the bytes."""

    data: bytes
    mode: str = "100644"


@dataclass(frozen=True, slots=True)
class _Made:
    commit: Commit
    tree: str
    at: datetime


class MemoryHistory:
    """A `History` in memory."""

    def __init__(self, *, identity: Identity, clock: Clock) -> None:
        self._identity = identity
        self._clock = clock
        self._serial = count(1)
        self._trees: dict[str, Mapping[str, File]] = {}
        self._commits: dict[str, _Made] = {}
        self.branches: dict[str, str] = {}

    def default_branch(self) -> str:
        """The branch that was made first."""
        return next(iter(self.branches))

    def head(self, branch: str) -> str | None:
        """Where the branch stands."""
        return self.branches.get(branch)

    def has(self, *commits: str) -> bool:
        """Whether all are there."""
        return all(commit in self._commits for commit in commits)

    def contains(self, commit: str, *, revision: str) -> bool:
        """Whether `revision` is `commit` or descends from it."""
        return commit in self._ancestry(revision)

    def read(self, commit: str, path: str) -> bytes | None:
        """The bytes of a plain file."""
        found = _plain(self.files(commit), path)
        if found is None:
            return None
        require_size(path, len(found.data))
        return found.data

    def log(self, head: str, *, base: str, limit: int) -> Sequence[Commit]:
        """The newest commits that `head` contains and `base` does not."""
        lacking = self._ancestry(head).keys() - self._ancestry(base).keys()
        # A dictionary keeps the order in which commits were made, and no commit is older than its parents.
        newest = [made.commit for name, made in reversed(self._commits.items()) if name in lacking]
        return newest[:limit]

    def arrival(self, commit: str, *, revision: str) -> str:
        """The first commit on the first-parent line of `revision` that contains `commit`."""
        return [name for name in self._first_parents(revision) if commit in self._ancestry(name)][-1]

    def committed_at(self, commit: str) -> datetime:
        """When the commit was made."""
        return self._commits[commit].at

    def tree(self, commit: str) -> str:
        """The tree of a commit."""
        return self._commits[commit].tree

    def edited(
        self, commit: str, files: Mapping[str, bytes | None], modes: Mapping[str, str] | None = None
    ) -> str:
        """The commit's tree with these files; None deletes one, and modes are kept unless given."""
        tree = dict(self.files(commit))
        for path, data in files.items():
            old = _plain(tree, path)
            if data is None:
                tree.pop(path, None)
                continue
            tree[path] = File(data, (modes or {}).get(path, old.mode if old else "100644"))
        return self.plant(tree)

    def listing(self, commit: str, directory: str) -> Tree:
        """Every file below a directory."""
        files = self.files(commit)
        parts = directory.split("/")
        above = ("/".join(parts[:length]) for length in range(1, len(parts) + 1))
        if any(path in files for path in above):
            raise Refused(f"{directory!r} is no folder")
        within = {path: file for path, file in files.items() if path.startswith(f"{directory}/")}
        require_files(len(within), directory=directory, commit=commit)
        return {
            path.removeprefix(f"{directory}/"): Entry(file.mode, _blob(file.data), len(file.data))
            for path, file in within.items()
        }

    def blobs(self, ids: Collection[str]) -> Mapping[str, bytes]:
        """The bytes of files, by their ids."""
        known = {_blob(file.data): file.data for tree in self._trees.values() for file in tree.values()}
        return {each: known[each] for each in ids if each in known}

    def merge(self, ours: str, theirs: str) -> Merged:
        """Merge three ways, file by file; of unrelated histories each file that differs is a conflict."""
        fork, left, right = self._fork(ours, theirs), self.files(ours), self.files(theirs)
        old: Mapping[str, File] = self.files(fork) if fork else {}
        paths = sorted({*old, *left, *right})
        conflicts = tuple(path for path in paths if _conflicts(old, left, right, path))
        chosen = {path: (left if left.get(path) != old.get(path) else right).get(path) for path in paths}
        return Merged(self.plant({path: file for path, file in chosen.items() if file}), conflicts)

    def commit(self, tree: str, *, parents: Sequence[str], message: str) -> str:
        """Make a commit of ours."""
        return self.record(tree, parents=parents, message=message, emails=(self._identity.email,) * 2)

    def move(
        self, branch: str, commit: str | None, *, expected: str | None, holding: tuple[str, str] | None = None
    ) -> None:
        """Compare and swap."""
        held = holding is None or self.branches.get(holding[0]) == holding[1]
        if self.branches.get(branch) != expected or not held:
            raise Conflict(f"branch {branch} was moved by somebody else")
        if commit is None:
            del self.branches[branch]
        else:
            self.branches[branch] = commit

    def files(self, commit: str) -> Mapping[str, File]:
        """Every file of a commit."""
        return self._trees[self._commits[commit].tree]

    def parents(self, commit: str) -> tuple[str, ...]:
        """The parents of a commit."""
        return self._commits[commit].commit.parents

    def message(self, commit: str) -> str:
        """The message of a commit."""
        return self._commits[commit].commit.message

    def plant(self, files: Mapping[str, File]) -> str:
        """Keep a tree and return its id: the same files give the same id."""
        tree = _id(*(f"{path} {file.mode} {file.data.hex()}" for path, file in sorted(files.items())))
        self._trees[tree] = dict(files)
        return tree

    def record(self, tree: str, *, parents: Sequence[str], message: str, emails: tuple[str, ...]) -> str:
        """Keep a commit and return its id; no two commits are one."""
        name = _id(tree, *parents, message, *emails, str(next(self._serial)))
        commit = Commit(name, tuple(parents), message, emails)
        self._commits[name] = _Made(commit, tree, self._clock.now())
        return name

    def _ancestry(self, commit: str) -> dict[str, None]:
        seen: dict[str, None] = {}
        waiting = [commit]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen[name] = None
                waiting.extend(self.parents(name))
        return seen

    def _first_parents(self, commit: str) -> Iterator[str]:
        yield commit
        while parents := self.parents(commit):
            commit = parents[0]
            yield commit

    def _fork(self, ours: str, theirs: str) -> str | None:
        """The newest common ancestor: the one that no other common ancestor descends from."""
        common = self._ancestry(ours).keys() & self._ancestry(theirs).keys()
        return next((name for name in reversed(self._commits) if name in common), None)


class MemoryForge(MemoryHost):
    """The port `Forge` in memory. What a human does to the repository are the methods that name one."""

    def __init__(self, *, clock: Clock, ledger: Ledger | None = None, identity: Identity = _TAGBOAT) -> None:
        super().__init__(ledger=ledger or MemoryLedger(), clock=clock, identity=identity)
        self._repositories: dict[str, MemoryHistory] = {}
        self._sources = MemorySources(self._locked)

    def sources(self) -> MemorySources:
        """The same repositories as the place where images are built from."""
        return self._sources

    def create(self, repository: str, files: Mapping[str, bytes], *, branch: str = "main") -> str:
        """Make a repository whose default branch holds one commit with these files; return that commit."""
        history = MemoryHistory(identity=self._identity, clock=self._clock)
        self._repositories[repository] = history
        tree = history.plant({path: File(data) for path, data in files.items()})
        history.branches[branch] = history.record(tree, parents=(), message="Begin", emails=(_HUMAN, _HUMAN))
        return history.branches[branch]

    def commit_by_human(
        self, repository: str, branch: str, files: Mapping[str, File | None], *, message: str = "By hand"
    ) -> str:
        """Commit onto a branch (made from the default one when it is new); None deletes a file."""
        with self._locked(repository):
            history = self._history(repository)
            parent = history.branches.get(branch) or history.branches[history.default_branch()]
            changed = {**history.files(parent), **files}
            tree = history.plant({path: file for path, file in changed.items() if file})
            commit = history.record(tree, parents=(parent,), message=message, emails=(_HUMAN, _HUMAN))
            history.branches[branch] = commit
            return commit

    def merge_by_human(self, repository: str, number: int) -> str:
        """Merge a pull request's branch into its base with Git alone; return the merge commit."""
        with self._locked(repository):
            history, pull = self._history(repository), self._kept(repository, number)
            base, head = history.branches[pull.base], history.branches[pull.branch]
            tree = history.merge(base, head).tree
            emails = (_HUMAN, _HUMAN)
            commit = history.record(tree, parents=(base, head), message="Merge by hand", emails=emails)
            history.branches[pull.base] = commit
            return commit

    def close_by_human(self, repository: str, number: int) -> None:
        """Close a pull request as a host's web page does: the branch stays."""
        with self._locked(repository):
            closed = replace(self._kept(repository, number), state=PullRequestState.CLOSED)
            self._ledger.change(repository, closed)

    def delete_by_human(self, repository: str, branch: str) -> None:
        """Delete a branch."""
        with self._locked(repository):
            del self._history(repository).branches[branch]

    def reset_by_human(self, repository: str, branch: str, commit: str) -> None:
        """Force a branch to another commit."""
        with self._locked(repository):
            self._history(repository).branches[branch] = commit

    def begin_anew_by_human(self, repository: str, branch: str) -> str:
        """Force a branch to one commit without a history that holds what the branch held; return it."""
        with self._locked(repository):
            history = self._history(repository)
            tree = history.plant(history.files(history.branches[branch]))
            commit = history.record(tree, parents=(), message="Begin anew", emails=(_HUMAN, _HUMAN))
            history.branches[branch] = commit
            return commit

    def files(self, repository: str, commit: str) -> Mapping[str, File]:
        """Every file of a commit."""
        return self._history(repository).files(commit)

    def parents(self, repository: str, commit: str) -> tuple[str, ...]:
        """The parents of a commit."""
        return self._history(repository).parents(commit)

    def message(self, repository: str, commit: str) -> str:
        """The message of a commit."""
        return self._history(repository).message(commit)

    def _history(self, repository: str) -> MemoryHistory:
        if repository not in self._repositories:
            raise NotFound(f"there is no repository {repository}", fix="create it first")
        return self._repositories[repository]


def _plain(files: Mapping[str, File], path: str) -> File | None:
    """The plain file at a path; None where one could be made; `Refused` where something else stands."""
    found = files.get(path)
    if found is not None and found.mode not in _PLAIN:
        raise Refused(f"{path!r} is not a plain file")
    if any(other.startswith(f"{path}/") for other in files):
        raise Refused(f"{path!r} is a folder")
    parts = path.split("/")
    if any("/".join(parts[:length]) in files for length in range(1, len(parts))):
        raise Refused(f"{path!r} is below something that is no folder")
    return found


def _conflicts(
    old: Mapping[str, File], left: Mapping[str, File], right: Mapping[str, File], path: str
) -> bool:
    before, ours, theirs = old.get(path), left.get(path), right.get(path)
    return before != ours and before != theirs and ours != theirs


def _blob(data: bytes) -> str:
    return _id("blob", data.hex())


def _id(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]
