"""Commits and releases of the repositories on Gitea or Forgejo that images are built from.

By the API alone: a mirror, as the forge's own repositories have, would fetch the whole of what may be large.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from bot.adapters.forges.gitea.api import GiteaApi
from bot.adapters.forges.rules import require_commits
from bot.domain.pull_request.source import Comparison, ReleaseNotes, SourceCommit


class GiteaSources:
    """Port `Sources` over Gitea's REST API. Commits are compared since Gitea 1.22 and Forgejo 8."""

    def __init__(self, api: GiteaApi) -> None:
        self._api = api

    def is_public(self, repository: str) -> bool:
        """Whether it is shown without a login; what only those with one see (`internal`) is not."""
        return self._api.get(
            repository, "", lambda data: data["private"] is False and not data.get("internal")
        )

    def compare(self, repository: str, old: str, new: str) -> Comparison:
        """Read the comparison, which Gitea gives whole, the newest commit first."""
        require_commits(repository, old, new)
        return self._api.get(repository, f"/compare/{old}...{new}", _comparison)

    def release_notes(self, repository: str, tag: str) -> ReleaseNotes | None:
        """Read the release that is published for the tag."""
        answer = self._api.attempt("GET", repository, f"/releases/tags/{quote(tag, safe='')}")
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self._api.failure(repository, answer)
        return self._api.read(repository, answer, lambda data: ReleaseNotes.of(tag, data["body"] or ""))


def _comparison(data: Any) -> Comparison:
    commits = (SourceCommit.of(str(each["sha"]), each["commit"]["message"]) for each in data["commits"])
    return Comparison.of(commits, int(data["total_commits"]))
