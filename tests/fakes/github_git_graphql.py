"""Branches, commits, files and lists of pull requests as GitHub's GraphQL API tells them.

Where GitHub documents nothing this is from memory: modes are numbers (33188 is 100644), text comes without a
byte order mark, what is not UTF-8 or holds a NUL has none, and a branch that is gone compares to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.fakes.git_host import HostedRepository
from tests.fakes.git_host_model import Pull
from tests.fakes.git_repository import Commit, Entry
from tests.fakes.github_json import Json, timestamp
from tests.fakes.github_pulls import told_mergeability

_HEADS = "refs/heads/"
_LARGEST_TEXT = 512 * 1024
_KINDS = {"blob": "Blob", "tree": "Tree", "commit": "Submodule"}


def node_id(repository: HostedRepository) -> str:
    """The id that both APIs give a repository."""
    return f"R_{repository.id}"


def fields(repository: HostedRepository) -> Json:
    """What a repository tells of its branches."""
    return {
        "id": node_id(repository),
        "defaultBranchRef": lambda _: _reference(repository, repository.default_branch),
        "ref": lambda _, **by: _reference(repository, by["qualifiedName"].removeprefix(_HEADS)),
    }


def listed(branch: str | None, first: int, pulls: Sequence[Json]) -> Json:
    """The newest pull requests whose branch has that name, whichever repository it is in."""
    found = [each for each in reversed(pulls) if branch in {None, each["headRefName"]}]
    return {"nodes": found[:first], "pageInfo": {"hasNextPage": len(found) > first}}


def pull_fields(
    repository: HostedRepository, pull: Pull, html: str, late: set[tuple[int, str]] | None
) -> Json:
    """What a pull request tells of itself; whether it may be merged is thought about only when asked for."""

    def mergeable(_: Any) -> str:
        known, _state = told_mergeability(repository, pull, late)
        return {True: "MERGEABLE", False: "CONFLICTING", None: "UNKNOWN"}[known]

    return {
        "number": pull.number,
        "url": f"{html}/{repository.path}/pull/{pull.number}",
        "title": pull.title,
        "body": pull.body,
        "isDraft": pull.is_draft,
        "isCrossRepository": pull.source is not repository,
        "headRefName": pull.branch,
        "baseRefName": pull.base,
        "mergedAt": timestamp(pull.merged_at),
        "mergeCommit": {"oid": pull.merge_commit} if pull.merge_commit else None,
        "mergeable": mergeable,
        "mergeStateStatus": lambda _: told_mergeability(repository, pull, late)[1].upper(),
        "autoMergeRequest": {"enabledAt": timestamp(pull.updated_at)} if pull.armed_by else None,
    }


def _reference(repository: HostedRepository, branch: str) -> Json | None:
    commit = repository.git.branch(branch)
    if commit is None:
        return None
    return {
        "name": branch,
        "prefix": _HEADS,
        "target": _commit(repository, repository.git.commit(commit)),
        "compare": lambda _, **to: _comparison(repository, commit, to["headRef"]),
    }


def _comparison(repository: HostedRepository, base: str, branch: str) -> Json | None:
    head = repository.git.branch(branch)
    if head is None:
        return None
    ahead = repository.git.log(head, without=base)
    return {
        "headTarget": {"__typename": "Commit", "oid": head},
        "commits": lambda _, first: {
            "nodes": [_commit(repository, each) for each in ahead[:first]],
            "pageInfo": {"hasNextPage": len(ahead) > first},
        },
    }


def _commit(repository: HostedRepository, commit: Commit) -> Json:
    return {
        "__typename": "Commit",
        "oid": commit.sha,
        "message": commit.message,
        "author": {"email": commit.author.email},
        "committer": {"email": commit.committer.email},
        "tree": {"oid": commit.tree},
        "parents": lambda _, first: {"nodes": [{"oid": each} for each in commit.parents[:first]]},
        "file": lambda _, path: _entry(repository, repository.git.entry(commit.sha, path)),
    }


def _entry(repository: HostedRepository, entry: Entry | None) -> Json | None:
    if entry is None:
        return None
    stands = {"__typename": _KINDS[entry.kind], "oid": entry.sha} | dict(_text(repository, entry))
    is_submodule = entry.kind == "commit"
    return {"mode": int(entry.mode, 8), "oid": entry.sha, "object": None if is_submodule else stands}


def _text(repository: HostedRepository, entry: Entry) -> Iterator[tuple[str, str]]:
    data = repository.git.blob(entry.sha) if entry.kind == "blob" else None
    if data is None or b"\0" in data:
        return
    try:
        yield "text", data.decode("utf-8-sig")[:_LARGEST_TEXT]
    except UnicodeDecodeError:
        return
