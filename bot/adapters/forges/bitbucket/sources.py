"""Commits of the repositories on Bitbucket that images are built from.

By the API alone: a mirror, as the forge's own repositories have, would fetch the whole of what may be large.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.adapters.forges.bitbucket.api import BitbucketApi, Parameters
from bot.adapters.forges.rules import require_commits
from bot.domain.errors import Refused
from bot.domain.pull_request.source import Comparison, ReleaseNotes, SourceCommit

_PAGE = 100
_MOST_PAGES = 20


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one of the two hosts tells of a repository, and of the commits that one has and another has not."""

    is_public: Callable[[Any], bool]
    between: Callable[[str, str], tuple[str, Parameters]]
    """The list of what the second commit has and the first has not."""
    id: str


CLOUD = Dialect(
    is_public=lambda data: data["is_private"] is False,
    between=lambda old, new: (f"/commits/{new}", {"exclude": old, "pagelen": _PAGE}),
    id="hash",
)
DATA_CENTER = Dialect(
    is_public=lambda data: data["public"] is True,
    between=lambda old, new: ("/compare/commits", {"from": new, "to": old, "limit": _PAGE}),
    id="id",
)


class BitbucketSources:
    """Port `Sources` over a Bitbucket's REST API; there are no releases there."""

    def __init__(self, api: BitbucketApi, dialect: Dialect) -> None:
        self._api = api
        self._dialect = dialect

    def is_public(self, repository: str) -> bool:
        """Whether it is shown without a login."""
        return self._api.get(repository, "", self._dialect.is_public)

    def compare(self, repository: str, old: str, new: str) -> Comparison:
        """Read the commits of one that the other has not, the newest first.

        Raises:
            Refused: there are more than can be counted.
        """
        require_commits(repository, old, new)
        path, parameters = self._dialect.between(old, new)
        commits, is_whole = self._api.listed(
            repository,
            path,
            lambda data: SourceCommit.of(str(data[self._dialect.id]), str(data["message"])),
            parameters=parameters,
            most=_MOST_PAGES,
        )
        if not is_whole:
            raise Refused(f"more than {len(commits)} commits of {repository} lie between the two")
        return Comparison.of(commits, len(commits))

    def release_notes(self, repository: str, tag: str) -> ReleaseNotes | None:  # noqa: ARG002 - the port's
        """None: Bitbucket knows tags, and no releases."""
        return None
