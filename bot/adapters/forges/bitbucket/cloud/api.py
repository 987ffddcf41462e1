"""Requests to Bitbucket Cloud: where things are, how lists go on, and whole names of commits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from bot.adapters.cache import Cache
from bot.adapters.forges.bitbucket.api import BitbucketApi, Parameters, parts_of
from bot.adapters.forges.bitbucket.transport import Transport
from bot.adapters.forges.rules import is_commit
from bot.domain.errors import Denied, Malformed

T = TypeVar("T")

_SCOPES = "the scopes repository:write, pullrequest:write and, for an API token, read:user"
_SHORT = re.compile(r"[0-9a-f]{7,64}")
_COMMITS = 4096


@dataclass(frozen=True, slots=True)
class Named:
    """A commit by its full id, and when it was made."""

    id: str
    at: datetime


class CloudApi(BitbucketApi):
    """The REST API, version 2.0. Safe between threads."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, scopes=_SCOPES)
        self._commits: Cache[tuple[str, str], Named] = Cache(_COMMITS)
        self._me = ""

    def of(self, repository: str) -> str:
        """`/repositories/WORKSPACE/SLUG`."""
        workspace, slug = parts_of(repository)
        return f"/repositories/{quote(workspace)}/{quote(slug)}"

    def workspace(self, repository: str) -> str:
        """The path of the workspace that a repository is in."""
        return f"/workspaces/{quote(parts_of(repository)[0])}"

    def commit(self, repository: str, name: str) -> Named | None:
        """The commit that an id names which may be cut short, as in pull requests; None: it is gone."""
        if not _SHORT.fullmatch(name):
            raise Malformed(f"{self.host} names a commit in a way that Git does not", why=ascii(name[:80]))
        kept = self._commits.get((repository, name))
        if kept is not None:
            return kept
        answer = self.attempt("GET", f"{self.of(repository)}/commit/{name}")
        if answer.status == 404:
            return None
        found = self.read(
            repository,
            self.good(repository, answer),
            lambda data: Named(str(data["hash"]), datetime.fromisoformat(data["date"])),
        )
        if not is_commit(found.id) or not found.id.startswith(name):
            raise Malformed(f"{self.host} answers with another commit than {name}", why=ascii(found.id[:80]))
        self._commits.put((repository, name), found)
        return found

    def account(self) -> str:
        """Whose token it is, by the account's UUID.

        Raises:
            Denied: the host does not tell it, as for access tokens that are no person's.
        """
        if not self._me:
            answer = self.attempt("GET", "/user")
            if answer.status != 200:
                raise Denied(
                    f"the access token may not ask {self.host} whose it is",
                    why=answer.message,
                    fix="use the API token of a user of Tagboat's own, with the scope read:user",
                )
            self._me = self.read("/user", answer, lambda data: str(data["uuid"]))
        return self._me

    def _next(
        self,
        path: str,  # noqa: ARG002 - Cloud names the whole address of the next page
        parameters: Parameters,  # noqa: ARG002 - see above
        page: Any,
    ) -> tuple[str, Parameters] | None:
        address = page.get("next")
        return (self.own(str(address)), {}) if address else None
