"""The memory twin of a host that has releases and public repositories, with the hands of a human."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from bot.adapters.forges.history import History
from bot.adapters.forges.ledger_sources import LedgerSources
from bot.domain.pull_request.source import ReleaseNotes


class MemorySources(LedgerSources):
    """Port `Sources` in memory. What a human does are the methods that name one."""

    def __init__(self, opened: Callable[[str], AbstractContextManager[History]]) -> None:
        super().__init__(opened)
        self._public: set[str] = set()
        self._notes: dict[tuple[str, str], str] = {}

    def is_public(self, repository: str) -> bool:
        """Whether a human made it so."""
        return repository in self._public

    def release_notes(self, repository: str, tag: str) -> ReleaseNotes | None:
        """What a human wrote."""
        text = self._notes.get((repository, tag))
        return None if text is None else ReleaseNotes.of(tag, text)

    def publish_by_human(self, repository: str) -> None:
        """Let everybody read a repository."""
        self._public.add(repository)

    def release_by_human(self, repository: str, tag: str, text: str) -> None:
        """Write the notes of a release."""
        self._notes[repository, tag] = text
