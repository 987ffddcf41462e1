"""GitHub's words about branches, files and commits, in ours."""

from __future__ import annotations

import base64
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
class Made:
    """What a commit is made of: its tree, and the commits that it follows."""

    tree: str
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tip:
    """A branch as it stands; `made` saves a call where the answer tells it, as github.com's does."""

    branch: str
    commit: str
    made: Made | None


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
    """Read a branch; github.com's answer tells what its commit is made of as well."""
    commit = data["commit"]
    is_told = "commit" in commit and "parents" in commit
    made = made_of({**commit["commit"], "parents": commit["parents"]}) if is_told else None
    return Tip(str(data["name"]), str(commit["sha"]), made)


def made_of(data: Any) -> Made:
    """Read what a commit is made of."""
    return Made(str(data["tree"]["sha"]), tuple(str(each["sha"]) for each in data["parents"]))


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
    commits = [commit_of(item["sha"], item["commit"]) for item in data["commits"]]
    base = str(data["base_commit"]["sha"])
    return Comparison(_RELATIONS[data["status"]], base, int(data["total_commits"]), commits)


def commit_of(sha: Any, data: Any) -> Commit:
    """Read whose commit it is; both of GitHub's APIs say it in the same words."""
    author, committer = ((data[who] or {}).get("email") or "" for who in ("author", "committer"))
    return Commit(str(sha), str(data["message"]), str(author), str(committer))


def bytes_of(text: str) -> bytes:
    """What GitHub gives as Base64."""
    return base64.b64decode(text)
