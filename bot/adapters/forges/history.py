"""One repository's branches and commits: all that a forge without an API has to offer.

`bot.adapters.forges.ledger_forge` makes a whole `Forge` of it. Commits and trees are named by full
hexadecimal ids; callers check names and paths (`rules`) before they get here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.directories.directory import Tree


@dataclass(frozen=True, slots=True)
class Commit:
    """What tells whose commit it is, and on what; `emails` are those of author and committer."""

    id: str
    parents: tuple[str, ...]
    message: str
    emails: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """What a three-way merge gives: a tree, unless files conflict."""

    tree: str
    conflicts: tuple[str, ...] = ()


class History(Protocol):
    """Branches as they are now, commits as they always were. Calls come one at a time."""

    def default_branch(self) -> str:
        """The branch that a clone checks out."""
        ...

    def head(self, branch: str) -> str | None:
        """The commit that the branch points to now, fetched whole; None: no such branch."""
        ...

    def has(self, *commits: str) -> bool:
        """Whether all these commits are there, after looking for them."""
        ...

    def contains(self, commit: str, *, revision: str) -> bool:
        """Whether `revision` is `commit` or descends from it. Both are there."""
        ...

    def read(self, commit: str, path: str) -> bytes | None:
        """The file's bytes; None: nothing there. `Refused` for what is no plain file."""
        ...

    def log(self, head: str, *, base: str, limit: int) -> Sequence[Commit]:
        """The newest `limit` commits that `head` contains and `base` does not, newest first."""
        ...

    def arrival(self, commit: str, *, revision: str) -> str:
        """The first commit on the first-parent line of `revision` to contain `commit`, as `revision` does."""
        ...

    def committed_at(self, commit: str) -> datetime:
        """When the commit was made, in UTC."""
        ...

    def tree(self, commit: str) -> str:
        """The tree of a commit."""
        ...

    def edited(
        self, commit: str, files: Mapping[str, bytes | None], modes: Mapping[str, str] | None = None
    ) -> str:
        """The commit's tree with these files; None deletes one. Modes are kept unless they are given.

        `Refused` where a path holds no plain file.
        """
        ...

    def listing(self, commit: str, directory: str) -> Tree:
        """Every file below the directory, of any kind; empty where there is none. `Refused`: too many."""
        ...

    def blobs(self, ids: Collection[str]) -> Mapping[str, bytes]:
        """The bytes of those ids that are files at hand."""
        ...

    def merge(self, ours: str, theirs: str) -> Merged:
        """The tree of both commits merged; nothing is moved."""
        ...

    def commit(self, tree: str, *, parents: Sequence[str], message: str) -> str:
        """Make a commit of ours; no branch shows it yet."""
        ...

    def move(
        self, branch: str, commit: str | None, *, expected: str | None, holding: tuple[str, str] | None = None
    ) -> None:
        """Let the branch point to the commit (None: delete it), if it points to `expected` (None: is absent).

        `holding` names another branch and where it must stand at the same moment. Otherwise `Conflict`
        is raised and nothing is moved.
        """
        ...
