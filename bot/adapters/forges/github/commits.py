"""Branches, files and commits of repositories on GitHub, read and kept. `writing` makes new ones."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from bot.adapters.cache import Cache
from bot.adapters.forges.blobs import blob_id
from bot.adapters.forges.github.api import GitHubApi
from bot.adapters.forges.github.objects import (
    File,
    Made,
    bytes_of,
    comparison_of,
    file_of,
    files_below,
    made_of,
    tip_of,
)
from bot.adapters.forges.github.repositories import Repositories
from bot.adapters.forges.relations import Relations
from bot.adapters.forges.rules import is_commit, require_size
from bot.domain.directories.directory import MOST_FILES, Tree, require_files
from bot.domain.errors import Damaged, NotFound, Refused
from bot.domain.snapshot import Relation

_FILE_CACHE = 32 * 1024 * 1024
_FACT_CACHE = 8192
_TREE_CACHE = 8 * MOST_FILES
FOLDER = "040000"
"""The mode of a folder, as GitHub writes it."""


class Commits:
    """The part of the port `Forge` that is about Git. What a commit names is kept, and read once."""

    def __init__(self, api: GitHubApi, repositories: Repositories) -> None:
        self._api = api
        self._repositories = repositories
        self._files: Cache[tuple[str, str, str], bytes] = Cache(_FILE_CACHE)
        self._blobs: Cache[tuple[str, str], bytes] = Cache(_FILE_CACHE)
        self._folders: Cache[tuple[str, str], Mapping[str, tuple[str, str]]] = Cache(_TREE_CACHE)
        self._below: Cache[tuple[str, str], Tree] = Cache(_TREE_CACHE)
        self._made: Cache[tuple[str, str], Made] = Cache(_FACT_CACHE)
        self._relations = Relations()

    def head(self, repository: str, branch: str) -> str | None:
        """The commit that the branch points to, or None."""
        try:
            tip = self._api.look(repository, f"/branches/{quote(branch)}", tip_of)
        except NotFound as error:
            if error.why != "Branch not found":
                self._repositories.default_branch(
                    repository
                )  # raises where the repository itself is out of sight
            return None
        if tip.branch != branch:  # renamed: GitHub leads the old name to the new one
            return None
        if tip.made is not None:
            self._made.put((repository, tip.commit), tip.made)
        return tip.commit

    def read(self, repository: str, commit: str, path: str) -> bytes | None:
        """The file's bytes at that commit, or None."""
        key = (repository, commit, path)
        kept = self._files.get(key)
        if kept is not None:
            return kept
        if not is_commit(commit):
            raise NotFound(f"{commit[:80]!r} is no commit of {repository}")
        try:
            where = f"/contents/{quote(path)}"
            file = self._api.get(
                repository, where, lambda data: file_of(data, path), parameters={"ref": commit}
            )
        except NotFound as error:
            if error.why.startswith("No commit found"):
                raise NotFound(f"commit {commit} is not in {repository}") from error
            self._repositories.default_branch(
                repository
            )  # raises where the repository itself is out of sight
            return None
        require_size(path, file.size)
        data = self._content(repository, path, file)
        self.tell(repository, commit, path, data)
        return data

    def tell(self, repository: str, commit: str, path: str, data: bytes) -> None:
        """Say what stands at a path of a commit: bytes that were held against their id, or written."""
        self._files.put((repository, commit, path), data, weight=len(data) + 256)

    def relation(self, repository: str, *, commit: str, revision: str) -> Relation:
        """How `commit` stands to `revision`."""
        return self._relations.of(
            repository,
            commit=commit,
            revision=revision,
            find=lambda: self._related(repository, commit, revision),
        )

    def _related(self, repository: str, commit: str, revision: str) -> Relation:
        where = f"/compare/{commit}...{revision}"
        try:
            return self._api.get(repository, where, comparison_of, parameters={"per_page": 1}).relation
        except NotFound as error:
            if "no common ancestor" not in error.why.lower():
                raise
            return Relation.DIVERGED

    def made(self, repository: str, commit: str) -> Made:
        """What a commit is made of."""
        kept = self._made.get((repository, commit))
        if kept is not None:
            return kept
        made = self._api.get(repository, f"/git/commits/{commit}", made_of)
        self._made.put((repository, commit), made)
        return made

    def tell_made(self, repository: str, commit: str, made: Made) -> None:
        """Say what a commit is made of that was just made, or seen."""
        self._made.put((repository, commit), made)

    def listing(self, repository: str, tree: str) -> Mapping[str, tuple[str, str]]:
        """What one folder holds: name → mode and object id."""
        kept = self._folders.get((repository, tree))
        if kept is not None:
            return kept
        folder: Mapping[str, tuple[str, str]] = self._api.get(
            repository,
            f"/git/trees/{tree}",
            lambda data: {str(e["path"]): (str(e["mode"]), str(e["sha"])) for e in data["tree"]},
        )
        self._folders.put((repository, tree), folder, weight=len(folder) + 1)
        return folder

    def standing(self, repository: str, tree: str, path: str) -> tuple[str, str] | None:
        """Mode and object id of what stands at a path below a tree; `Refused` below what is no folder."""
        *folders, name = path.split("/")
        for folder in folders:
            mode, tree = self.listing(repository, tree).get(folder, ("", ""))
            if not mode:
                return None
            if mode != FOLDER:
                raise Refused(f"{path} in {repository} stands below a file", fix="name a path in a folder")
        return self.listing(repository, tree).get(name)

    def below(self, repository: str, commit: str, directory: str) -> Tree:
        """Every file below a directory, which is found name by name: what did not move costs nothing."""
        root = self._existing_tree(repository, commit)
        mode, tree = self.standing(repository, root, directory) or ("", "")
        if not mode:
            return {}
        if mode != FOLDER:
            raise Refused(f"{directory} in {repository} is no folder", fix="name a folder")
        kept = self._below.get((repository, tree))
        if kept is not None:
            return kept
        where, whole = f"/git/trees/{tree}", {"recursive": "1"}
        files, is_cut = self._api.get(repository, where, files_below, parameters=whole)
        require_files(MOST_FILES + 1 if is_cut else len(files), directory=directory, commit=commit)
        self._below.put((repository, tree), files, weight=len(files) + 1)
        return files

    def blob(self, repository: str, blob: str) -> bytes:
        """The bytes of a file, by their id."""
        kept = self._blobs.get((repository, blob))
        if kept is not None:
            return kept
        data = self._api.get(repository, f"/git/blobs/{blob}", lambda answer: bytes_of(answer["content"]))
        if blob_id(data) != blob:
            raise Damaged(f"GitHub gives other bytes than {blob} names in {repository}", fix="look again")
        self._blobs.put((repository, blob), data, weight=len(data) + 256)
        return data

    def _existing_tree(self, repository: str, commit: str) -> str:
        try:
            return self.made(repository, commit).tree
        except NotFound as error:
            self._repositories.default_branch(
                repository
            )  # raises where the repository itself is out of sight
            raise NotFound(f"commit {commit[:80]} is not in {repository}") from error

    def _content(self, repository: str, path: str, file: File) -> bytes:
        data = file.content
        if data is None:
            data = self._api.get(
                repository, f"/git/blobs/{file.blob}", lambda blob: bytes_of(blob["content"])
            )
        # For a link to a file GitHub gives the file's content, and the link's own blob id.
        if len(data) != file.size or blob_id(data) != file.blob:
            raise Refused(f"{path} in {repository} is a symbolic link", fix="name the file that it leads to")
        return data
