"""GitHub's words about branches, files and commits, in ours."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.directories.directory import Entry, Tree
from bot.domain.errors import Refused
from bot.domain.snapshot import Relation

_RELATIONS = {
    "identical": Relation.CONTAINED,
    "ahead": Relation.CONTAINED,
    "behind": Relation.BEHIND,
    "diverged": Relation.DIVERGED,
}


@dataclass(frozen=True, slots=True)
class Tip:
    """A branch as it stands; the tree saves a call where the answer tells it, as github.com's does."""

    branch: str
    commit: str
    tree: str | None


@dataclass(frozen=True, slots=True)
class File:
    """A file as the contents API tells it; `content` is None where it is too large for that."""

    blob: str
    size: int
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Commit:
    """What tells whose commit it is; author and committer by e-mail address."""

    sha: str
    message: str
    author: str
    committer: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One page of what the head of a comparison holds beyond its base, oldest first."""

    relation: Relation
    base: str
    total: int
    commits: Sequence[Commit]


def tip_of(data: Any) -> Tip:
    """Read a branch; github.com's answer tells the tree of its commit as well."""
    commit = data["commit"]
    tree = commit["commit"]["tree"]["sha"] if "commit" in commit else None
    return Tip(str(data["name"]), str(commit["sha"]), tree)


def file_of(data: Any, path: str) -> File:
    """Read what stands at a path; `Refused` where that is no file."""
    if isinstance(data, list) or data["type"] != "file":
        kind = "a folder" if isinstance(data, list) else f"a {data['type']}"
        raise Refused(f"{path} is {kind}", fix="name a file")
    content = bytes_of(data["content"]) if data["encoding"] == "base64" else None
    return File(str(data["sha"]), int(data["size"]), content)


def files_below(data: Any) -> tuple[Tree, bool]:
    """The files of a recursive tree, and whether it was cut off."""
    rows = (each for each in data["tree"] if each["type"] != "tree")
    files = {str(e["path"]): Entry(str(e["mode"]), str(e["sha"]), int(e.get("size") or 0)) for e in rows}
    return files, bool(data["truncated"])


def comparison_of(data: Any) -> Comparison:
    """Read one page of a comparison."""
    commits = [_commit(item["sha"], item["commit"]) for item in data["commits"]]
    base = str(data["base_commit"]["sha"])
    return Comparison(_RELATIONS[data["status"]], base, int(data["total_commits"]), commits)


def _commit(sha: Any, data: Any) -> Commit:
    author, committer = ((data[who] or {}).get("email", "") for who in ("author", "committer"))
    return Commit(str(sha), str(data["message"]), str(author), str(committer))


def bytes_of(text: str) -> bytes:
    """What GitHub gives as Base64."""
    return base64.b64decode(text)


def blob_id(data: bytes) -> str:
    """The name that Git gives these bytes (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects)."""
    return hashlib.sha1(b"blob %d\0%b" % (len(data), data), usedforsecurity=False).hexdigest()
