"""A bare Git repository on disk: what the fakes of Git hosts stand on.

No rule of any host is here, only Git's objects, references, ancestry and merges. Plain objects and branches
are read and written as files (`git_files`), in the very form that Git gives them; all else is done by git.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from tests.fakes.git_files import NOTHING, GitFiles, NotPlainError, StaleReferenceError

__all__ = [
    "NOTHING",
    "BadObjectError",
    "Commit",
    "Entry",
    "GitRepository",
    "Person",
    "StaleReferenceError",
]


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
_PLAIN_NAME = re.compile(r"""[^\x00-\x20.,:;<>"\\'](?:[^\x00-\x1f<>]*[^\x00-\x20.,:;<>"\\'])?""")
"""A name from which Git would strip nothing."""

_ABOUT_OBJECTS = {"log", "merge-base", "merge-tree", "diff-tree"}
_ID = re.compile(r"\^?[0-9a-f]{40}")

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
        self._files = GitFiles(folder)
        self._answers: dict[tuple[str, ...], bytes] = {}
        folder.mkdir(parents=True)
        for name, content in _new_repository(default_branch).items():
            path = folder / name
            if content is None:
                path.mkdir()
            else:
                path.write_bytes(content)

    def adopt(self, other: GitRepository) -> None:
        """Take over every object and branch of another repository, as a fork does."""
        self._git("fetch", "--quiet", str(other.folder), "+refs/heads/*:refs/heads/*")

    def fetch(self, other: GitRepository, branch: str) -> None:
        """Take over the objects of one branch of another repository."""
        self._git("fetch", "--quiet", "--no-write-fetch-head", str(other.folder), f"refs/heads/{branch}")

    def branch(self, name: str) -> str | None:
        """The commit that the branch points to."""
        try:
            return self._files.branch(name)
        except NotPlainError:
            return self._resolve(f"refs/heads/{name}")

    def branches(self) -> Mapping[str, str]:
        """Every branch and its commit."""
        try:
            return self._files.branches()
        except NotPlainError:
            return self._branches()

    def _branches(self) -> Mapping[str, str]:
        out = self._git("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads")
        return dict(line.rsplit(" ", 1) for line in out.decode().splitlines())

    def resolve(self, revision: str) -> str | None:
        """The commit that a branch, tag or (short) id names."""
        if revision.startswith("refs/heads/"):
            return self.branch(revision.removeprefix("refs/heads/"))
        try:
            return revision if self._files.read(revision)[0] == "commit" else self._resolve(revision)
        except NotPlainError:
            return self._branch_of(revision) or self._resolve(revision)

    def _named(self, revision: str) -> str:
        """The commit of a name; what is no commit's name stays as it is."""
        return self.resolve(revision) or revision

    def _branch_of(self, revision: str) -> str | None:
        """The commit of a branch with this name; None where the name may be something else's too."""
        tag = self.folder / "refs" / "tags" / revision
        return None if tag.exists() else self.branch(revision)

    def _resolve(self, revision: str) -> str | None:
        out = self._try("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return out.decode().strip() if out is not None else None

    def kind(self, sha: str) -> str | None:
        """What the object is: blob, tree, commit or tag; None when there is none."""
        try:
            return self._files.read(sha)[0]
        except NotPlainError:
            out = self._try("cat-file", "-t", sha)
            return out.decode().strip() if out is not None else None

    def move(self, name: str, new: str, *, old: str) -> None:
        """Point a branch elsewhere if it stands at `old` (`NOTHING`: is not there)."""
        try:
            self._files.move(name, new, old=old)
        except NotPlainError:
            if self._try("update-ref", f"refs/heads/{name}", new, old) is None:
                raise StaleReferenceError(name) from None

    def delete(self, name: str) -> None:
        """Delete a branch."""
        self._git("update-ref", "-d", f"refs/heads/{name}")

    def blob(self, sha: str) -> bytes | None:
        """The bytes of a blob."""
        try:
            kind, content = self._files.read(sha)
        except NotPlainError:
            return self._try("cat-file", "blob", sha)
        return content if kind == "blob" else None

    def entry(self, commit: str, path: str) -> Entry | None:
        """What stands at a path of a commit's tree."""
        path = path.rstrip("/")
        try:
            return self._entry(self._files.tree_of(self._named(commit)), "", path)
        except NotPlainError:
            return next(iter(self._entries("-l", commit, "--", path)), None)

    def _entry(self, tree: str, folder: str, path: str) -> Entry | None:
        name, _, rest = path.removeprefix(folder).partition("/")
        if not name:
            raise NotPlainError(path)
        found = next((each for each in self._inside(tree, folder) if each.path == folder + name), None)
        if found is None or not rest:
            return found
        return self._entry(found.sha, f"{found.path}/", path) if found.kind == "tree" else None

    def _inside(self, tree: str, folder: str) -> Sequence[Entry]:
        return [self._told(mode, folder + name, sha) for mode, name, sha in self._files.entries(tree)]

    def _told(self, mode: str, path: str, sha: str) -> Entry:
        if mode == "40000":
            return Entry(path, "040000", "tree", sha)
        if mode == "160000":
            return Entry(path, mode, "commit", sha)
        return Entry(path, mode, "blob", sha, len(self._files.read(sha)[1]))

    def entries(self, tree: str, *, recursive: bool = False) -> Sequence[Entry]:
        """What a tree (or a commit's tree) holds; with `recursive` its folders' content too."""
        try:
            return list(self._walked(self._files.tree_of(self._named(tree)), "", recursive))
        except NotPlainError:
            return self._entries(*(["-r", "-t"] if recursive else []), "-l", tree)

    def _walked(self, tree: str, folder: str, recursive: bool) -> Iterator[Entry]:
        for each in self._inside(tree, folder):
            yield each
            if recursive and each.kind == "tree":
                yield from self._walked(each.sha, f"{each.path}/", recursive)

    def tree(self, commit: str) -> str:
        """The tree of a commit."""
        try:
            return self._files.tree_of(self._named(commit))
        except NotPlainError:
            return self._git("rev-parse", f"{commit}^{{tree}}").decode().strip()

    def write_blob(self, content: bytes) -> str:
        """Store bytes."""
        return self._files.write("blob", content)

    def write_tree(self, base: str | None, changes: Sequence[tuple[str, str, str | None]]) -> str:
        """Store a tree: `base` with (path, mode, blob id) put over it; None as id removes the path.

        Raises:
            BadObjectError: the base is no tree, an id names nothing, or a path cannot stand in a tree.
        """
        plain = {path: (mode, sha) for path, mode, sha in changes}
        try:
            return self._files.edited(self._files.tree_of(base) if base else None, plain)
        except NotPlainError:
            return self._write_tree(base, changes)

    def _write_tree(self, base: str | None, changes: Sequence[tuple[str, str, str | None]]) -> str:
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
        kinds = [self.kind(tree), *map(self.kind, parents)]
        words = (author.name, author.email, who.name, who.email)
        is_plain = kinds == ["tree", *("commit" for _ in parents)] and len(set(parents)) == len(parents)
        if is_plain and "\0" not in message and all(map(_PLAIN_NAME.fullmatch, words)):
            return self._files.write("commit", _commit_body(tree, parents, message, author, who).encode())
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
        try:
            return _parsed(sha, *self._files.read(sha))
        except NotPlainError:
            return self._log("--max-count=1", sha)[0]

    def log(self, head: str, *, without: str | None = None) -> Sequence[Commit]:
        """The commits that `head` contains and `without` does not, oldest first."""
        head, without = self._named(head), self._named(without) if without else None
        try:
            return [self.commit(sha) for sha in self._files.line(head, without=without)]
        except NotPlainError:
            return self._log("--topo-order", "--reverse", head, *([f"^{without}"] if without else []))

    def contains(self, revision: str, commit: str) -> bool:
        """Whether `commit` is `revision` or an ancestor of it."""
        try:
            return self._named(commit) in self._files.ancestors(self._named(revision))
        except NotPlainError:
            return self._try("merge-base", "--is-ancestor", commit, revision) is not None

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor."""
        try:
            return self._files.merge_base(self._named(one), self._named(other))
        except NotPlainError:
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
        base = one or self._files.write("tree", b"")
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
        if not _is_settled(arguments):
            return self._run(*arguments, stdin=stdin, env=env)
        if arguments not in self._answers:
            self._answers[arguments] = self._run(*arguments)
        return self._answers[arguments]

    def _run(self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            input=stdin,
            env={**_ISOLATED, **(env or {})},
            check=True,
            capture_output=True,
        )
        return done.stdout


def _is_settled(arguments: Sequence[str]) -> bool:
    """Whether the answer holds for ever: a question about objects that are named by their ids."""
    named = [each for each in arguments[1:] if not each.startswith("-")]
    return arguments[0] in _ABOUT_OBJECTS and all(map(_ID.fullmatch, named))


@cache
def _new_repository(default_branch: str) -> Mapping[str, bytes | None]:
    """What stands in a new repository by its path; None is a folder."""
    with tempfile.TemporaryDirectory(prefix="git-") as name:
        options = ("--quiet", "--bare", "--template=", f"--initial-branch={default_branch}")
        for arguments in (("init", *options), ("config", "gc.auto", "0")):
            subprocess.run(["git", *arguments], cwd=name, env=_ISOLATED, check=True, capture_output=True)
        paths = sorted(Path(name).rglob("*"))
        made = {str(path.relative_to(name)): path.read_bytes() if path.is_file() else None for path in paths}
        return {**made, "hooks": None}


def _commit_body(tree: str, parents: Sequence[str], message: str, author: Person, committer: Person) -> str:
    when = f"{int(time.time())} +0000"
    lines = [
        f"tree {tree}",
        *(f"parent {parent}" for parent in parents),
        f"author {author.name} <{author.email}> {when}",
        f"committer {committer.name} <{committer.email}> {when}",
    ]
    return "\n".join([*lines, "", message])


def _parsed(sha: str, kind: str, body: bytes) -> Commit:
    head, _, message = body.decode(errors="replace").partition("\n\n")
    found = [line.partition(" ")[::2] for line in head.split("\n")]
    if kind != "commit" or any(key == "encoding" for key, _ in found):
        raise NotPlainError(sha)
    facts = dict(found)
    author, _ = _signature(facts["author"])
    committer, when = _signature(facts["committer"])
    parents = tuple(value for key, value in found if key == "parent")
    return Commit(sha, facts["tree"], parents, message.rstrip("\n"), author, committer, when)


def _signature(text: str) -> tuple[Person, datetime]:
    name, _, rest = text.partition(" <")
    email, _, when = rest.partition("> ")
    return Person(name, email), datetime.fromtimestamp(int(when.split()[0]), UTC)


def _commit(record: str) -> Commit:
    sha, tree, parents, *who, when, message = record.split("\0", 8)
    author, committer = Person(*who[:2]), Person(*who[2:])
    made = datetime.fromtimestamp(int(when), UTC)
    return Commit(sha, tree, tuple(parents.split()), message.rstrip("\n"), author, committer, made)


def _entry(line: str) -> Entry:
    facts, path = line.split("\t", 1)
    mode, kind, sha, size = facts.split()
    return Entry(path, mode, kind, sha, None if size == "-" else int(size))
