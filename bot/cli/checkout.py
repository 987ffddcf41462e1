"""A Git repository as files to look at: a folder, or a clone that is thrown away."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from bot.adapters.forges.git.address import Access, address
from bot.adapters.forges.git.command import GitCommand
from bot.domain.errors import NotFound, Refused
from bot.importing.generated import Repository

_LARGEST_FILE = 1024 * 1024
_MOST_FILES = 20_000
_MOST_BYTES = 256 * 1024 * 1024
_CLONE = ("clone", "--quiet", "--depth=1", "--no-tags", "--single-branch", "--no-recurse-submodules", "--")
_IGNORED = {".git", "node_modules", ".venv", ".terraform", "vendor"}


def look_at(repository: str) -> Repository:
    """The files of a folder, or of the default branch at an address, with its address and branch.

    Raises:
        NotFound: there is no such folder.
        TagboatError: the clone failed, or the repository is too large to be looked at.
    """
    is_address = "://" in repository or (":" in repository and not Path(repository).exists())
    if is_address:
        return _clone(repository)
    folder = Path(repository)
    return _clone(str(folder.resolve())) if _is_bare(folder) else _folder(folder)


def _is_bare(folder: Path) -> bool:
    """Whether Git keeps a repository there without a work tree: its files are to be had by a clone."""
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()


def _clone(repository: str) -> Repository:
    with _cloned(repository) as folder:
        return Repository(repository, "", dict(_files(folder)))


def _folder(path: Path) -> Repository:
    if not path.is_dir():
        raise NotFound(f"there is no folder {path}", fix="name a repository by its folder or its address")
    folder = path.resolve()
    with tempfile.TemporaryDirectory(prefix="tagboat-") as home:
        git = GitCommand(str(folder), home=Path(home), access=Access(), timeout=timedelta(seconds=20))
        origin = _said(git, folder, "config", "--get", "remote.origin.url")
        head = _said(git, folder, "symbolic-ref", "--short", "refs/remotes/origin/HEAD").removeprefix(
            "origin/"
        )
        branch = head or _said(git, folder, "symbolic-ref", "--short", "HEAD")
    return Repository(origin or str(folder), branch, dict(_files(folder)))


def _said(git: GitCommand, folder: Path, *arguments: str) -> str:
    """What Git says of a folder; empty where it is no repository, or says nothing."""
    finished = git.local("-C", str(folder), *arguments, codes=(0, 1, 128))
    return finished.text.strip() if finished.code == 0 else ""


@contextmanager
def _cloned(repository: str) -> Iterator[Path]:
    url = address(repository)
    with tempfile.TemporaryDirectory(prefix="tagboat-") as home:
        git = GitCommand(url, home=Path(home), access=Access(), timeout=timedelta(minutes=5))
        folder = Path(home) / "clone"
        git.remote(*_CLONE, url, str(folder))
        yield folder


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The files that may hold images, by their path in the repository. Links are not followed."""
    count = size = 0
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _IGNORED)
        for name in sorted(names):
            path = Path(root) / name
            if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST_FILE:
                continue
            content = path.read_bytes()
            count, size = count + 1, size + len(content)
            if count > _MOST_FILES or size > _MOST_BYTES:
                limit = f"at most {_MOST_FILES:,} files and {_MOST_BYTES >> 20} MB are read"
                raise Refused(f"{folder} is too large to be looked at", why=limit, fix="name a folder of it")
            yield path.relative_to(folder).as_posix(), content
