"""Who may write to a repository on Bitbucket Data Center, through groups too."""

from __future__ import annotations

from typing import Any

from bot.adapters.forges.bitbucket.api import Parameters, parts_of
from bot.adapters.forges.bitbucket.data_center.api import ROOT, DataCenterApi

_PAGE = 100
_MOST_PAGES = 20
_LONGEST_NAME = 255


class Writers:
    """The users of the server, filtered by their effective permission."""

    def __init__(self, api: DataCenterApi) -> None:
        self._api = api

    def has(self, repository: str, person: str) -> bool:
        """Whether the user of that name may write now; who is not known may not."""
        if not person or len(person) > _LONGEST_NAME:
            return False
        project, slug = parts_of(repository)
        query: Parameters = {
            "filter": person,
            "permission.1": "REPO_WRITE",
            "permission.1.projectKey": project,
            "permission.1.repositorySlug": slug,
            "limit": _PAGE,
        }
        names, _ = self._api.listed(
            repository, "/users", _name, root=ROOT, parameters=query, most=_MOST_PAGES
        )
        return person in names


def _name(data: Any) -> str:
    return str(data["name"]) if data.get("active", True) else ""
