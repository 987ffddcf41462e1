"""Directories of a repository at a commit, and what copying one over another writes and deletes.

Pure: two trees of files and the rules of what is kept, to bytes to write and paths to delete. Nothing is
written that is not a plain file under a plain name, and more than people could read is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from bot.domain.directories.keep import DirectoryPromotion
from bot.domain.edit.kept import keep_values
from bot.domain.edit.keypath import KeyPath
from bot.domain.edit.text import LARGEST_FILE
from bot.domain.errors import Malformed, Refused
from bot.domain.repository_path import safe_path

MOST_FILES = 10_000
"""Files that a directory may hold."""

MOST_CHANGED = 1_000
"""Files that one copy may write and delete."""

MOST_BYTES = 50 * 1024 * 1024
"""Bytes of all files together that one copy may look into."""

PLAIN, EXECUTABLE = "100644", "100755"
_WORDS = {"120000": "a symbolic link", "160000": "a submodule"}
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands at a path: Git's mode, the id of the bytes, and how many they are."""

    mode: str
    blob: str
    size: int


Tree = Mapping[str, Entry]
"""Every file below a directory, by its path from there on."""


@dataclass(frozen=True, slots=True)
class DirectoryView:
    """What was read of the directories of one promotion.

    `sources` are the upstream directory at the commits that proved themselves, `target` the environment's own
    at the base commit, `last` the same when it was known to be a copy (None: never), `deployed` the same at
    the commit that is known to run (None: not known any more), and `proposed` on Tagboat's branch (None: no
    branch). `blobs` are the bytes that a copy needs, by their id.
    """

    sources: Mapping[str, Tree]
    target: Tree
    last: Tree | None = None
    deployed: Tree | None = None
    proposed: Tree | None = None
    blobs: Mapping[str, bytes] = field(default_factory=dict)

    def contents(self, tree: Tree | None, to: str) -> Mapping[str, bytes]:
        """The bytes of those files of a tree that are known, by their path in the repository."""
        known = {path: self.blobs.get(entry.blob) for path, entry in (tree or {}).items()}
        return {f"{to}/{path}": data for path, data in known.items() if data is not None}


@dataclass(frozen=True, slots=True)
class Change:
    """What a copy does at one path of the repository: bytes to write, or None to delete.

    `unsettled` names kept keys of a new file: the environment has no value of its own for them yet, so that
    upstream's comes along.
    """

    path: str
    data: bytes | None
    mode: str = PLAIN
    is_new: bool = False
    is_new_mode: bool = False
    unsettled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy changes, in the order of the paths."""

    changes: tuple[Change, ...] = ()

    @property
    def files(self) -> Mapping[str, bytes | None]:
        """What is to stand at each path that changes."""
        return {change.path: change.data for change in self.changes}

    @property
    def modes(self) -> tuple[tuple[str, str], ...]:
        """The modes of the files that are written."""
        return tuple((change.path, change.mode) for change in self.changes if change.data is not None)

    @property
    def added(self) -> tuple[str, ...]:
        """The paths that are new."""
        return tuple(change.path for change in self.changes if change.is_new)

    @property
    def deleted(self) -> tuple[str, ...]:
        """The paths that go."""
        return tuple(change.path for change in self.changes if change.data is None)

    @property
    def changed(self) -> tuple[str, ...]:
        """The paths that say something else."""
        gone = {*self.added, *self.deleted}
        return tuple(change.path for change in self.changes if change.path not in gone)

    @property
    def unsettled(self) -> tuple[str, ...]:
        """Where upstream's values come along although they are to be kept: `FILE: KEY`."""
        return tuple(f"{change.path}: {key}" for change in self.changes for key in change.unsettled)


def tree_id(tree: Tree) -> str:
    """Forty hexadecimal digits that name what a directory holds, on every forge alike."""
    lines = (f"{entry.mode} {entry.blob} {path}\n" for path, entry in sorted(tree.items()))
    digest = hashlib.sha256("".join(lines).encode(errors="surrogateescape"))
    return digest.hexdigest()[:40]


def standing_id(target: Tree, paths: Iterable[str], promotion: DirectoryPromotion) -> str:
    """Forty hexadecimal digits that name what stands at some paths of the repository, or does not."""
    absent = Entry("000000", "", 0)
    return tree_id({path: target.get(path.removeprefix(f"{promotion.to}/"), absent) for path in paths})


def directory_path(text: str) -> str:
    """The path of a directory of a repository, without the slash at its end.

    Raises:
        Refused: it is the whole repository, leaves it, or leads to Git's own files or to what runs in CI.
    """
    path = text.removesuffix("/")
    if not path:
        raise Refused("the whole repository is never copied", fix="name a folder, such as staging/")
    return safe_path(path)


def require_files(count: int, *, directory: str, commit: str) -> None:
    """Raise `Refused` when a directory holds more files than are copied."""
    if count > MOST_FILES:
        raise Refused(
            f"{directory}/ at commit {commit[:12]} is too large: more than {MOST_FILES:,} files",
            fix="copy a folder below it",
        )


def needed(source: Tree, target: Tree, promotion: DirectoryPromotion) -> frozenset[str]:
    """The ids of the bytes that `copied` needs to be given.

    Raises:
        Refused: the copy would be too large, or would touch what is no plain file or has a hostile name.
    """
    blobs: dict[str, int] = {}
    paths = _differing(source, target, promotion)
    if len(paths) > MOST_CHANGED:
        raise Refused(
            f"{len(paths):,} files of {promotion.to}/ would change at once",
            why=f"at most {MOST_CHANGED:,} do",
            fix="copy the directory once by hand, or name what stays by `keep`",
        )
    for path in paths:
        _require_plain(path, source, target, promotion)
        blobs |= {each.blob: each.size for each in (source.get(path), target.get(path)) if each}
    if sum(blobs.values()) > MOST_BYTES:
        raise Refused(
            f"the files of {promotion.to}/ that would change are too large",
            why=f"at most {MOST_BYTES // 1024 // 1024} MB are read",
            fix="copy them once by hand, or name what stays by `keep`",
        )
    return frozenset(blobs)


def copied(source: Tree, target: Tree, promotion: DirectoryPromotion, blobs: Mapping[str, bytes]) -> Copied:
    """What is written and deleted so that `target` holds what `source` does, but for what is kept.

    Raises:
        Malformed: a file with kept keys is no YAML; the path is named.
        Refused: a path must not be touched, or a kept key cannot be carried over by itself.
    """
    needed(source, target, promotion)
    changes = [
        _change(path, source.get(path), target.get(path), promotion, blobs)
        for path in _differing(source, target, promotion)
    ]
    return Copied(tuple(change for change in changes if change is not None))


def _change(
    path: str,
    new: Entry | None,
    old: Entry | None,
    promotion: DirectoryPromotion,
    blobs: Mapping[str, bytes],
) -> Change | None:
    """What happens at one path; None where the kept keys are all that differs."""
    place, keys = f"{promotion.to}/{path}", promotion.keys(path)
    if new is None:
        return Change(place, None)
    data = blobs[new.blob]
    if old is None:
        return Change(place, data, new.mode, is_new=True, unsettled=tuple(map(str, keys)))
    if keys:
        data = _keeping(place, data, blobs[old.blob], keys)
    if data == blobs[old.blob] and new.mode == old.mode:
        return None
    return Change(place, data, new.mode, is_new_mode=new.mode != old.mode)


def _keeping(place: str, data: bytes, old: bytes, keys: Sequence[KeyPath]) -> bytes:
    try:
        return keep_values(data, old, keys)
    except (Malformed, Refused) as error:
        raise type(error)(f"{place}: {error.what}", why=error.why, fix=error.fix) from error


def hot_fixes(view: DirectoryView, copy: Copied, promotion: DirectoryPromotion) -> Sequence[str]:
    """The paths that a copy would write over although they were changed since the last one.

    None before the first copy: what stands there then is nobody's hot-fix, and nobody's copy either.
    """
    if view.last is None or promotion.overwrite:
        return ()
    # Copying what stood there after the last copy onto what stands there now would undo each change since.
    since = copied(view.last, view.target, promotion, view.blobs).files
    return [path for path in copy.files if path in since]


def _differing(source: Tree, target: Tree, promotion: DirectoryPromotion) -> list[str]:
    paths = sorted(source.keys() | target.keys())
    return [
        path for path in paths if _differs(source.get(path), target.get(path)) and not promotion.keeps(path)
    ]


def _differs(one: Entry | None, other: Entry | None) -> bool:
    return one is None or other is None or (one.mode, one.blob) != (other.mode, other.blob)


def _require_plain(path: str, source: Tree, target: Tree, promotion: DirectoryPromotion) -> None:
    safe_path(f"{promotion.to}/{path}")
    sides = ((promotion.directory, source, target), (promotion.to, target, source))
    for directory, tree, other in sides:
        why = _oddity(tree[path], path, other) if path in tree else ""
        if why:
            fix = "name it by `keep`, or put it right by hand"
            raise Refused(f"{directory}/{path} is not copied", why=why, fix=fix)


def _oddity(entry: Entry, path: str, other: Tree) -> str:
    """Why a file is not to be touched; empty when nothing is odd about it."""
    if entry.mode not in {PLAIN, EXECUTABLE}:
        return f"it is {_WORDS.get(entry.mode, 'no plain file')}"
    if entry.size > LARGEST_FILE:
        return f"it has more than {LARGEST_FILE // 1024 // 1024} MB"
    if any(parent in other for parent in _parents(path)):
        return "a file stands in the other directory where this has a folder"
    return ""


def _parents(path: str) -> Iterator[str]:
    return (str(parent) for parent in PurePosixPath(path).parents)


def listed(paths: Iterable[str], most: int = _MOST_NAMED) -> str:
    """Paths for a sentence: some by name, the others by number."""
    names = list(paths)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
