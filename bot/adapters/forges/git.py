"""The forge `git`: any Git repository by path or URL, with no API at all.

Reads and writes go through a mirror (`git_mirror`), pull requests through a ledger (`ledger_forge`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from bot.adapters.forges.git_address import Access, address
from bot.adapters.forges.git_command import GitCommand
from bot.adapters.forges.git_errors import MirrorDamaged
from bot.adapters.forges.git_mirror import GitMirror
from bot.adapters.forges.git_signing import Signing
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
        self._cache = cache.absolute()
        self._root = root
        self._access = access
        self._signing = signing
        self._timeout = timeout
        self._is_checked = threading.Event()

    def _history(self, repository: str) -> History:
        return self._mirror(repository)

    def _mirror(self, repository: str) -> GitMirror:
        url = address(repository, root=self._root, allow_http=self._access.allow_http)
        self._cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        git = GitCommand(url, home=self._cache, access=self._access, timeout=self._timeout)
        if not self._is_checked.is_set():
            git.require_version()
            self._is_checked.set()
        return GitMirror(
            git, cache=self._cache, identity=self._identity, clock=self._clock, signing=self._signing
        )

    @contextmanager
    def _locked(self, repository: str) -> Iterator[History]:
        with super()._locked(repository) as history:
            try:
                yield history
            except MirrorDamaged:
                self._mirror(repository).drop()
                raise
