"""Git's objects and branches as the files that they are: a process for each costs more than all else.

Here is what is plain: an object in a file of its own, a branch in a file of its own. Whatever is not (packs,
packed references, odd names, races) is `NotPlainError`, and git itself must be asked.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

NOTHING = "0" * 40
"""The object id that Git writes for "no commit"."""

_ID = re.compile(r"[0-9a-f]{40}")
_BRANCH = re.compile(r"(?!.*(?:\.\.|//|/\.|\.lock(?:/|$)))[A-Za-z0-9][\w./+-]*[\w+-]|[A-Za-z0-9]")
_ODD_PART = re.compile(r"|\.{1,2}|.*(?:^\.git|git~|[\0\\:]).*", re.IGNORECASE | re.DOTALL)
_BLOB_MODES = {"100644", "100755", "120000"}
_TREE_MODE, _LINK_MODE = "40000", "160000"

Change = tuple[str, str | None]
"""The mode and object id that a path gets; None as id removes it."""


class NotPlainError(Exception):
    """Git itself must be asked."""


class StaleReferenceError(Exception):
    """A reference was not where the caller said that it stands."""


class GitFiles:
    """The files of one bare repository, which Git may use and change at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[str, bytes]] = {}
        self._ancestors: dict[str, frozenset[str]] = {}

    def read(self, sha: str) -> tuple[str, bytes]:
        """The kind and the bytes of an object."""
        if sha not in self._known:
            if not _ID.fullmatch(sha):
                raise NotPlainError(sha)
            try:
                stored = zlib.decompress(self._object(sha).read_bytes())
            except OSError as error:
                raise NotPlainError(sha) from error
            head, _, body = stored.partition(b"\0")
            self._known[sha] = (head.split()[0].decode(), body)
        return self._known[sha]

    def write(self, kind: str, body: bytes) -> str:
        """Store an object."""
        stored = b"%s %d\0%s" % (kind.encode(), len(body), body)
        sha = hashlib.sha1(stored, usedforsecurity=False).hexdigest()
        path = self._object(sha)
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix="tmp_obj_", delete=False) as file:
                file.write(zlib.compress(stored, 1))
            os.replace(file.name, path)
        self._known[sha] = (kind, body)
        return sha

    def branch(self, name: str) -> str | None:
        """The commit that a branch points to."""
        if not _BRANCH.fullmatch(name) or (self._folder / "packed-refs").exists():
            raise NotPlainError(name)
        try:
            pointed = (self._heads / name).read_text().strip()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        if not _ID.fullmatch(pointed):
            raise NotPlainError(name)
        return pointed

    def branches(self) -> Mapping[str, str]:
        """Every branch and its commit, in the order of their names."""
        paths = (path for path in self._heads.rglob("*") if path.is_file())
        names = sorted(str(path.relative_to(self._heads)) for path in paths if path.suffix != ".lock")
        found = {name: self.branch(name) for name in names}
        return {name: commit for name, commit in found.items() if commit is not None}

    def move(self, name: str, new: str, *, old: str) -> None:
        """Point a branch elsewhere if it stands at `old`, with the lock that Git itself takes.

        Raises:
            StaleReferenceError: it stands elsewhere.
        """
        self.branch(name)
        if self.read(new)[0] != "commit":
            raise NotPlainError(new)
        path = self._heads / name
        lock = path.with_name(f"{path.name}.lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with lock.open("x") as file:
                file.write(f"{new}\n")
        except OSError as error:
            raise NotPlainError(name) from error
        if (self.branch(name) or NOTHING) != old:
            lock.unlink()
            raise StaleReferenceError(name)
        try:
            lock.replace(path)
        except IsADirectoryError as error:
            lock.unlink()
            raise NotPlainError(name) from error

    def tree_of(self, revision: str) -> str:
        """The tree of a commit, or the tree itself."""
        kind, body = self.read(revision)
        if kind == "commit":
            return body[len("tree ") :][:40].decode()
        if kind == "tree":
            return revision
        raise NotPlainError(revision)

    def entries(self, tree: str) -> Sequence[tuple[str, str, str]]:
        """The (mode, name, object id) of everything in a tree, in Git's order."""
        kind, body = self.read(tree)
        if kind != "tree":
            raise NotPlainError(tree)
        return list(_entries(body))

    def parents(self, commit: str) -> Sequence[str]:
        """The parents of a commit."""
        kind, body = self.read(commit)
        if kind != "commit":
            raise NotPlainError(commit)
        head = body.partition(b"\n\n")[0].decode(errors="replace").split("\n")
        return [line.removeprefix("parent ") for line in head if line.startswith("parent ")]

    def ancestors(self, commit: str) -> frozenset[str]:
        """The commit itself and all that it stands on."""
        if commit not in self._ancestors:
            waiting, found = [commit], set[str]()
            while waiting:
                one = waiting.pop()
                if one not in found:
                    found.add(one)
                    waiting += self.parents(one)
            self._ancestors[commit] = frozenset(found)
        return self._ancestors[commit]

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor; NotPlainError where several are as good."""
        common = self.ancestors(one) & self.ancestors(other)
        best = [each for each in common if not any(each in self._below(other) for other in common)]
        if len(best) > 1:
            raise NotPlainError(one)
        return best[0] if best else None

    def line(self, head: str, *, without: str | None) -> Sequence[str]:
        """What `head` contains and `without` does not, oldest first, where each commit follows one other."""
        known = self.ancestors(without) if without else frozenset()
        found: list[str] = []
        following = [head] if head not in known else []
        while following:
            if len(following) > 1:
                raise NotPlainError(head)
            found.append(following[0])
            following = [parent for parent in self.parents(following[0]) if parent not in known]
        return found[::-1]

    def _below(self, commit: str) -> frozenset[str]:
        return self.ancestors(commit) - {commit}

    def edited(self, tree: str | None, changes: Mapping[str, Change]) -> str:
        """Store a tree with changes by path over it."""
        split = {tuple(path.split("/")): change for path, change in changes.items()}
        for path, (mode, sha) in split.items():
            self._check(path, mode, sha)
        return self._edited(tree, split) or self.write("tree", b"")

    def _check(self, path: Sequence[str], mode: str, sha: str | None) -> None:
        if any(_ODD_PART.fullmatch(part) for part in path):
            raise NotPlainError(path)
        if sha is not None and (mode not in _BLOB_MODES or self.read(sha)[0] != "blob"):
            raise NotPlainError(sha)

    def _edited(self, tree: str | None, changes: Mapping[tuple[str, ...], Change]) -> str | None:
        """As `edited`; None where nothing is left, for Git keeps no empty folders."""
        found = {name: (mode, sha) for mode, name, sha in (self.entries(tree) if tree else ())}
        for name in {path[0] for path in changes}:
            below = {path[1:]: change for path, change in changes.items() if path[0] == name}
            if () in below and len(below) > 1:
                raise NotPlainError(name)
            mode, sha = found.get(name, ("", ""))
            is_tree = mode == _TREE_MODE
            if () in below:
                made = (mode, sha) if below[()][1] is None and is_tree else below[()]
            elif all(change[1] is None for change in below.values()) and not is_tree:
                continue  # nothing is there that could be removed
            else:
                made = (_TREE_MODE, self._edited(sha if is_tree else None, below))
            found.pop(name, None)
            if made[1] is not None:
                found[name] = (made[0], made[1])
        return self.write("tree", _tree(found)) if found else None

    @property
    def _heads(self) -> Path:
        return self._folder / "refs" / "heads"

    def _object(self, sha: str) -> Path:
        return self._folder / "objects" / sha[:2] / sha[2:]


def _entries(body: bytes) -> Iterator[tuple[str, str, str]]:
    while body:
        head, _, rest = body.partition(b"\0")
        mode, name = head.split(b" ", 1)
        if mode.decode() not in {*_BLOB_MODES, _TREE_MODE, _LINK_MODE}:
            raise NotPlainError(head)
        yield mode.decode(), name.decode(), rest[:20].hex()
        body = rest[20:]


def _tree(entries: Mapping[str, tuple[str, str]]) -> bytes:
    """Git sorts a folder as if its name ended in a slash."""
    named: Iterable[tuple[bytes, str, str]] = (
        (name.encode(), mode, sha) for name, (mode, sha) in entries.items()
    )
    ordered = sorted(named, key=lambda each: each[0] + (b"/" if each[1] == _TREE_MODE else b""))
    return b"".join(mode.encode() + b" " + name + b"\0" + bytes.fromhex(sha) for name, mode, sha in ordered)
