"""The Git host where images are built from."""

from __future__ import annotations

from typing import Protocol

from bot.domain.pull_request.source import Comparison, ReleaseNotes


class Sources(Protocol):
    """A Git host as the place where images are built from. Reads only; `repository` as in `Forge`."""

    def is_public(self, repository: str) -> bool:
        """Whether anybody may read the repository, without a login."""
        ...

    def compare(self, repository: str, old: str, new: str) -> Comparison:
        """What commit `new` has and commit `old` has not: the newest commits, and how many in all.

        Raises:
            NotFound: one of them is not there, or not to be seen.
        """
        ...

    def release_notes(self, repository: str, tag: str) -> ReleaseNotes | None:
        """What the release of a tag says of itself; None where there is no such release."""
        ...
