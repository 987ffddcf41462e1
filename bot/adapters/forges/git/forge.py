"""The forge `git`: any Git repository by path or URL, with no API at all.

Reads and writes go through a mirror (`git_mirror`), pull requests through a ledger (`ledger_forge`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from bot.adapters.forges.git.address import Access
from bot.adapters.forges.git.mirrors import Mirrors
from bot.adapters.forges.git.signing import Signing
from bot.adapters.forges.history import History
from bot.adapters.forges.identity import Identity
from bot.adapters.forges.ledger_forge import LedgerForge
from bot.ports import Clock, Ledger

_ANYONE = Access()
_TAGBOAT = Identity()


class GitForge(LedgerForge):
    """The port `Forge` for plain Git.

    `cache` is a folder for mirrors: it may be emptied at any time, and several processes may share it.
    `root` is a URL or folder that repository paths are under; without it a repository is named by its
    own absolute path or URL. `signing` signs every commit made here. `timeout` bounds each call of Git.
    """

    def __init__(
        self,
        cache: Path,
        *,
        ledger: Ledger,
        clock: Clock,
        root: str = "",
        access: Access = _ANYONE,
        identity: Identity = _TAGBOAT,
        signing: Signing | None = None,
        timeout: timedelta = timedelta(minutes=2),
    ) -> None:
        super().__init__(ledger=ledger, clock=clock, identity=identity)
        self._mirrors = Mirrors(
            cache,
            clock=clock,
            identity=identity,
            root=root,
            access=access,
            signing=signing,
            timeout=timeout,
        )

    def _history(self, repository: str) -> History:
        return self._mirrors.of(repository)

    @contextmanager
    def _locked(self, repository: str) -> Iterator[History]:
        with super()._locked(repository) as history, self._mirrors.minded(repository):
            yield history
