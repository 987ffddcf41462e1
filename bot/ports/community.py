"""Other people on a Git host."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.people.command import Heard
from bot.domain.people.protection import Offer, Ruling, Touched


class Community(Protocol):
    """Other people on one Git host: what they say, and what they propose. `repository` as for `Forge`."""

    def remarks(self, repository: str, *, since: datetime) -> Heard:
        """The comments on its pull requests, and issues where it can, written or changed at `since` or later.

        Of very many, the first ones: the rest comes when it is asked again from where these end.
        """
        ...

    def may_write(self, repository: str, person: str) -> bool:
        """Whether somebody, by their login, may write to the repository now."""
        ...

    def answer(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Comment once on a pull request or issue: a comment with this key is left alone."""
        ...

    def offers(self, repository: str) -> Sequence[Offer]:
        """Every open pull request, whoever opened it, the newest first; of very many, the newest."""
        ...

    def touched(self, repository: str, number: int) -> Touched:
        """What a pull request changes; `is_complete` says whether it could be read to its end."""
        ...

    def labelled_by(self, repository: str, number: int, label: str) -> str | None:
        """Who set a label that a pull request has, by their login; None where the host does not say it."""
        ...

    def ruling(self, repository: str, commit: str, name: str) -> Ruling | None:
        """What Tagboat's check of that name says of the commit, or None when it was not set.

        A host may have cut the reason: then it ends with an ellipsis.
        """
        ...

    def rule(self, repository: str, commit: str, name: str, ruling: Ruling) -> None:
        """Let the check of that name say this of the commit."""
        ...
