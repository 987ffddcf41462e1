"""Commits of the repositories on Bitbucket Data Center that images are built from.

By the API alone: a mirror, as the forge's own repositories have, would fetch the whole of what may be large.
"""

from __future__ import annotations

from bot.adapters.forges.bitbucket.data_center.api import DataCenterApi
from bot.adapters.forges.rules import require_commits
from bot.domain.errors import Refused
from bot.domain.pull_request.source import Comparison, ReleaseNotes, SourceCommit

_PAGE = 100
_MOST_PAGES = 20


class DataCenterSources:
    """Port `Sources` over Data Center's REST API; there are no releases there."""

    def __init__(self, api: DataCenterApi) -> None:
        self._api = api

    def is_public(self, repository: str) -> bool:
        """Whether it is shown without a login."""
        return self._api.get(repository, "", lambda data: data["public"] is True)

    def compare(self, repository: str, old: str, new: str) -> Comparison:
        """Read the commits of one that the other has not, the newest first.

        Raises:
            Refused: there are more than can be counted.
        """
        require_commits(repository, old, new)
        commits, is_whole = self._api.listed(
            repository,
            "/compare/commits",
            lambda data: SourceCommit.of(str(data["id"]), str(data["message"])),
            parameters={"from": new, "to": old, "limit": _PAGE},
            most=_MOST_PAGES,
        )
        if not is_whole:
            raise Refused(f"more than {len(commits)} commits of {repository} lie between the two")
        return Comparison.of(commits, len(commits))

    def release_notes(self, repository: str, tag: str) -> ReleaseNotes | None:  # noqa: ARG002 - the port's
        """None: Bitbucket knows tags, and no releases."""
        return None
