"""Whose commits stand on a branch on GitHub: Tagboat's own, or somebody else's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from bot.adapters.cache import Cache
from bot.adapters.forges.github.api import GitHubApi
from bot.adapters.forges.github.commits import Commits
from bot.adapters.forges.github.objects import Commit, comparison_of
from bot.adapters.forges.identity import TRAILER, Identity, first_foreign
from bot.adapters.forges.rules import is_commit
from bot.domain.errors import NotFound, Refused

_LISTED = 100
_LONGEST_LOG = 1000
_KEPT = 4096
# An App's commits name its bot, and GitHub itself as committer where it signed them.
_BOT = re.compile(r"\d+\+[^@\s]+\[bot\]@users\.noreply\.\S+", re.IGNORECASE)
_WEB = re.compile(r"noreply@\S+", re.IGNORECASE)


class Authors:
    """Finds what others committed; what a commit holds beyond another never changes, and is kept."""

    def __init__(self, api: GitHubApi, commits: Commits, identity: Identity) -> None:
        self._api = api
        self._commits = commits
        self._identity = identity
        self._own: Cache[tuple[str, str, str], bool] = Cache(_KEPT)

    def is_own(self, repository: str, *, base: str | None, head: str | None) -> bool:
        """Whether a commit is known to hold nothing of others beyond the base commit."""
        return bool(base and head) and self._own.get((repository, base or "", head or "")) is not None

    def tell(self, repository: str, *, base: str, head: str, commits: Sequence[Commit]) -> None:
        """Say which commits a head holds beyond a base commit: all of them."""
        if self._foreign_among(commits) is None:
            self.tell_own(repository, base=base, head=head)

    def tell_own(self, repository: str, *, base: str, head: str) -> None:
        """Say that a head holds nothing of others beyond a base commit."""
        self._own.put((repository, base, head), True)

    def foreign(self, repository: str, *, branch: str, base: str) -> str | None:
        """The newest commit on `branch` and not on `base` that is not ours, as it stands at this moment."""
        where = f"/compare/{quote(base, safe='')}...{quote(branch, safe='')}"
        found: list[Commit] = []
        while True:
            pages = {"per_page": _LISTED, "page": len(found) // _LISTED + 1}
            try:
                page = self._api.look(repository, where, comparison_of, parameters=pages)
            except NotFound:
                if not is_commit(branch) and self._commits.head(repository, branch) is None:
                    return None
                raise
            if page.total >= _LONGEST_LOG:
                raise Refused(
                    f"branch {branch} of {repository} holds too many commits", fix="delete the branch"
                )
            found += page.commits
            if len(found) >= page.total or not page.commits:
                if found:
                    self.tell(repository, base=page.base, head=found[-1].sha, commits=found)
                return self._foreign_among(found)

    def _foreign_among(self, commits: Sequence[Commit]) -> str | None:
        """GitHub tells them oldest first."""
        return first_foreign((each.sha, self._is_own(each)) for each in reversed(commits))

    def _is_own(self, commit: Commit) -> bool:
        committers = [] if _WEB.fullmatch(commit.committer) else [commit.committer]
        if _BOT.fullmatch(commit.author):
            by_bot = all(email == commit.author for email in committers)
            return by_bot and TRAILER in commit.message.splitlines()
        return self._identity.made(message=commit.message, emails=[commit.author, *committers])
