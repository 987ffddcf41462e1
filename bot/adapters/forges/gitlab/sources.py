"""Commits and releases of the projects on GitLab that images are built from."""

from __future__ import annotations

from urllib.parse import quote

from bot.adapters.forges.gitlab.api import GitLabApi
from bot.adapters.forges.gitlab.commits import Commits
from bot.adapters.forges.rules import require_commits
from bot.domain.pull_request.source import Comparison, ReleaseNotes, SourceCommit


class GitLabSources:
    """Port `Sources` over GitLab's REST API."""

    def __init__(self, api: GitLabApi, commits: Commits) -> None:
        self._api = api
        self._commits = commits

    def is_public(self, repository: str) -> bool:
        """Whether GitLab shows it without a login; what is internal, to everybody with one, is not."""
        return self._api.get(repository, "", lambda data: bool(data["visibility"] == "public"))

    def compare(self, repository: str, old: str, new: str) -> Comparison:
        """Read the comparison, which GitLab gives whole."""
        require_commits(repository, old, new)
        found = self._commits.compare(repository, base=old, head=new).commits
        return Comparison.of((SourceCommit.of(each.sha, each.message) for each in found), len(found))

    def release_notes(self, repository: str, tag: str) -> ReleaseNotes | None:
        """Read the release of the tag."""
        answer = self._api.attempt("get", repository, f"/releases/{quote(tag, safe='')}")
        if answer.status in {403, 404}:  # 403 where the project shows its releases to members alone
            return None
        if answer.status != 200:
            raise self._api.failure(repository, answer)
        return self._api.read(
            repository, answer, lambda data: ReleaseNotes.of(tag, data.get("description") or "")
        )
