"""Who may write to a repository on Bitbucket Cloud, through groups too."""

from __future__ import annotations

from bot.adapters.forges.bitbucket.cloud.api import CloudApi
from bot.domain.errors import Denied, Refused

_MOST_PAGES = 20
_PAGE = 100
_MAY_WRITE = frozenset({"write", "admin"})


class Writers:
    """The accounts, by UUID: names on Cloud are nobody's own, as everybody chooses theirs."""

    def __init__(self, api: CloudApi) -> None:
        self._api = api

    def of(self, repository: str) -> frozenset[str]:
        """Everybody who may write now.

        Raises:
            Denied: the login does not administer the repository, and is told nothing.
            Refused: there are more than can be read.
        """
        slug = repository.partition("/")[2]
        try:
            found, is_whole = self._api.listed(
                repository,
                f"/permissions/repositories/{slug}",
                lambda data: (str(data["user"]["uuid"]), str(data["permission"])),
                root=self._api.workspace(repository),
                parameters={"q": 'permission > "read"', "pagelen": _PAGE},
                most=_MOST_PAGES,
            )
        except Denied as error:
            fix = "use the token of somebody who administers the repository, with the scope repository:admin"
            raise Denied(f"who may write to {repository} may not be asked", why=error.why, fix=fix) from error
        if not is_whole:
            raise Refused(f"more people may write to {repository} than Tagboat reads")
        return frozenset(uuid for uuid, permission in found if permission in _MAY_WRITE)
