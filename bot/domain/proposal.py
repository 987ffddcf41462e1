"""Pull requests: what Tagboat proposes, in words that people read, and what a forge says of one.

The release that a pull request proposes is found again by a marker in its body, so that a crash between
any two steps loses nothing; the truth of what would be merged is always read from the branch itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PullRequestState(StrEnum):
    """What a forge says of a pull request; `CLOSED` means closed without a merge."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as a forge shows it. `merge_commit` is the commit on the base branch after the merge."""

    number: int
    url: str
    title: str
    body: str
    branch: str
    base: str
    head: str
    state: PullRequestState
    merge_commit: str | None = None
    merged_at: datetime | None = None
    mergeable: bool | None = None
    blocked_reason: str = ""

    @property
    def release_key(self) -> str | None:
        """The key of the release that the body's marker names, or None where there is no marker."""
        found = _MARKER.search(self.body)
        return found["key"] if found else None

    @property
    def is_withdrawn(self) -> bool:
        """Whether Tagboat itself closed it: then the close is no human's "no"."""
        found = _MARKER.search(self.body)
        return bool(found and found["withdrawn"])


@dataclass(frozen=True, slots=True)
class Proposal:
    """All that a forge needs to show one pull request: branch, files, commit message, title and body."""

    branch: str
    files: tuple[tuple[str, bytes], ...]
    message: str
    title: str
    body: str


_MARKER = re.compile(r"<!-- tagboat release=(?P<key>[0-9a-f]{12})(?P<withdrawn> withdrawn)? -->")


def marker(key: str) -> str:
    """The hidden line that names the release of a pull request."""
    return f"<!-- tagboat release={key} -->"


def withdrawn(body: str) -> str:
    """The body with its marker changed to say that Tagboat itself closes the pull request."""
    return _MARKER.sub(lambda found: f"<!-- tagboat release={found['key']} withdrawn -->", body)
