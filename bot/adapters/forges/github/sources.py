"""Commits and releases of the repositories on GitHub that images are built from."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from bot.adapters.forges.github.api import GitHubApi
from bot.adapters.forges.rules import require_commits
from bot.domain.errors import NotFound
from bot.domain.pull_request.source import MOST_COMMITS, Comparison, ReleaseNotes, SourceCommit


class GitHubSources:
    """Port `Sources` over GitHub's REST API."""

    def __init__(self, api: GitHubApi) -> None:
        self._api = api

    def is_public(self, repository: str) -> bool:
        """Whether GitHub shows it without a login; what is internal to an enterprise counts as private."""
        return self._api.look(repository, "", lambda data: data["private"] is False)

    def compare(self, repository: str, old: str, new: str) -> Comparison:
        """Read how many commits there are, and the pages of the newest: GitHub lists the oldest first."""
        require_commits(repository, old, new)
        commits, total = self._page(repository, old, new, 1)
        last = -(-total // MOST_COMMITS)
        if last > 1:
            before = commits if last == 2 else self._page(repository, old, new, last - 1)[0]
            commits = before + self._page(repository, old, new, last)[0]
        return Comparison.of(reversed(commits), total)

    def release_notes(self, repository: str, tag: str) -> ReleaseNotes | None:
        """Read the release that is published for the tag."""
        path = f"/releases/tags/{quote(tag, safe='')}"
        try:
            return self._api.look(repository, path, lambda data: ReleaseNotes.of(tag, data["body"] or ""))
        except NotFound:
            return None

    def _page(self, repository: str, old: str, new: str, page: int) -> tuple[list[SourceCommit], int]:
        pages = {"per_page": MOST_COMMITS, "page": page}
        return self._api.get(repository, f"/compare/{old}...{new}", _commits, parameters=pages)


def _commits(data: Any) -> tuple[list[SourceCommit], int]:
    commits = [SourceCommit.of(str(each["sha"]), each["commit"]["message"]) for each in data["commits"]]
    return commits, int(data["total_commits"])
