"""What is known of repositories on GitHub themselves: their default branches, and their ids for GraphQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.adapters.cache import Cache
from bot.adapters.forges.github.api import GitHubApi
from bot.adapters.forges.told import Told

_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Known:
    """A repository as an answer tells it along; `node` is its id in the GraphQL API."""

    default_branch: str
    node: str


def known(data: Any) -> Known:
    """Read a repository."""
    return Known(str(data["default_branch"]), str(data["node_id"]))


class Repositories:
    """Asks for what is not known yet, or may have changed."""

    def __init__(self, api: GitHubApi) -> None:
        self._api = api
        self._told: Told[str, str] = Told()
        self._last: Cache[str, Known] = Cache(_KEPT)

    def default_branch(self, repository: str) -> str:
        """The branch that a clone checks out; `NotFound` where the repository is out of sight."""
        return self._told.take(repository, lambda: self._asked(repository).default_branch)

    def tell(self, repository: str, found: Known) -> None:
        """Say what it is; this thread's next question for the default branch is answered by it, soon."""
        self._last.put(repository, found)
        self._told.put(repository, found.default_branch)

    def last_default_branch(self, repository: str) -> str | None:
        """The default branch as it was when this process was told last."""
        last = self._last.get(repository)
        return last.default_branch if last else None

    def node(self, repository: str, *, anew: bool = False) -> str:
        """Its id in the GraphQL API, which a repository that is made anew by the same name does not keep."""
        last = None if anew else self._last.get(repository)
        return last.node if last else self._asked(repository).node

    def _asked(self, repository: str) -> Known:
        found = self._api.look(repository, "", known)
        self._last.put(repository, found)
        return found
