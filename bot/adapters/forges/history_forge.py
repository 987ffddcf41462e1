"""All of the port `Forge` that Git itself answers: branches, files, commits and moves over a `History`.

What a host or a ledger adds, pull requests, is a subclass's part (`ledger_forge`, `hosted_pulls`).
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from bot.adapters.cache import Cache
from bot.adapters.forges.history import History
from bot.adapters.forges.identity import Identity, first_foreign, signed
from bot.adapters.forges.ledger_sources import LedgerSources
from bot.adapters.forges.relations import Relations
from bot.adapters.forges.rules import (
    is_commit,
    require_branch,
    require_own_branch,
    require_path,
    require_revision,
    require_writable,
)
from bot.adapters.forges.told import Told
from bot.domain.directories.directory import MOST_FILES, Tree
from bot.domain.errors import Conflict, NotFound, Refused
from bot.domain.pull_request.proposal import Proposal
from bot.domain.snapshot import Relation
from bot.ports import Look, Sources

_LONGEST_LOG = 1000
_FILE_CACHE = 32 * 1024 * 1024
_TREE_CACHE = 4 * MOST_FILES


class HistoryForge(ABC):
    """Reads and writes over histories; a subclass says how a repository's history is reached."""

    def __init__(self, *, identity: Identity) -> None:
        self._identity = identity
        self._histories: dict[str, tuple[History, threading.RLock]] = {}
        self._histories_lock = threading.Lock()
        self._files: Cache[tuple[str, str, str], bytes] = Cache(_FILE_CACHE)
        self._trees: Cache[tuple[str, str, str], Tree] = Cache(_TREE_CACHE)
        self._relations = Relations()
        self._heads: Told[tuple[str, str], str | None] = Told()

    @abstractmethod
    def _history(self, repository: str) -> History:
        """The repository's history, built once; raises when the name cannot be one."""

    def sources(self) -> Sources:
        """The same repositories as the place where images are built from."""
        return LedgerSources(self._locked)

    def prepare(self, repository: str, look: Look) -> None:  # noqa: B027 - most have nothing to prepare
        """Nothing: a history answers each question where it is."""

    def default_branch(self, repository: str) -> str:
        """The branch that a clone checks out."""
        with self._locked(repository) as history:
            return history.default_branch()

    def head(self, repository: str, branch: str) -> str | None:
        """The commit that the branch points to, or None when there is no such branch."""
        require_branch(branch)
        with self._locked(repository) as history:
            commit = history.head(branch)
        self._heads.put((repository, branch), commit)
        return commit

    def read(self, repository: str, commit: str, path: str) -> bytes | None:
        """The file's bytes at that commit; None when it is not there; `NotFound` for an unknown commit."""
        require_path(path, allow_workflows=True)  # Reading runs nothing.
        key = (repository, commit, path)
        kept = self._files.get(key)
        if kept is not None:
            return kept
        with self._locked(repository) as history:
            require_commit(history, repository, commit)
            data = history.read(commit, path)
        if data is not None:
            self._files.put(key, data, weight=len(data) + 256)
        return data

    def tree(self, repository: str, commit: str, directory: str) -> Tree:
        """Every file below the directory at that commit; empty where there is no such directory."""
        require_path(directory, allow_workflows=True)  # Reading runs nothing.
        key = (repository, commit, directory)
        kept = self._trees.get(key)
        if kept is not None:
            return kept
        with self._locked(repository) as history:
            require_commit(history, repository, commit)
            tree = history.listing(commit, directory)
        self._trees.put(key, tree, weight=len(tree) + 1)
        return tree

    def blobs(self, repository: str, ids: Collection[str]) -> Mapping[str, bytes]:
        """The bytes of files, by the ids that `tree` tells."""
        with self._locked(repository) as history:
            found = history.blobs(ids)
        if len(found) < len(ids):
            raise NotFound(f"a file of a tree is not in {repository} any more", fix="look again")
        return found

    def relation(self, repository: str, *, commit: str, revision: str) -> Relation:
        """How `commit` stands to `revision`; anything that is no full commit id is unknown."""
        return self._relations.of(
            repository,
            commit=commit,
            revision=revision,
            find=lambda: self._related(repository, commit, revision),
        )

    def foreign_commit(self, repository: str, *, branch: str, base: str) -> str | None:
        """The newest commit on `branch`, not on `base` (commits or branches), that Tagboat did not make.

        A branch that this thread was just told of is judged as it stood then: to ask a far repository costs
        more than all else here, and each write and merge names the head that it was judged by.
        """
        require_revision(branch)
        with self._locked(repository) as history:
            if is_commit(branch):
                require_commit(history, repository, branch)
                head: str | None = branch
            else:
                head = self._heads.take((repository, branch), lambda: history.head(branch))
            if head is None:
                return None
            against = base if is_commit(base) else self._heads.see((repository, base)) or history.head(base)
            if against is None:
                raise NotFound(f"branch {base!r} is not in {repository}")
            require_commit(history, repository, against)
            return self._foreign(history, head, against)

    def write(self, repository: str, proposal: Proposal, *, base: str, expected: str | None) -> str:
        """Make the proposal's branch one commit on the base; the move compares where the branch stands."""
        require_own_branch(proposal.branch, proposal.prefix)
        require_writable(proposal)
        self._heads.forget((repository, proposal.branch))
        with self._locked(repository) as history:
            if not (is_commit(base) and history.has(base)):
                raise Conflict(
                    f"{base[:80]} is not in {repository} any more", fix="read the base branch again"
                )
            if history.head(proposal.branch) != expected:
                raise Conflict(f"branch {proposal.branch} of {repository} was moved by somebody else")
            tree = history.edited(base, dict(proposal.files), dict(proposal.modes))
            if expected is not None and _stands(history, expected, base=base, tree=tree):
                return expected
            message = signed(proposal.message, sign_off=self._identity if proposal.sign_off else None)
            commit = history.commit(tree, parents=(base,), message=message)
            history.move(proposal.branch, commit, expected=expected)
            return commit

    def commit(self, repository: str, proposal: Proposal, *, branch: str, expected: str) -> str:
        """Commit the files to a branch that is not ours, on `expected`; the same content is no new commit."""
        require_branch(branch)
        require_writable(proposal)
        with self._locked(repository) as history:
            if history.head(branch) != expected:
                raise Conflict(f"branch {branch} of {repository} was moved by somebody else")
            tree = history.edited(expected, dict(proposal.files), dict(proposal.modes))
            if history.tree(expected) == tree:
                return expected
            message = signed(proposal.message, sign_off=self._identity if proposal.sign_off else None)
            commit = history.commit(tree, parents=(expected,), message=message)
            history.move(branch, commit, expected=expected)
            return commit

    @contextmanager
    def _locked(self, repository: str) -> Iterator[History]:
        with self._histories_lock:
            if repository not in self._histories:
                self._histories[repository] = (self._history(repository), threading.RLock())
            history, lock = self._histories[repository]
        with lock:
            yield history

    def _related(self, repository: str, commit: str, revision: str) -> Relation:
        with self._locked(repository) as history:
            if not history.has(commit, revision):
                return Relation.UNKNOWN
            return _relation(history, commit, revision)

    def _foreign(self, history: History, head: str, base: str) -> str | None:
        commits = history.log(head, base=base, limit=_LONGEST_LOG)
        made = self._identity.made
        foreign = first_foreign((each.id, made(message=each.message, emails=each.emails)) for each in commits)
        if foreign is None and len(commits) == _LONGEST_LOG:
            raise Refused(
                f"a branch of Tagboat holds {_LONGEST_LOG} commits or more", fix="delete the branch"
            )
        return foreign


def require_commit(history: History, repository: str, commit: str) -> None:
    if not (is_commit(commit) and history.has(commit)):
        raise NotFound(f"commit {commit[:80]!r} is not in {repository}")


def _relation(history: History, commit: str, revision: str) -> Relation:
    if history.contains(commit, revision=revision):
        return Relation.CONTAINED
    if history.contains(revision, revision=commit):
        return Relation.BEHIND
    return Relation.DIVERGED


def _stands(history: History, commit: str, *, base: str, tree: str) -> bool:
    """Whether the commit is the only one on the base, with that very tree."""
    newest = history.log(commit, base=base, limit=1)
    return any(each.parents == (base,) for each in newest) and history.tree(commit) == tree
