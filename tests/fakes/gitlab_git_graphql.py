"""Branches, commits and files of a project as GitLab's GraphQL API tells them.

The words and rules are those of GitLab's own resolvers (`TreeResolver`, `LastCommitResolver`,
`BlobsResolver`, `CommitsResolver`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLResolveInfo,
    InlineFragmentNode,
    SelectionSetNode,
)

from tests.fakes.git_host import HostedRepository
from tests.fakes.git_repository import Commit, Entry
from tests.fakes.gitlab_complexity import PAGE
from tests.fakes.gitlab_json import Json

_KINDS = {"HEADS": "refs/heads/", "TAGS": "refs/tags/"}
_WHOLE_NAMES = ("refs/heads/", "refs/remotes/", "refs/tags/", "-")
_ODD_NAME = re.compile(r"[\x00-\x20~^:?*\[\\\x7f]|\.\.|@\{|//|/$|\.$")
_MOST_BYTES = 20 * 1024 * 1024


class Refusal(Exception):
    """GitLab answers one field with an error; the text says why."""


def fields(repository: HostedRepository, *, fails_without_branch: bool) -> Json:
    """What a repository tells of itself."""
    return {
        "rootRef": repository.default_branch if repository.git.branches() else None,
        "tree": lambda _, **asked: _tree(repository, asked, fails=fails_without_branch),
        "blobs": lambda info, **asked: _blobs(repository, info, asked),
        "commits": lambda _, **asked: _commits(repository, asked),
    }


def page(found: Sequence[Any], asked: Json) -> Json:
    """The part of a list that is asked for; where it may go on is never told, so no cursor is known."""
    if asked.get("after") or asked.get("before"):
        raise Refusal("Please provide a valid cursor")
    last = asked.get("last")
    part = found[: min(asked.get("first") or PAGE, PAGE)] if last is None else found[-min(last, PAGE) :]
    return {"nodes": list(part), "pageInfo": {"hasNextPage": last is None and len(part) < len(found)}}


def _resolved(repository: HostedRepository, ref: str, kind: str | None) -> str | None:
    if ref == "HEAD":
        return repository.git.branch(repository.default_branch)
    return repository.git.resolve(f"{_KINDS[kind] if kind else ''}{ref}")


def _tree(repository: HostedRepository, asked: Json, *, fails: bool) -> Json | None:
    """Repository.tree: what is not there looks like an empty folder, without a commit, or fails."""
    if not repository.git.branches():
        return None
    path, ref = asked.get("path"), asked.get("ref")
    head = _resolved(repository, ref, asked.get("refType")) if ref else _resolved(repository, "HEAD", None)
    entry = repository.git.entry(head, path) if head and path else None
    if head is None or (path and (entry is None or entry.kind != "tree")):
        if fails:
            raise Refusal("invalid revision or path")
        return {"lastCommit": None}
    changed = _last_below(repository, head, path) if path else head
    return {"lastCommit": lambda _, **__: _commit(repository.git.commit(changed))}


def _last_below(repository: HostedRepository, head: str, folder: str) -> str:
    """The last commit that changed something in a folder; of the root it is the head, always."""
    for each in reversed(repository.git.log(head)):
        parent = each.parents[0] if each.parents else None
        if any(path.startswith(f"{folder}/") for _, path in repository.git.changed(parent, each.sha)):
            return each.sha
    return head


def _blobs(repository: HostedRepository, info: GraphQLResolveInfo[Any], asked: Json) -> Json:
    """Repository.blobs: files alone, and of a missing branch none."""
    if not repository.git.branches():
        return page((), asked)
    paths, ref = asked["paths"], asked.get("ref")
    ref = repository.default_branch if ref is None else ref
    if not ref or ref.startswith(_WHOLE_NAMES) or _ODD_NAME.search(ref):
        raise Refusal("Ref is not valid")
    head = _resolved(repository, ref, asked.get("refType"))
    entries = [repository.git.entry(head, path) for path in paths] if head else []
    found = [each for each in entries if each is not None and each.kind == "blob"]
    size = sum(each.size or 0 for each in found)
    names = {name for node in info.field_nodes for name in _below(info, node.selection_set)}
    if len(paths) > 1 and size > _MOST_BYTES and "rawTextBlob" in names:
        raise Refusal(f"Max blobs size limit exceeded ({size / 1024 / 1024:.3g} MiB / 20 MiB).")
    return page([_blob(repository, each) for each in found], asked)


def _below(info: GraphQLResolveInfo[Any], selected: SelectionSetNode | None) -> Iterator[str]:
    """The names of all fields below a field."""
    for each in selected.selections if selected else ():
        if isinstance(each, FieldNode):
            yield each.name.value
        below = info.fragments[each.name.value] if isinstance(each, FragmentSpreadNode) else each
        assert isinstance(below, FieldNode | FragmentDefinitionNode | InlineFragmentNode)
        yield from _below(info, below.selection_set)


def _blob(repository: HostedRepository, entry: Entry) -> Json:
    content = repository.git.blob(entry.sha) or b""
    return {
        "path": entry.path,
        "oid": entry.sha,
        "mode": entry.mode,
        "size": str(len(content)),
        "rawTextBlob": None if b"\0" in content else _text(content),
    }


def _text(content: bytes) -> str:
    """As GitLab re-encodes what is not UTF-8: the bytes are not those of the file any more."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _commits(repository: HostedRepository, asked: Json) -> Json:
    """Repository.commits, newest first."""
    head = _resolved(repository, asked["ref"], None)
    if head is None:
        raise Refusal("ListCommits: Gitlab::Git::CommandError")
    is_line = asked.get("firstParent")
    log = _first_parents(repository, head) if is_line else reversed(repository.git.log(head))
    return page([_commit(each) for each in islice(log, PAGE + 1)], asked)


def _first_parents(repository: HostedRepository, head: str) -> Iterator[Commit]:
    commit = repository.git.commit(head)
    yield commit
    while commit.parents:
        commit = repository.git.commit(commit.parents[0])
        yield commit


def _commit(commit: Commit) -> Json:
    return {
        "sha": commit.sha,
        "parentSha": commit.parents[0] if commit.parents else None,
        "message": commit.message,
        "authorEmail": commit.author.email,
        "committerEmail": commit.committer.email,
    }
