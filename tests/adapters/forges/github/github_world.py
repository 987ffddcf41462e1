"""What the tests of the GitHub forge share: a fake GitHub with one repository, and a forge over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bot.adapters.forges.github.forge import GitHubForge, GitHubSettings
from bot.adapters.forges.github.login import TokenLogin
from tests.adapters.forges.host_world import DEV, HostWorld
from tests.fakes.github import TOKEN, FakeGitHub

REPOSITORY = "acme/infra"


@dataclass
class GitHubWorld(HostWorld[GitHubForge, FakeGitHub]):
    """With the fake itself."""

    @property
    def github(self) -> FakeGitHub:
        """The fake by its name."""
        return self.fake


def forge(github: FakeGitHub, **changes: Any) -> GitHubForge:
    """A forge over the fake, by token."""
    settings = GitHubSettings(TokenLogin(TOKEN), api_url=github.url, seconds_between_writes=0)
    return GitHubForge(replace(settings, **changes))


@contextmanager
def github_world(folder: Path, **changes: Any) -> Iterator[GitHubWorld]:
    """Begin with one file on `main`."""
    with FakeGitHub(folder) as github:
        hosted = github.host.create(REPOSITORY, {DEV: b"tag: 1.0.0\n"})
        world = GitHubWorld(REPOSITORY, hosted, forge(github, **changes), partial(forge, github), github)
        yield world
        world.forge.disconnect()
