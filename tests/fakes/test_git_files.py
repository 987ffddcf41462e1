"""What is written and read as files is what git itself writes and reads."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.git_files import NOTHING, NotPlainError
from tests.fakes.git_repository import BadObjectError, GitRepository, Person, StaleReferenceError

Changes = Sequence[tuple[str, str, str | None]]

_ADA = Person()
_PARTS = st.sampled_from(["a", "a.b", "a0", "b", "ä", "A"])
_PATHS = st.lists(_PARTS, min_size=1, max_size=3).map("/".join)
_MODES = st.sampled_from(["100644", "100755", "120000"])
_FILES = st.dictionaries(_PATHS, st.tuples(_MODES, st.none() | st.binary(max_size=4)), max_size=5)


@pytest.fixture
def git(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "a.git")


def _changes(git: GitRepository, files: dict[str, tuple[str, bytes | None]]) -> Changes:
    blobs = {path: None if data is None else git.write_blob(data) for path, (_, data) in files.items()}
    return [(path, mode, blobs[path]) for path, (mode, _) in files.items()]


def _said(git: GitRepository, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=git.folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _chain(git: GitRepository, *, on: Sequence[str] = (), length: int = 1) -> list[str]:
    """So many commits, one after the other, on these parents."""
    made: list[str] = []
    for number in range(length):
        tree = git.write_tree(None, [("n", "100644", git.write_blob(b"%d %d" % (len(on), number)))])
        made.append(git.write_commit(tree, made[-1:] or on, f"Change {number}\n\nWhy", author=_ADA))
    return made


@settings(max_examples=20)
@given(before=_FILES, after=_FILES)
def test_a_tree_is_the_one_that_git_writes(
    before: dict[str, tuple[str, bytes | None]], after: dict[str, tuple[str, bytes | None]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        git = GitRepository(Path(folder) / "a.git")
        base = git.write_tree(None, [])
        for files in (before, after):
            if _is_ambiguous(files):
                return
            changes = _changes(git, files)
            base, by_git = git.write_tree(base, changes), git._write_tree(base, changes)
            assert base == by_git
        assert git.entries(base, recursive=True) == git._entries("-r", "-t", "-l", base)
        for path in {*before, *after}:
            assert git.entry(base, path) == next(iter(git._entries("-l", base, "--", path)), None)


def _is_ambiguous(files: Collection[str]) -> bool:
    """Whether a path lies below another: git makes of it what comes last."""
    return any(one != other and other.startswith(f"{one}/") for one in files for other in files)


def test_commits_and_branches_are_those_that_git_tells(git: GitRepository) -> None:
    first, second = _chain(git, length=2)
    git.move("main", second, old=NOTHING)
    git.move("team/dev.1", first, old=NOTHING)
    assert git.commit(second) == git._log("--max-count=1", second)[0]
    assert git.log("main", without="team/dev.1") == git._log("main", "^team/dev.1") == [git.commit(second)]
    assert git.branches() == git._branches() == {"main": second, "team/dev.1": first}
    assert git.resolve("main") == git._resolve("main") == second
    assert _said(git, "fsck", "--strict") == ""


def test_ancestry_is_the_one_that_git_tells(git: GitRepository) -> None:
    root, left = _chain(git, length=2)
    (right,) = _chain(git, on=[root, left][:1])
    merge = _chain(git, on=[left, right])[0]
    commits = (root, left, right, merge)
    for one in commits:
        for other in commits:
            asked = subprocess.run(["git", "merge-base", "--is-ancestor", other, one], cwd=git.folder)
            assert git.contains(one, other) == (asked.returncode == 0)
            assert git.merge_base(one, other) == _said(git, "merge-base", one, other)
    assert {each.sha for each in git.log(merge)} == set(_said(git, "rev-list", merge).split())


def test_several_best_ancestors_are_left_to_git(git: GitRepository) -> None:
    root, left = _chain(git, length=2)
    (right,) = _chain(git, on=[root])
    tree = git.tree(left)
    one, other = (
        git.write_commit(tree, parents, "Cross", author=_ADA) for parents in ([left, right], [right, left])
    )
    assert git.merge_base(one, other) == _said(git, "merge-base", one, other)


def test_a_branch_moves_only_from_where_it_stands(git: GitRepository) -> None:
    first, second = _chain(git, length=2)
    git.move("main", first, old=NOTHING)
    for old in (NOTHING, second):
        with pytest.raises(StaleReferenceError):
            git.move("main", second, old=old)
    git.move("main", second, old=first)
    assert _said(git, "rev-parse", "main") == second
    assert not list(git.folder.rglob("*.lock"))


@pytest.mark.parametrize("name", ["main/below", "above", "a..b", "a.lock", "a/", ".a"])
def test_a_branch_that_git_refuses_is_refused(git: GitRepository, name: str) -> None:
    (commit,) = _chain(git)
    for taken in ("main", "above/it"):
        git.move(taken, commit, old=NOTHING)
    with pytest.raises(StaleReferenceError):
        git.move(name, commit, old=NOTHING)
    assert git.branches() == {"above/it": commit, "main": commit}


@pytest.mark.parametrize("path", ["", "a//b", "../a", "a/./b", ".git/config", "x/.GIT/y", "git~1"])
def test_an_odd_path_is_left_to_git(git: GitRepository, path: str) -> None:
    changes = _changes(git, {path: ("100644", b""), "b": ("100644", b"")})
    assert git.write_tree(None, changes) == git._write_tree(None, changes)


def test_what_is_not_there_is_no_tree(git: GitRepository) -> None:
    blob = git.write_blob(b"")
    for base, sha in ((blob, blob), ("1" * 40, blob), (None, "1" * 40)):
        with pytest.raises(BadObjectError):
            git.write_tree(base, [("a", "100644", sha)])


def test_what_git_packed_is_still_read(git: GitRepository) -> None:
    first, second = _chain(git, length=2)
    git.move("main", first, old=NOTHING)
    git.move("old", first, old=NOTHING)
    for arguments in (["repack", "-a", "-d", "-q"], ["pack-refs", "--all"]):
        _said(git, *arguments)
    again = GitRepository.__new__(GitRepository)
    again.__dict__ |= git.__dict__ | {"_files": type(git._files)(git.folder), "_answers": {}}
    with pytest.raises(NotPlainError):
        again._files.read(first)
    assert (again.branch("main"), again.branch("none")) == (first, None)
    assert again.kind(first) == "commit"
    assert again.commit(first).message == "Change 0\n\nWhy"
    assert again.entry("main", "n") is not None
    again.move("main", second, old=first)
    assert again.branches() == {"main": second, "old": first}
