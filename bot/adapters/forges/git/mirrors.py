"""The mirrors of one forge's repositories: each is made when it is needed, and anew when it is damaged."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from bot.adapters.forges.git.address import Access, address
from bot.adapters.forges.git.command import GitCommand
from bot.adapters.forges.git.errors import MirrorDamaged
from bot.adapters.forges.git.mirror import GitMirror
from bot.adapters.forges.git.signing import Signing
from bot.adapters.forges.identity import Identity
from bot.ports import Clock


class Mirrors:
    """Mirrors in the folder `cache`, which may be emptied at any time and shared by several processes.

    `root` is a URL or folder that repository paths are under; `signing` signs every commit made here;
    `timeout` bounds each call of Git.
    """

    def __init__(
        self,
        cache: Path,
        *,
        clock: Clock,
        identity: Identity,
        root: str,
        access: Access,
        signing: Signing | None = None,
        timeout: timedelta = timedelta(minutes=2),
    ) -> None:
        self._cache = cache.absolute()
        self._clock = clock
        self._identity = identity
        self._root = root
        self._access = access
        self._signing = signing
        self._timeout = timeout
        self._is_checked = threading.Event()

    def of(self, repository: str) -> GitMirror:
        """The mirror of a repository; `Refused` when the name cannot be one."""
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
    def minded(self, repository: str) -> Iterator[None]:
        """Throw the repository's mirror away when it turns out to be damaged."""
        try:
            yield
        except MirrorDamaged:
            self.of(repository).drop()
            raise
