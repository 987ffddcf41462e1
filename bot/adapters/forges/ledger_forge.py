"""A forge that keeps its pull requests itself: any `History` and a `Ledger` make a whole `Forge`.

Git is the truth. A pull request that the ledger calls open is looked at again whenever it is shown, so
that a human may merge or delete the branch with any tool, and a crash between two steps is made good.

    open ──▶ merged   the base branch contains the head that was last seen
      └────▶ closed   the branch is gone, or holds nothing that the base branch lacks
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from bot.adapters.cache import Cache
from bot.adapters.forges.history import History
from bot.adapters.forges.identity import Identity, signed
from bot.adapters.forges.kept_pulls import judged, merge, new_pull_request, observed, together
from bot.adapters.forges.ledger_sources import LedgerSources
from bot.adapters.forges.rules import (
    comment_mark,
    is_commit,
    marked,
    require_branch,
    require_own_branch,
    require_own_pull_request,
    require_path,
    require_size,
)
from bot.domain.consent import Arming, Check, Review
from bot.domain.directory import MOST_FILES, Tree
from bot.domain.errors import Conflict, NotFound, Refused
from bot.domain.pipeline import MergeMethod
from bot.domain.proposal import Metadata, Proposal, PullRequest, PullRequestState
from bot.domain.snapshot import Relation
from bot.ports import Clock, Ledger

_LONGEST_LOG = 1000
_FILE_CACHE = 32 * 1024 * 1024
_TREE_CACHE = 4 * MOST_FILES
_RELATION_CACHE = 4096


class LedgerForge(ABC):
    """The port `Forge` over histories; a subclass says how a repository's history is reached."""

    def __init__(self, *, ledger: Ledger, clock: Clock, identity: Identity) -> None:
        self._ledger = ledger
        self._clock = clock
        self._identity = identity
        self._histories: dict[str, tuple[History, threading.RLock]] = {}
        self._histories_lock = threading.Lock()
        self._files: Cache[tuple[str, str, str], bytes] = Cache(_FILE_CACHE)
        self._trees: Cache[tuple[str, str, str], Tree] = Cache(_TREE_CACHE)
        self._relations: Cache[tuple[str, str, str], Relation] = Cache(_RELATION_CACHE)

    @abstractmethod
    def _history(self, repository: str) -> History:
        """The repository's history, built once; raises when the name cannot be one."""

    def sources(self) -> LedgerSources:
        """The same repositories as the place where images are built from."""
        return LedgerSources(self._locked)

    def default_branch(self, repository: str) -> str:
        """The branch that a clone checks out."""
        with self._locked(repository) as history:
            return history.default_branch()

    def head(self, repository: str, branch: str) -> str | None:
        """The commit that the branch points to, or None when there is no such branch."""
        require_branch(branch)
        with self._locked(repository) as history:
            return history.head(branch)

    def read(self, repository: str, commit: str, path: str) -> bytes | None:
        """The file's bytes at that commit; None when it is not there; `NotFound` for an unknown commit."""
        require_path(path, allow_workflows=True)  # Reading runs nothing.
        key = (repository, commit, path)
        kept = self._files.get(key)
        if kept is not None:
            return kept
        with self._locked(repository) as history:
            _require_commit(history, repository, commit)
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
            _require_commit(history, repository, commit)
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
        key = (repository, commit, revision)
        kept = self._relations.get(key)
        if kept is not None:
            return kept
        if not (is_commit(commit) and is_commit(revision)):
            return Relation.UNKNOWN
        with self._locked(repository) as history:
            if not history.has(commit, revision):
                return Relation.UNKNOWN
            relation = _relation(history, commit, revision)
        self._relations.put(key, relation)
        return relation

    def foreign_commit(self, repository: str, *, branch: str, base: str) -> str | None:
        """The newest commit on `branch`, not on `base` (a commit or branch), that Tagboat did not make."""
        require_branch(branch)
        with self._locked(repository) as history:
            head = history.head(branch)
            if head is None:
                return None
            against = base if is_commit(base) else history.head(base)
            if against is None:
                raise NotFound(f"branch {base!r} is not in {repository}")
            _require_commit(history, repository, against)
            return self._foreign(history, head, against)

    def write(self, repository: str, proposal: Proposal, *, base: str, expected: str | None) -> str:
        """Make the proposal's branch hold the base commit's tree with its files; return its commit.

        The same content on a base that the branch contains already is no new commit.
        """
        require_own_branch(proposal.branch, proposal.prefix)
        for path, data in proposal.files:
            require_path(path, allow_workflows=proposal.allow_workflows)
            require_size(path, len(data or b""))
        with self._locked(repository) as history:
            if not (is_commit(base) and history.has(base)):
                raise Conflict(
                    f"{base[:80]} is not in {repository} any more", fix="read the base branch again"
                )
            if history.head(proposal.branch) != expected:
                raise Conflict(f"branch {proposal.branch} of {repository} was moved by somebody else")
            tree = history.edited(base, dict(proposal.files), dict(proposal.modes))
            parents = _parents(history, base=base, expected=expected)
            if expected is not None and parents == (expected,) and history.tree(expected) == tree:
                return expected
            message = signed(proposal.message, sign_off=self._identity if proposal.sign_off else None)
            commit = history.commit(tree, parents=parents, message=message)
            history.move(proposal.branch, commit, expected=expected)
            return commit

    def pull_requests(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """Every pull request ever opened from `branch`, newest first."""
        with self._locked(repository) as history:
            kept = self._ledger.of_branch(repository, branch)
            return tuple(self._present(history, repository, pull) for pull in kept)

    def pull_request(self, repository: str, number: int) -> PullRequest:
        """One pull request as it is now; `NotFound` when there is none of that number."""
        with self._locked(repository) as history:
            return self._present(history, repository, self._kept(repository, number))

    def open(self, repository: str, proposal: Proposal, *, base_branch: str) -> PullRequest:
        """Open a pull request from the proposal's branch, or return the one that is open already."""
        require_own_branch(proposal.branch, proposal.prefix)
        require_branch(base_branch)
        with self._locked(repository) as history:
            for pull in self.pull_requests(repository, proposal.branch):
                if pull.state is PullRequestState.OPEN:
                    return pull
            new = new_pull_request(history, repository, proposal, base_branch)
            kept = self._ledger.add(repository, new, now=self._clock.now())
            return self._present(history, repository, kept)

    def revise(self, repository: str, number: int, *, title: str, body: str) -> None:
        """Change title and body of a pull request."""
        with self._locked(repository):
            self._ledger.change(repository, replace(self._kept(repository, number), title=title, body=body))

    def describe(self, repository: str, number: int, metadata: Metadata) -> Sequence[str]:
        """Keep labels, reviewers, assignees and the milestone, for people to see: nobody is asked."""
        with self._locked(repository):
            kept = self._kept(repository, number)
            self._ledger.change(repository, replace(kept, metadata=together(kept.metadata, metadata)))
        return ()

    def comment(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Keep the comment beside the pull request, once."""
        with self._locked(repository):
            kept = self._kept(repository, number)
            if not any(comment_mark(key) in each for each in kept.comments):
                comments = (*kept.comments, marked(body, key))
                self._ledger.change(repository, replace(kept, comments=comments))

    def close(self, repository: str, number: int, *, comment: str) -> None:
        """Close without a merge and delete the branch, unless it holds somebody else's commit.

        The comment is put under the body: plain Git has no other place for it.
        """
        with self._locked(repository) as history:
            kept = self._kept(repository, number)
            pull = self._present(history, repository, kept)
            if pull.state is not PullRequestState.OPEN:
                return
            base = history.head(pull.base)
            if base is not None and self._foreign(history, pull.head, base) is None:
                history.move(pull.branch, None, expected=pull.head)
            body = f"{kept.body}\n\n{comment}" if comment else kept.body
            closed = replace(kept, head=pull.head, state=PullRequestState.CLOSED, body=body)
            self._ledger.change(repository, closed)

    def commit(self, repository: str, proposal: Proposal, *, branch: str, expected: str) -> str:
        """Commit the files to a branch that is not ours, on `expected`; the same content is no new commit."""
        require_branch(branch)
        for path, data in proposal.files:
            require_path(path, allow_workflows=proposal.allow_workflows)
            require_size(path, len(data or b""))
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

    def reviews(self, repository: str, number: int) -> Sequence[Review]:
        """None: nobody reviews a pull request that Tagboat keeps itself."""
        self.pull_request(repository, number)
        return ()

    def checks(self, repository: str, commit: str) -> Sequence[Check]:
        """None: nothing reports to plain Git."""
        with self._locked(repository) as history:
            _require_commit(history, repository, commit)
        return ()

    def arming(self, repository: str, number: int) -> Arming:
        """`Refused`: there is no host that could merge by itself."""
        raise _no_host(repository, number)

    def arm(
        self,
        repository: str,
        number: int,
        *,
        expected_head: str,  # noqa: ARG002 - there is nobody to tell it to
        message: str,  # noqa: ARG002
        method: MergeMethod | None = None,  # noqa: ARG002
    ) -> None:
        """`Refused`: there is no host that could merge by itself."""
        raise _no_host(repository, number)

    def disarm(self, repository: str, number: int) -> None:
        """Nothing: nobody was asked."""
        self.pull_request(repository, number)

    def delete_branch(self, repository: str, number: int) -> None:
        """Delete the branch of a merged pull request, where it still stands at the head that was merged."""
        with self._locked(repository) as history:
            pull = self._present(history, repository, self._kept(repository, number))
            require_own_pull_request(pull)
            others = self.pull_requests(repository, pull.branch)
            if pull.state is not PullRequestState.MERGED or history.head(pull.branch) != pull.head:
                return
            if not any(each.state is PullRequestState.OPEN for each in others):
                history.move(pull.branch, None, expected=pull.head)

    def merge(
        self,
        repository: str,
        number: int,
        *,
        expected_head: str,
        message: str,
        method: MergeMethod | None = None,
    ) -> str:
        """Merge and return the commit on the base branch; merged already: the same answer."""
        with self._locked(repository) as history:
            kept = self._kept(repository, number)
            pull = self._present(history, repository, kept)
            if pull.state is PullRequestState.MERGED and pull.merge_commit is not None:
                return pull.merge_commit
            if pull.state is not PullRequestState.OPEN:
                raise Refused(f"pull request {number} of {repository} is closed", fix="open a new one")
            if pull.head != expected_head:
                raise Conflict(f"branch {pull.branch} of {repository} was moved after it was judged")
            merge(history, pull, message, method or MergeMethod.MERGE)
            done = self._present(history, repository, replace(kept, head=pull.head))
            if done.merge_commit is None:
                raise Conflict(f"{pull.base} of {repository} was moved back right after the merge")
            return done.merge_commit

    @contextmanager
    def _locked(self, repository: str) -> Iterator[History]:
        with self._histories_lock:
            if repository not in self._histories:
                self._histories[repository] = (self._history(repository), threading.RLock())
            history, lock = self._histories[repository]
        with lock:
            yield history

    def _kept(self, repository: str, number: int) -> PullRequest:
        for pull in self._ledger.of_repository(repository):
            if pull.number == number:
                return pull
        raise NotFound(f"{repository} has no pull request {number}")

    def _present(self, history: History, repository: str, kept: PullRequest) -> PullRequest:
        if kept.state is not PullRequestState.OPEN:
            return kept
        # In this order, because people merge first and then delete the branch.
        head, base = history.head(kept.branch), history.head(kept.base)
        found = observed(history, kept, head=head, base=base)
        if found != kept:
            self._ledger.change(repository, found)
        return judged(history, found, base) if found.state is PullRequestState.OPEN else found

    def _foreign(self, history: History, head: str, base: str) -> str | None:
        commits = history.log(head, base=base, limit=_LONGEST_LOG)
        for commit in commits:
            if not self._identity.made(message=commit.message, emails=commit.emails):
                return commit.id
        if len(commits) == _LONGEST_LOG:
            raise Refused(
                f"a branch of Tagboat holds {_LONGEST_LOG} commits or more", fix="delete the branch"
            )
        return None


def _require_commit(history: History, repository: str, commit: str) -> None:
    if not (is_commit(commit) and history.has(commit)):
        raise NotFound(f"commit {commit[:80]!r} is not in {repository}")


def _no_host(repository: str, number: int) -> Refused:
    return Refused(
        f"pull request {number} of {repository} is kept by Tagboat itself",
        why="there is no host that could merge it by itself",
        fix="leave `platform` out",
    )


def _relation(history: History, commit: str, revision: str) -> Relation:
    if history.contains(commit, revision=revision):
        return Relation.CONTAINED
    if history.contains(revision, revision=commit):
        return Relation.BEHIND
    return Relation.DIVERGED


def _parents(history: History, *, base: str, expected: str | None) -> tuple[str, ...]:
    if expected is None or history.contains(expected, revision=base):
        return (base,)
    if history.contains(base, revision=expected):
        return (expected,)
    return (expected, base)
