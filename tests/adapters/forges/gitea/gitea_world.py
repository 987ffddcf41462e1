"""What the tests of the Gitea forge share: a fake Gitea with one repository, and a forge over it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bot.adapters.forges.gitea.forge import GiteaForge, GiteaSettings
from tests.adapters.forges.host_world import DEV, HostWorld
from tests.fakes.git_host import GitHost
from tests.fakes.gitea import TOKEN, FakeGitea
from tests.fakes.gitea_routes import Book

REPOSITORY = "acme/infra"


class _Clock:
    def now(self) -> datetime:
        return datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@dataclass
class GiteaWorld(HostWorld[GiteaForge, FakeGitea]):
    """With the fake itself."""

    folder: Path

    @property
    def gitea(self) -> FakeGitea:
        """The fake by its name."""
        return self.fake

    @property
    def book(self) -> Book:
        """What Gitea keeps beside the pull requests."""
        return self.gitea.book(self.hosted)


def forge(gitea: FakeGitea, folder: Path, **changes: Any) -> GiteaForge:
    """A forge over the fake, by token."""
    settings = replace(GiteaSettings(gitea.url, TOKEN), **changes)
    return GiteaForge(settings, folder / "cache", clock=_Clock())


@contextmanager
def gitea_world(folder: Path, **changes: Any) -> Iterator[GiteaWorld]:
    """Begin with one file on `main`; a second goes by whenever the host looks at its clock."""
    start, seconds = datetime(2026, 1, 1, tzinfo=UTC), itertools.count()
    host = GitHost(folder / "gitea", clock=lambda: start + timedelta(seconds=next(seconds)))
    with FakeGitea(folder, host=host) as gitea:
        hosted = gitea.host.create(REPOSITORY, {DEV: b"tag: 1.0.0\n"})
        built = forge(gitea, folder, **changes)
        world = GiteaWorld(REPOSITORY, hosted, built, partial(forge, gitea, folder), gitea, folder)
        yield world
        world.forge.disconnect()
