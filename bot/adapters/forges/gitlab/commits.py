"""Files and commits of projects on GitLab, read and kept. `writing` makes new ones."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.adapters.cache import Cache
from bot.adapters.forges.gitlab.api import LISTED, GitLabApi
from bot.adapters.forges.gitlab.branches import Branches
from bot.adapters.forges.relations import Relations
from bot.adapters.forges.rules import LARGEST_FILE, is_commit, require_size
from bot.domain.directories.directory import MOST_FILES, Entry, Tree, require_files
from bot.domain.errors import Malformed, NotFound, Refused
from bot.domain.snapshot import Relation

_FILE_CACHE = 32 * 1024 * 1024
_TREE_CACHE = 8 * MOST_FILES
_MOST_CHANGES = 1000
_MOST_PAGES = 50
_LONGEST_LINK = 4095
"""Bytes of a path on Linux, and so of what a symbolic link can hold."""


@dataclass(frozen=True, slots=True)
class File:
    """A file at a commit; `changed_by` is the last commit that touched it, empty where that was not told."""

    data: bytes
    changed_by: str = ""


@dataclass(frozen=True, slots=True)
class Commit:
    """What tells whose commit it is, and where it stands; author and committer by e-mail address."""

    sha: str
    parents: tuple[str, ...]
    message: str
    author: str
    committer: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a revision holds beyond another: commits, newest first, and the paths that they change."""

    commits: tuple[Commit, ...]
    paths: tuple[str, ...]
    is_whole: bool
    """Whether `paths` are all; GitLab stops counting where there are very many."""


class Commits:
    """The part of the port `Forge` that is about Git. What a commit names is kept, and read once."""

    def __init__(self, api: GitLabApi, branches: Branches) -> None:
        self._api = api
        self._branches = branches
        self._files: Cache[tuple[str, str, str], File] = Cache(_FILE_CACHE)
        self._blobs: Cache[tuple[str, str], bytes] = Cache(_FILE_CACHE)
        self._modes: Cache[tuple[str, str, str], Mapping[str, str]] = Cache(_TREE_CACHE)
        self._below: Cache[tuple[str, str, str], Tree] = Cache(_TREE_CACHE)
        self.relations = Relations()

    def file(self, repository: str, commit: str, path: str) -> File | None:
        """The file at that commit, or None; `NotFound` for a commit that is not there."""
        kept = self._files.get((repository, commit, path))
        return kept if kept is not None else self._asked(repository, commit, path)

    def guarded(self, repository: str, commit: str, path: str) -> File | None:
        """The file as `file` gives it, with the last commit that touched it: that guards an update."""
        kept = self._files.get((repository, commit, path))
        return kept if kept is not None and kept.changed_by else self._asked(repository, commit, path)

    def tell(self, repository: str, commit: str, path: str, data: bytes) -> None:
        """Say what a file holds at a commit; what is too large is left to `file`, which refuses it."""
        if len(data) <= LARGEST_FILE and self._files.get((repository, commit, path)) is None:
            self.keep(repository, commit, path, File(data))

    def keep(self, repository: str, commit: str, path: str, file: File) -> None:
        """Keep a file that is known to stand at a commit, as if it had been read."""
        self._files.put((repository, commit, path), file, weight=len(file.data) + 256)

    def mode(self, repository: str, commit: str, path: str) -> str:
        """The mode of a file, which only the list of its folder tells."""
        folder = path.rpartition("/")[0]
        known = self._modes.get((repository, commit, folder))
        if known is None:
            pages = self._pages(repository, commit, folder)
            known = {str(each["path"]): str(each["mode"]) for page in pages for each in page}
            self._modes.put((repository, commit, folder), known, weight=len(known) + 1)
        if path not in known:
            raise Malformed(f"GitLab shows {path} of {repository}, and not in its folder", fix="look again")
        return known[path]

    def below(self, repository: str, commit: str, directory: str) -> Tree:
        """Every file below a directory. GitLab's list tells no sizes: they count as 0."""
        kept = self._below.get((repository, commit, directory))
        if kept is not None:
            return kept
        if not is_commit(commit):
            raise NotFound(f"{commit[:80]!r} is no commit of {repository}")
        try:
            rows = [
                (
                    str(each["path"]).removeprefix(f"{directory}/"),
                    Entry(str(each["mode"]), str(each["id"]), 0),
                )
                for page in self._pages(repository, commit, directory, recursive=True)
                for each in page
                if each["type"] != "tree"
            ]
        except NotFound:
            self._require_no_file(repository, commit, directory)
            rows = []
        require_files(len(rows), directory=directory, commit=commit)
        files = dict(rows)
        self._below.put((repository, commit, directory), files, weight=len(files) + 1)
        return files

    def blob(self, repository: str, blob: str) -> bytes:
        """The bytes of a file, by their id (https://docs.gitlab.com/api/repositories/)."""
        kept = self._blobs.get((repository, blob))
        if kept is not None:
            return kept
        data = self._api.get(
            repository, f"/repository/blobs/{blob}", lambda answer: base64.b64decode(answer["content"])
        )
        require_size(blob, len(data))
        self._blobs.put((repository, blob), data, weight=len(data) + 256)
        return data

    def relation(self, repository: str, *, commit: str, revision: str) -> Relation:
        """How `commit` stands to `revision`."""
        return self.relations.of(
            repository,
            commit=commit,
            revision=revision,
            find=lambda: self._related(repository, commit, revision),
        )

    def compare(self, repository: str, *, base: str, head: str) -> Comparison:
        """What `head` holds beyond `base`; each is a commit or a branch, `NotFound` when one is not there."""
        parameters = {"from": base, "to": head}
        return self._api.get(repository, "/repository/compare", _comparison, parameters=parameters)

    def _asked(self, repository: str, commit: str, path: str) -> File | None:
        if not is_commit(commit):
            raise NotFound(f"{commit[:80]!r} is no commit of {repository}")
        where = f"/repository/files/{quote(path, safe='')}"
        answer = self._api.attempt("get", repository, where, parameters={"ref": commit})
        if answer.status == 404:
            self._require_absent(repository, commit, path, answer.message)
            return None
        if answer.status != 200:
            raise self._api.failure(repository, answer)
        file = self._api.read(repository, answer, lambda data: _file(data, path))
        if _may_be_link(file.data) and self.mode(repository, commit, path) == "120000":
            raise Refused(f"{path} in {repository} is a symbolic link", fix="name the file that it leads to")
        self.keep(repository, commit, path, file)
        return file

    def _related(self, repository: str, commit: str, revision: str) -> Relation:
        if not self.compare(repository, base=revision, head=commit).commits:
            return Relation.CONTAINED
        if not self.compare(repository, base=commit, head=revision).commits:
            return Relation.BEHIND
        return Relation.DIVERGED

    def _require_no_file(self, repository: str, commit: str, directory: str) -> None:
        """Raise where the directory is, or is below, a file, or where there is no such commit."""
        parts = directory.split("/")
        for length in range(1, len(parts) + 1):
            path = "/".join(parts[:length])
            try:
                found = self.file(repository, commit, path)
            except Refused:
                continue  # a folder
            if found is None:
                return
            raise Refused(f"{path} in {repository} is a file", fix="name a folder")

    def _require_absent(self, repository: str, commit: str, path: str, message: str) -> None:
        """Raise where a missing file means more than that: a folder, or no such commit or project."""
        if "commit" in message.lower():
            raise NotFound(f"commit {commit} is not in {repository}")
        parameters = {"path": path, "ref": commit, "per_page": 1}
        answer = self._api.attempt("get", repository, "/repository/tree", parameters=parameters)
        if answer.status == 200 and answer.data:
            raise Refused(f"{path} is a folder", fix="name a file")
        if "file not found" not in message.lower():
            self._branches.default(repository)  # raises where the project itself is out of sight

    def _pages(
        self, repository: str, commit: str, folder: str, *, recursive: bool = False
    ) -> Iterator[Sequence[Any]]:
        """What a folder holds, page by page."""
        query = {"path": folder, "ref": commit} | ({"recursive": True} if recursive else {})
        most = MOST_FILES // LISTED * 2 if recursive else _MOST_PAGES
        pages = self._api.pages(repository, "/repository/tree", list, query=query, most=most)
        for page in pages:
            yield page.items
            if page.is_last:
                return
        require_files(MOST_FILES + 1, directory=folder, commit=commit)


def _may_be_link(data: bytes) -> bool:
    """GitLab shows a link as a file that holds where it leads: one line, for nobody has others."""
    return len(data) <= _LONGEST_LINK and b"\n" not in data and b"\0" not in data


def _file(data: Any, path: str) -> File:
    require_size(path, int(data["size"]))
    content = base64.b64decode(data["content"])
    if len(content) != int(data["size"]):
        raise ValueError("content and size differ")
    return File(content, str(data["last_commit_id"]))


def _comparison(data: Any) -> Comparison:
    commits = [_commit(each) for each in data["commits"]]
    newest = data["commit"]["id"] if commits else None
    if newest is not None and commits[0].sha != newest:
        commits.reverse()
    changes = data["diffs"]
    paths = {str(each[key]) for each in changes for key in ("old_path", "new_path")}
    is_cut = bool(data["compare_timeout"]) or len(changes) >= _MOST_CHANGES
    return Comparison(tuple(commits), tuple(sorted(paths)), is_whole=not is_cut)


def _commit(data: Any) -> Commit:
    return Commit(
        sha=str(data["id"]),
        parents=tuple(str(each) for each in data["parent_ids"]),
        message=str(data["message"]),
        author=str(data["author_email"]),
        committer=str(data["committer_email"]),
    )
