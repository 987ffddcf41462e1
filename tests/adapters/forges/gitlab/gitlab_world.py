"""What the tests of the GitLab forge share: a fake GitLab with one project, and a forge over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bot.adapters.forges.gitlab.forge import GitLabForge, GitLabSettings
from tests.adapters.forges.host_world import BRANCH, DEV, HostWorld
from tests.fakes.gitlab import TOKEN, FakeGitLab
from tests.fakes.http_host import Answer

REPOSITORY = "acme/platform/infra"


@dataclass
class GitLabWorld(HostWorld[GitLabForge, FakeGitLab]):
    """With the fake itself."""

    @property
    def gitlab(self) -> FakeGitLab:
        """The fake by its name."""
        return self.fake

    def look(self, branch: str = BRANCH) -> tuple[str, str | None]:
        """What a look at a pipeline asks, in its order; the base commit and the branch's."""
        self.forge.pull_requests(REPOSITORY, branch)
        base = self.forge.head(REPOSITORY, self.forge.default_branch(REPOSITORY))
        assert base is not None
        self.forge.read(REPOSITORY, base, DEV)
        return base, self.forge.head(REPOSITORY, branch)

    def believe(self, branch: str) -> None:
        """Let GitLab show the branch once more as it stands now, however it moves."""
        where = f"/repository/branches/{quote(branch, safe='')}$"
        self.forge.head(REPOSITORY, branch)
        shown = self.gitlab.exchanges[-1].response.data
        self.gitlab.faults.add("GET", where, Answer(200, shown))

    def calls(self) -> list[str]:
        """The requests since the last count, without what all have."""
        begin = len(f"/api/v4/projects/{REPOSITORY.replace('/', '%2F')}")
        return [f"{request.method} {request.path[begin:]}" for request in self.gitlab.asked()]


def forge(gitlab: FakeGitLab, **changes: Any) -> GitLabForge:
    """A forge over the fake, by token."""
    return GitLabForge(replace(GitLabSettings(TOKEN, url=gitlab.url), **changes))


@contextmanager
def gitlab_world(folder: Path, **changes: Any) -> Iterator[GitLabWorld]:
    """Begin with one file on `main`."""
    with FakeGitLab(folder) as gitlab:
        hosted = gitlab.host.create(REPOSITORY, {DEV: b"tag: 1.0.0\n"})
        world = GitLabWorld(REPOSITORY, hosted, forge(gitlab, **changes), partial(forge, gitlab), gitlab)
        yield world
        world.forge.disconnect()
