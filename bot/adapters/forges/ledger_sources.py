"""Commits of the repositories behind a forge without an API, as the source of images: no releases there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from bot.adapters.forges.history import History
from bot.adapters.forges.rules import require_commits
from bot.domain.errors import NotFound
from bot.domain.pull_request.source import Comparison, ReleaseNotes, SourceCommit

_LONGEST_LOG = 1000


class LedgerSources:
    """Port `Sources` over histories; `opened` gives one repository's, locked."""

    def __init__(self, opened: Callable[[str], AbstractContextManager[History]]) -> None:
        self._opened = opened

    def is_public(self, repository: str) -> bool:  # noqa: ARG002 - none is
        """Never: Git does not say who may read a repository."""
        return False

    def compare(self, repository: str, old: str, new: str) -> Comparison:
        """Read the log. Commits beyond the first thousand are not counted."""
        require_commits(repository, old, new)
        with self._opened(repository) as history:
            if not history.has(old, new):
                raise NotFound(f"commit {old[:12]} or {new[:12]} is not in {repository}")
            found = history.log(new, base=old, limit=_LONGEST_LOG)
        return Comparison.of((SourceCommit.of(each.id, each.message) for each in found), len(found))

    def release_notes(
        self,
        repository: str,  # noqa: ARG002 - there are none
        tag: str,  # noqa: ARG002
    ) -> ReleaseNotes | None:
        """None: Git has tags, and no releases."""
        return None
