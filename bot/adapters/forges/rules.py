"""What Tagboat never does to a repository, whatever it is told: the guards that every forge shares.

Names of branches follow https://git-scm.com/docs/git-check-ref-format. Each guard raises `Refused` with
one sentence and returns nothing.
"""

from __future__ import annotations

import re

from bot.domain.errors import NotFound, Refused
from bot.domain.pull_request.branch import is_branch_name
from bot.domain.pull_request.proposal import BRANCH_PREFIX, Proposal, PullRequest
from bot.domain.repository_path import safe_path

SHORTEST_PREFIX = 4
"""Letters by which all branches begin that Tagboat writes: fewer would take in branches of people."""

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes of one file that Tagboat reads or writes: far more than any values file that people keep by hand."""

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_COMMENT_KEY = re.compile(r"[a-z0-9/-]{1,150}")


def is_commit(text: str) -> bool:
    """Whether the text is a full commit id, SHA-1 or SHA-256, in lower-case hexadecimal."""
    return _COMMIT.fullmatch(text) is not None


def require_commits(repository: str, *commits: str) -> None:
    """Raise `NotFound` unless each is a full commit id."""
    for commit in commits:
        if not is_commit(commit):
            raise NotFound(f"{_shown(commit)} is no commit of {repository}")


def require_revision(revision: str) -> None:
    """Raise `Refused` unless it is a full commit id, or Git allows the name for a branch."""
    if not is_commit(revision):
        require_branch(revision)


def require_branch(branch: str) -> None:
    """Raise `Refused` unless Git allows the name for a branch."""
    if not is_branch_name(branch):
        raise Refused(
            f"{_shown(branch)} is not a branch name", fix="use letters, digits and . _ - between slashes"
        )


def require_own_branch(branch: str, prefix: str = BRANCH_PREFIX) -> None:
    """Raise `Refused` unless the branch is one that Tagboat may write: its name begins with the prefix."""
    require_branch(branch)
    if len(prefix) < SHORTEST_PREFIX or not branch.startswith(prefix) or branch == prefix:
        raise Refused(
            f"branch {_shown(branch)} is not Tagboat's to write",
            why=f"only branches under {prefix} are",
        )


def require_own_pull_request(pull: PullRequest) -> None:
    """Raise `Refused` unless the pull request is Tagboat's: by its branch, or by the mark in its body."""
    if pull.mark is None:
        require_own_branch(pull.branch)


def marked(body: str, key: str) -> str:
    """The comment with its hidden key at the end: what finds it again."""
    return f"{body}\n\n{comment_mark(key)}"


def comment_mark(key: str) -> str:
    """The hidden key of a comment. Raises ValueError for what could not stand in it."""
    if not _COMMENT_KEY.fullmatch(key):
        raise ValueError(f"{key!r} cannot be the key of a comment")
    return f"<!-- tagboat comment={key} -->"


def require_path(path: str, *, allow_workflows: bool = False) -> None:
    """Raise `Refused` unless the path is one that Tagboat may write (`bot.domain.repository_path`)."""
    safe_path(path, allow_workflows=allow_workflows)


def require_size(path: str, size: int) -> None:
    """Raise `Refused` when a file of `size` bytes is more than Tagboat handles."""
    if size > LARGEST_FILE:
        raise Refused(
            f"{_shown(path)} is too large: {size} bytes, and the limit is {LARGEST_FILE}",
            fix="keep the values that Tagboat changes in a file of their own",
        )


def require_writable(proposal: Proposal) -> None:
    """Raise `Refused` unless each file of the proposal is one that Tagboat may write, and not too large."""
    for path, data in proposal.files:
        require_path(path, allow_workflows=proposal.allow_workflows)
        require_size(path, len(data or b""))


def _shown(text: str) -> str:
    return ascii(text[:80]) if not text[:80].isprintable() else repr(text[:80])
