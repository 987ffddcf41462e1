"""The Git host that Tagboat writes to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.domain.directories.directory import Tree
from bot.domain.people.consent import Arming, Check, Review
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import Metadata, Proposal, PullRequest
from bot.domain.snapshot import Relation


@dataclass(frozen=True, slots=True)
class Look:
    """What one look is about to ask of a repository; `base` None is the default branch.

    `files` are paths by branches of ours: they are read at the base and at that branch.
    """

    base: str | None
    files: Mapping[str, Sequence[str]]

    @property
    def paths(self) -> Sequence[str]:
        """Every path, once; each is read at the base."""
        return tuple(dict.fromkeys(path for paths in self.files.values() for path in paths))


class Forge(Protocol):
    """One Git host. `repository` is the path that the host knows (`acme/infra`).

    Commits are named by their full hexadecimal id. What is addressed by a commit never changes and may be
    cached for ever.
    """

    def prepare(self, repository: str, look: Look) -> None:
        """Say what this thread is about to ask; a host that answers many questions at once may be asked now.

        Each answer then serves one question, soon, unless this thread changes something first. It is never
        needed and never fails: what is not answered here is asked when it comes, and fails there.
        """
        ...

    def default_branch(self, repository: str) -> str:
        """The branch that a clone checks out."""
        ...

    def head(self, repository: str, branch: str) -> str | None:
        """The commit that the branch points to, or None when there is no such branch."""
        ...

    def read(self, repository: str, commit: str, path: str) -> bytes | None:
        """The file's bytes at that commit; None when it is not there. Links and folders are `Refused`."""
        ...

    def tree(self, repository: str, commit: str, directory: str) -> Tree:
        """Every file below the directory at that commit, links and submodules too; empty where there is none.

        A directory that is something else, or holds more than `MOST_FILES`, is `Refused`.
        """
        ...

    def blobs(self, repository: str, ids: Collection[str]) -> Mapping[str, bytes]:
        """The bytes of files, by the ids that `tree` tells; `NotFound` when one of them is gone."""
        ...

    def relation(self, repository: str, *, commit: str, revision: str) -> Relation:
        """How `commit` stands to `revision`: contained in it, ahead of it, or neither."""
        ...

    def foreign_commit(self, repository: str, *, branch: str, base: str) -> str | None:
        """The newest commit on `branch` and not on `base` that Tagboat did not make there, or None.

        A branch of Tagboat's is one commit: one of its own below that stood on the base once, and counts too.
        Each is a branch or a commit; `NotFound` when the commit is not there, or the base.
        """
        ...

    def write(self, repository: str, proposal: Proposal, *, base: str, expected: str | None) -> str:
        """Make `proposal.branch` one commit on `base`: its tree with the proposal's files; return it.

        One ref move, from `expected` (None: there must be no such branch): where the branch stands elsewhere,
        `Conflict` is raised and nothing is changed. What stood there before is off the branch then, so the
        move is forced, and never blind: how a host compares is told by its adapter. The same content on the
        same base again is no new commit. An open pull request stays open and shows the new head.
        """
        ...

    def pull_requests(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """Every pull request ever opened from `branch` of this very repository, newest first."""
        ...

    def pull_request(self, repository: str, number: int) -> PullRequest:
        """One pull request as it is now; `NotFound` when there is none of that number."""
        ...

    def open(self, repository: str, proposal: Proposal, *, base_branch: str) -> PullRequest:
        """Open a pull request from the proposal's branch, or return the one that is open already.

        A host that knows no drafts opens it as any other (`is_draft` of the answer).
        """
        ...

    def revise(self, repository: str, number: int, *, title: str, body: str) -> None:
        """Change title and body of an open pull request."""
        ...

    def describe(self, repository: str, number: int, metadata: Metadata) -> Sequence[str]:
        """Add labels, reviewers, assignees and the milestone; return what the host did not take, and why.

        Nothing is taken away, and doing it again changes nothing. What the host does not know, or what the
        login may not do, is one sentence each of the answer and no error. Whether it is a draft is not for
        here: `open` says it.
        """
        ...

    def comment(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Comment once: a comment with this key (hidden in it) that stands there already is left alone."""
        ...

    def close(self, repository: str, number: int, *, comment: str) -> None:
        """Comment and close without a merge; a closed one stays closed. Deletes the branch."""
        ...

    def merge(self, repository: str, number: int, options: MergeOptions) -> str:
        """Merge and return the commit on the base branch. Merged already: the same answer, no error.

        A host that leaves no choice of methods takes its one.

        Raises:
            Conflict: the head is not the expected one any more, or the base moved in between.
            Transient: the host does not know yet whether it may be merged.
            Refused: the host says that it may not be merged (checks, reviews, conflicts, a method that is not
                allowed); why says it.
        """
        ...

    def reviews(self, repository: str, number: int) -> Sequence[Review]:
        """The last opinion of each reviewer that the host lets stand; comments and dismissed ones are none.

        A host that knows no reviews answers with none. Raises `Refused` where there are too many to read.
        """
        ...

    def checks(self, repository: str, commit: str) -> Sequence[Check]:
        """The latest word of every check of this very commit: check runs and commit statuses alike.

        Two of the same name, by different makers, are two. A host that knows no checks answers with none.
        Raises `Refused` where there are too many to read: a part of them would look like all.
        """
        ...

    def arming(self, repository: str, number: int) -> Arming:
        """Whether the host was asked to merge an open pull request by itself, and what it waits for.

        An asking that Tagboat took back is none. `Refused` by a host that never merges by itself.
        """
        ...

    def arm(self, repository: str, number: int, options: MergeOptions) -> None:
        """Ask the host to merge as soon as its rules allow: by its auto-merge, or by its merge queue.

        What may be merged at once is merged. Asked already, or merged: no error.

        Raises:
            Conflict: the head is not the expected one any more.
            Refused: the host does not do so here; why says it.
        """
        ...

    def disarm(self, repository: str, number: int) -> None:
        """Take that back; harmless where the host was not asked, or has merged."""
        ...

    def commit(self, repository: str, proposal: Proposal, *, branch: str, expected: str) -> str:
        """Commit the proposal's files to `branch`, which is not one of ours, and return the commit.

        One commit on `expected`, one ref move, never forced; `proposal.branch` is not touched. Only for
        environments that do without pull requests.

        Raises:
            Conflict: the branch is not at `expected` any more; nothing is changed.
            Refused: the host protects the branch.
        """
        ...

    def delete_branch(self, repository: str, number: int) -> None:
        """Delete the branch of a merged pull request, where it still stands at the head that was merged.

        Harmless where it is gone, moved, or serves an open pull request.

        Raises:
            Refused: the branch is not Tagboat's.
        """
        ...
