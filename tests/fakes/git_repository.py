"""A bare Git repository on disk, driven by git itself: what the fakes of Git hosts stand on.

No rule of any host is here, only Git's objects, references, ancestry and merges.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

NOTHING = "0" * 40
"""The object id that Git writes for "no commit"."""


class StaleReferenceError(Exception):
    """A reference was not where the caller said that it stands."""


class BadObjectError(Exception):
    """An object that is named does not exist, or a path cannot stand in a tree."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who made a commit."""

    name: str = "Ada Human"
    email: str = "ada@example.com"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a tree: `kind` is blob, tree or commit (a submodule); `size` in bytes, of blobs only."""

    path: str
    mode: str
    kind: str
    sha: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit as `git log` shows it."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    message: str
    author: Person
    committer: Person
    when: datetime


_LOG_FORMAT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%cn%x00%ce%x00%ct%x00%B%x01"
_ISOLATED = {
    "PATH": os.environ.get("PATH", os.defpath),
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
}


class GitRepository:
    """A bare repository in `folder`, which is made."""

    def __init__(self, folder: Path, *, default_branch: str = "main") -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self._git("init", "--quiet", "--bare", f"--initial-branch={default_branch}")
        self._git("config", "gc.auto", "0")

    def adopt(self, other: GitRepository) -> None:
        """Take over every object and branch of another repository, as a fork does."""
        self._git("fetch", "--quiet", str(other.folder), "+refs/heads/*:refs/heads/*")

    def fetch(self, other: GitRepository, branch: str) -> None:
        """Take over the objects of one branch of another repository."""
        self._git("fetch", "--quiet", "--no-write-fetch-head", str(other.folder), f"refs/heads/{branch}")

    def branch(self, name: str) -> str | None:
        """The commit that the branch points to."""
        return self.resolve(f"refs/heads/{name}")

    def branches(self) -> Mapping[str, str]:
        """Every branch and its commit."""
        out = self._git("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads")
        return dict(line.rsplit(" ", 1) for line in out.decode().splitlines())

    def resolve(self, revision: str) -> str | None:
        """The commit that a branch, tag or (short) id names."""
        out = self._try("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return out.decode().strip() if out is not None else None

    def kind(self, sha: str) -> str | None:
        """What the object is: blob, tree, commit or tag; None when there is none."""
        out = self._try("cat-file", "-t", sha)
        return out.decode().strip() if out is not None else None

    def move(self, name: str, new: str, *, old: str) -> None:
        """Point a branch elsewhere if it stands at `old` (`NOTHING`: is not there)."""
        if self._try("update-ref", f"refs/heads/{name}", new, old) is None:
            raise StaleReferenceError(name)

    def delete(self, name: str) -> None:
        """Delete a branch."""
        self._git("update-ref", "-d", f"refs/heads/{name}")

    def blob(self, sha: str) -> bytes | None:
        """The bytes of a blob."""
        return self._try("cat-file", "blob", sha)

    def entry(self, commit: str, path: str) -> Entry | None:
        """What stands at a path of a commit's tree."""
        return next(iter(self._entries("-l", commit, "--", path.rstrip("/"))), None)

    def entries(self, tree: str, *, recursive: bool = False) -> Sequence[Entry]:
        """What a tree (or a commit's tree) holds; with `recursive` its folders' content too."""
        return self._entries(*(["-r", "-t"] if recursive else []), "-l", tree)

    def tree(self, commit: str) -> str:
        """The tree of a commit."""
        return self._git("rev-parse", f"{commit}^{{tree}}").decode().strip()

    def write_blob(self, content: bytes) -> str:
        """Store bytes."""
        return self._git("hash-object", "-w", "--stdin", stdin=content).decode().strip()

    def write_tree(self, base: str | None, changes: Sequence[tuple[str, str, str | None]]) -> str:
        """Store a tree: `base` with (path, mode, blob id) put over it; None as id removes the path.

        Raises:
            BadObjectError: the base is no tree, an id names nothing, or a path cannot stand in a tree.
        """
        with tempfile.TemporaryDirectory(prefix="index-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            lines = (f"{mode if sha else 0} {sha or NOTHING}\t{path}\0" for path, mode, sha in changes)
            try:
                self._git("read-tree", base if base else "--empty", env=index)
                self._git("update-index", "-z", "--index-info", stdin="".join(lines).encode(), env=index)
                return self._git("write-tree", env=index).decode().strip()
            except subprocess.CalledProcessError as error:
                raise BadObjectError(error.stderr.decode(errors="replace").strip()) from error

    def write_commit(
        self,
        tree: str,
        parents: Sequence[str],
        message: str,
        *,
        author: Person,
        committer: Person | None = None,
    ) -> str:
        """Store a commit; no reference moves."""
        who = committer or author
        names = {
            "GIT_AUTHOR_NAME": author.name,
            "GIT_AUTHOR_EMAIL": author.email,
            "GIT_COMMITTER_NAME": who.name,
            "GIT_COMMITTER_EMAIL": who.email,
        }
        options = [part for parent in parents for part in ("-p", parent)]
        return self._git("commit-tree", tree, *options, stdin=message.encode(), env=names).decode().strip()

    def commit(self, sha: str) -> Commit:
        """One commit."""
        return self._log("--max-count=1", sha)[0]

    def log(self, head: str, *, without: str | None = None) -> Sequence[Commit]:
        """The commits that `head` contains and `without` does not, oldest first."""
        return self._log("--topo-order", "--reverse", head, *([f"^{without}"] if without else []))

    def contains(self, revision: str, commit: str) -> bool:
        """Whether `commit` is `revision` or an ancestor of it."""
        return self._try("merge-base", "--is-ancestor", commit, revision) is not None

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor."""
        out = self._try("merge-base", one, other)
        return out.decode().strip() if out is not None else None

    def merged_tree(self, one: str, other: str) -> str | None:
        """The tree of a merge of two commits, or None when they conflict."""
        out = self._try("merge-tree", "--write-tree", "--allow-unrelated-histories", one, other)
        return out.decode().split("\n", 1)[0] if out is not None else None

    def rebased(self, head: str, onto: str, *, committer: Person) -> str | None:
        """The last of the commits of `head` replayed on `onto`, or None when they conflict."""
        who = {"GIT_COMMITTER_NAME": committer.name, "GIT_COMMITTER_EMAIL": committer.email}
        with tempfile.TemporaryDirectory(prefix="rebase-") as folder:
            work = str(Path(folder) / "work")
            self._git("worktree", "add", "--quiet", "--detach", work, head)
            try:
                if self._try("-C", work, "rebase", "--quiet", "--force-rebase", onto, env=who) is None:
                    return None
                return self._git("-C", work, "rev-parse", "HEAD").decode().strip()
            finally:
                self._git("worktree", "remove", "--force", work)

    def changed(self, one: str | None, other: str) -> Sequence[tuple[str, str]]:
        """(status letter, path) of every file that differs; None stands for the empty tree."""
        base = one or self._git("mktree", stdin=b"").decode().strip()
        out = self._git("diff-tree", "-r", "-z", "--no-renames", "--name-status", base, other).decode()
        parts = out.split("\0")[:-1]
        return list(zip(parts[::2], parts[1::2], strict=True))

    def _log(self, *arguments: str) -> Sequence[Commit]:
        out = self._git("log", f"--format={_LOG_FORMAT}", *arguments, "--").decode(errors="replace")
        return [_commit(record.lstrip("\n")) for record in out.split("\x01") if record.strip("\n")]

    def _entries(self, *arguments: str) -> Sequence[Entry]:
        out = self._try("ls-tree", "-z", "--full-tree", *arguments)
        return [_entry(line) for line in (out or b"").decode().split("\0") if line]

    def _try(self, *arguments: str, env: Mapping[str, str] | None = None) -> bytes | None:
        try:
            return self._git(*arguments, env=env)
        except subprocess.CalledProcessError:
            return None

    def _git(self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            input=stdin,
            env={**_ISOLATED, **(env or {})},
            check=True,
            capture_output=True,
        )
        return done.stdout


def _commit(record: str) -> Commit:
    sha, tree, parents, *who, when, message = record.split("\0", 8)
    author, committer = Person(*who[:2]), Person(*who[2:])
    made = datetime.fromtimestamp(int(when), UTC)
    return Commit(sha, tree, tuple(parents.split()), message.rstrip("\n"), author, committer, made)


def _entry(line: str) -> Entry:
    facts, path = line.split("\t", 1)
    mode, kind, sha, size = facts.split()
    return Entry(path, mode, kind, sha, None if size == "-" else int(size))
