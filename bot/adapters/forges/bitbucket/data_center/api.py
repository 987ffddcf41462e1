"""Requests to Bitbucket Data Center: where things are, and how lists go on."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import quote

from bot.adapters.forges.bitbucket.api import BitbucketApi, Parameters, parts_of
from bot.adapters.forges.bitbucket.transport import Transport
from bot.domain.errors import Malformed

T = TypeVar("T")

ROOT = "/rest/api/latest"
_SCOPES = "the permission to write to the repository"


class DataCenterApi(BitbucketApi):
    """The REST API below `/rest`. Safe between threads."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, scopes=_SCOPES)

    def of(self, repository: str) -> str:
        """`/rest/api/latest/projects/KEY/repos/SLUG`."""
        return self.below(repository, ROOT)

    def below(self, repository: str, root: str) -> str:
        """The path of a repository below another root than that of the core API."""
        project, slug = parts_of(repository)
        return f"{root}/projects/{quote(project)}/repos/{quote(slug)}"

    def account(self, repository: str) -> str:
        """Whose token it is, by the user's name, which every answer tells in a header.

        Raises:
            Malformed: a proxy took that header away.
        """
        answer = self.good(repository, self.attempt("GET", self.of(repository)))
        name = answer.headers.get("x-ausername", "")
        if not name:
            raise Malformed(
                f"{self.host} does not say whose access token it is",
                fix="let proxies pass the header X-AUSERNAME on",
            )
        return name

    def _next(self, path: str, parameters: Parameters, page: Any) -> tuple[str, Parameters] | None:
        if page["isLastPage"]:
            return None
        return path, {**parameters, "start": int(page["nextPageStart"])}
