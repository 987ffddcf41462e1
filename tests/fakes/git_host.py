"""A host of Git repositories with pull requests: the state that the GitHub and GitLab fakes speak for.

Objects, references, ancestry and merges are Git's own (`git_repository`). What stands here is what every
host adds: forks, pull requests that follow their branch, statuses, protection, and word of each change to
whoever listens. Names are Tagboat's; a fake translates them to its host's.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock

from tests.fakes.git_host_model import (
    HUMAN,
    BranchMoved,
    Comment,
    Event,
    ExistsError,
    HeadMovedError,
    Listener,
    Mergeability,
    MissingError,
    NoCommitsError,
    NotFastForwardError,
    NotMergeableError,
    Protection,
    Pull,
    PullChanged,
    StatusSet,
)
from tests.fakes.git_repository import NOTHING, GitRepository, Person


class GitHost:
    """Repositories by path (`acme/infra`), kept below `folder`. Calls are safe from several threads."""

    def __init__(self, folder: Path, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.lock = RLock()
        self.now = clock
        self._folder = folder
        self._repositories: dict[str, HostedRepository] = {}
        self._ids = itertools.count(1001)
        self.listeners: list[Listener] = []

    def create(
        self, path: str, files: Mapping[str, bytes] | None = None, *, default_branch: str = "main"
    ) -> HostedRepository:
        """Make a repository; without files it has no commit."""
        repository = self._add(path, default_branch)
        if files is not None:
            repository.commit(default_branch, files, message="Begin")
        return repository

    def fork(self, origin: HostedRepository, path: str) -> HostedRepository:
        """Make a repository that holds all that `origin` holds."""
        repository = self._add(path, origin.default_branch)
        repository.git.adopt(origin.git)
        return repository

    def repository(self, path: str) -> HostedRepository:
        """The repository of that path; the case of its letters does not matter.

        Raises:
            MissingError: there is none.
        """
        if path.lower() not in self._repositories:
            raise MissingError(path)
        return self._repositories[path.lower()]

    @property
    def repositories(self) -> Sequence[HostedRepository]:
        """Every repository."""
        return list(self._repositories.values())

    def delete(self, path: str) -> None:
        """Forget a repository, or what an account may see of it."""
        del self._repositories[path.lower()]

    def emit(self, repository: HostedRepository, event: Event) -> None:
        """Let pull requests follow, then tell whoever listens."""
        for listener in self.listeners:
            listener(repository, event)
        if isinstance(event, BranchMoved):
            for other in list(self._repositories.values()):
                other.follow(repository, event)

    def next_id(self) -> int:
        """A number that nothing else on this host has."""
        return next(self._ids)

    def _add(self, path: str, default_branch: str) -> HostedRepository:
        git = GitRepository(self._folder / f"{path}.git", default_branch=default_branch)
        repository = HostedRepository(self, self.next_id(), path, git, default_branch)
        self._repositories[path.lower()] = repository
        return repository


class HostedRepository:
    """One repository: its Git side is `git`, the rest are the host's rules."""

    def __init__(self, host: GitHost, id_: int, path: str, git: GitRepository, default_branch: str) -> None:
        self.host = host
        self.id = id_
        self.path = path
        self.git = git
        self.default_branch = default_branch
        self.pulls: dict[int, Pull] = {}
        self.statuses: dict[str, dict[str, str]] = {}
        self.protection = Protection()
        self.merge_methods = {"merge", "squash", "rebase"}
        self.is_archived = False
        self.has_drafts = True
        self.milestones: list[str] = []
        self.is_public = False
        self.releases: dict[str, str] = {}

    def commit(
        self,
        branch: str,
        files: Mapping[str, bytes | None],
        *,
        message: str = "Change by hand",
        mode: str = "100644",
        author: Person | None = None,
        by: str = HUMAN,
    ) -> str:
        """Commit files (None removes one) as a person with a clone does; return the commit.

        A branch that is not there begins at the default branch.
        """
        with self.host.lock:
            before = self.git.branch(branch)
            parent = before or self.git.branch(self.default_branch)
            changes = [
                (path, mode, None if content is None else self.git.write_blob(content))
                for path, content in files.items()
            ]
            tree = self.git.write_tree(self.git.tree(parent) if parent else None, changes)
            parents = [parent] if parent else []
            new = self.git.write_commit(tree, parents, message, author=author or Person())
            self._moved(branch, before or NOTHING, new, by)
            return new

    def make_branch(self, name: str, commit: str, *, by: str = HUMAN) -> None:
        """Make a branch at a commit.

        Raises:
            MissingError: there is no such commit.
            ExistsError: the branch is there.
        """
        with self.host.lock:
            if self.git.kind(commit) != "commit":
                raise MissingError(f"commit {commit}")
            if self.git.branch(name):
                raise ExistsError(name)
            self._moved(name, NOTHING, commit, by)

    def move_branch(self, name: str, commit: str, *, force: bool = False, by: str = HUMAN) -> None:
        """Point a branch to a commit; without force only to one that contains where it stands.

        Raises:
            MissingError: there is no such branch or commit.
            NotFastForwardError: commits would be lost.
        """
        with self.host.lock:
            before = self.git.branch(name)
            if before is None or self.git.kind(commit) != "commit":
                raise MissingError(name if before is None else f"commit {commit}")
            if not force and not self.git.contains(commit, before):
                raise NotFastForwardError(name)
            if before != commit:
                self._moved(name, before, commit, by)

    def delete_branch(self, name: str, *, by: str = HUMAN) -> None:
        """Delete a branch; its open pull requests are closed.

        Raises:
            MissingError: there is no such branch.
        """
        with self.host.lock:
            before = self.git.branch(name)
            if before is None:
                raise MissingError(name)
            self.git.delete(name)
            self.host.emit(self, BranchMoved(name, before, NOTHING, by))

    def pull(self, number: int) -> Pull:
        """The pull request of that number.

        Raises:
            MissingError: there is none.
        """
        if number not in self.pulls:
            raise MissingError(f"pull request {number}")
        return self.pulls[number]

    def open_pull(
        self,
        source: HostedRepository,
        branch: str,
        base: str,
        *,
        title: str,
        body: str = "",
        by: str = HUMAN,
        may_be_empty: bool = False,
    ) -> Pull:
        """Open a pull request from a branch of `source` (this repository or a fork).

        Some hosts take one that holds nothing: `may_be_empty`.

        Raises:
            MissingError: a branch is not there.
            ExistsError: one from this branch to this base is open.
            NoCommitsError: there is nothing to merge.
        """
        with self.host.lock:
            head = source.git.branch(branch)
            tip = self.git.branch(base)
            if head is None or tip is None:
                raise MissingError(branch if head is None else base)
            if any(p.state == "open" and p.base == base for p in self.pulls_of(source, branch)):
                raise ExistsError(branch)
            if source is not self:
                self.git.fetch(source.git, branch)
            if not may_be_empty and self.git.contains(tip, head):
                raise NoCommitsError(branch)
            number, now = len(self.pulls) + 1, self.host.now()
            pull = Pull(number, title, body, source, branch, base, head, by, now, now)
            self.pulls[number] = pull
            self.host.emit(self, PullChanged(pull, "opened", by))
            return pull

    def pulls_of(self, source: HostedRepository, branch: str) -> Sequence[Pull]:
        """Every pull request from that very branch, oldest first."""
        return [p for p in self.pulls.values() if p.source is source and p.branch == branch]

    def edit_pull(
        self, number: int, *, title: str | None = None, body: str | None = None, by: str = HUMAN
    ) -> None:
        """Change title and body."""
        with self.host.lock:
            pull = self.pull(number)
            pull.title = pull.title if title is None else title
            pull.body = pull.body if body is None else body
            self._changed(pull, "edited", by)

    def close_pull(self, number: int, *, by: str = HUMAN) -> None:
        """Close without a merge; one that is not open stays as it is."""
        with self.host.lock:
            pull = self.pull(number)
            if pull.state != "open":
                return
            pull.state, pull.closed_at = "closed", self.host.now()
            self._changed(pull, "closed", by)

    def reopen_pull(self, number: int, *, by: str = HUMAN) -> None:
        """Open a closed pull request again, at where its branch stands now.

        Raises:
            MissingError: the branch is gone.
        """
        with self.host.lock:
            pull = self.pull(number)
            head = pull.source.git.branch(pull.branch)
            if head is None:
                raise MissingError(pull.branch)
            pull.state, pull.closed_at, pull.head = "open", None, head
            self._changed(pull, "reopened", by)

    def comment(self, number: int, body: str, *, by: str = HUMAN) -> Comment:
        """Write below a pull request."""
        with self.host.lock:
            comment = Comment(self.host.next_id(), by, body, self.host.now())
            self.pull(number).comments.append(comment)
            return comment

    def approve(self, number: int, *, by: str = HUMAN) -> None:
        """Approve a pull request."""
        with self.host.lock:
            self.pull(number).approvals.add(by)

    def set_status(self, commit: str, context: str, state: str) -> None:
        """Report a check of a commit: `pending`, `success` or `failure`."""
        with self.host.lock:
            self.statuses.setdefault(commit, {})[context] = state
            self.host.emit(self, StatusSet(commit, context, state))

    def mergeability(self, pull: Pull) -> Mergeability:
        """Whether the pull request can be merged, by Git and by the protection of its base."""
        tip = self.git.branch(pull.base)
        if tip is None or self.git.merged_tree(tip, pull.head) is None:
            return Mergeability("dirty", "Merge conflicts")
        statuses = self.statuses.get(pull.head, {})
        missing = sorted(c for c in self.protection.required_checks if statuses.get(c) != "success")
        if missing:
            return Mergeability("blocked", f'Required status check "{missing[0]}" is expected.')
        if len(pull.approvals) < self.protection.required_approvals:
            return Mergeability("blocked", "At least 1 approving review is required by reviewers.")
        if self.protection.up_to_date and not self.git.contains(pull.head, tip):
            return Mergeability("behind", "The head branch is not up to date with the base branch.")
        return Mergeability("unstable" if set(statuses.values()) - {"success"} else "clean")

    def merge_pull(
        self,
        number: int,
        *,
        method: str = "merge",
        message: str = "",
        expected_head: str | None = None,
        by: str = HUMAN,
        committer: Person | None = None,
    ) -> str:
        """Merge a pull request and return the commit on the base branch.

        Raises:
            HeadMovedError: the head is another commit than `expected_head`.
            NotMergeableError: it is not open, conflicts, or is blocked by protection.
        """
        with self.host.lock:
            pull = self.pull(number)
            if expected_head and pull.head != expected_head:
                raise HeadMovedError(pull.head)
            if pull.state != "open":
                raise NotMergeableError("Pull Request is not mergeable")
            if method not in self.merge_methods:
                raise NotMergeableError(_FORBIDDEN_METHOD[method])
            verdict = self.mergeability(pull)
            if verdict.state in {"dirty", "blocked", "behind"}:
                raise NotMergeableError(
                    "Pull Request is not mergeable" if verdict.state == "dirty" else verdict.reason
                )
            new = self._merge_commit(pull, method, message, committer or Person())
            self._record_merge(pull, new, by)
            self._moved(pull.base, self.git.branch(pull.base) or NOTHING, new, by)
            self._changed(pull, "closed", by)
            return new

    def follow(self, source: HostedRepository, moved: BranchMoved) -> None:
        """Let the pull requests follow a branch of `source` that moved."""
        for pull in [p for p in self.pulls_of(source, moved.branch) if p.state == "open"]:
            if moved.after == NOTHING:
                self.close_pull(pull.number, by=moved.by)
                continue
            if source is not self:
                self.git.fetch(source.git, moved.branch)
            pull.head = moved.after
            self._changed(pull, "synchronize", moved.by, before=moved.before)
        if source is self and moved.after != NOTHING:
            self._notice_merged_by_push(moved)

    def _notice_merged_by_push(self, moved: BranchMoved) -> None:
        for pull in [p for p in self.pulls.values() if p.state == "open" and p.base == moved.branch]:
            if self.git.contains(moved.after, pull.head):
                self._record_merge(pull, moved.after, moved.by)
                self._changed(pull, "closed", moved.by)

    def _record_merge(self, pull: Pull, commit: str, by: str) -> None:
        pull.state, pull.merge_commit, pull.merged_by = "merged", commit, by
        pull.merged_at = pull.closed_at = self.host.now()

    def _merge_commit(self, pull: Pull, method: str, message: str, committer: Person) -> str:
        tip = self.git.branch(pull.base) or NOTHING
        if method == "rebase":
            rebased = self.git.rebased(pull.head, tip, committer=committer)
            if rebased is None:
                raise NotMergeableError("This branch can't be rebased")
            return rebased
        if method == "ff":
            if not self.git.contains(pull.head, tip):
                raise NotMergeableError("Fast-forward merge is not possible")
            return pull.head
        tree = self.git.merged_tree(tip, pull.head)
        if tree is None:
            raise NotMergeableError("Pull Request is not mergeable")
        parents = [tip] if method == "squash" else [tip, pull.head]
        return self.git.write_commit(tree, parents, message or f"Merge {pull.branch}", author=committer)

    def _moved(self, branch: str, before: str, after: str, by: str) -> None:
        self.git.move(branch, after, old=before)
        self.host.emit(self, BranchMoved(branch, before, after, by))

    def _changed(self, pull: Pull, action: str, by: str, *, before: str = NOTHING) -> None:
        pull.updated_at = self.host.now()
        self.host.emit(self, PullChanged(pull, action, by, before))


_FORBIDDEN_METHOD = {
    "merge": "Merge commits are not allowed on this repository.",
    "squash": "Squash merges are not allowed on this repository.",
    "rebase": "Rebase merges are not allowed on this repository.",
    "ff": "Fast-forward merges are not allowed on this repository.",
}
