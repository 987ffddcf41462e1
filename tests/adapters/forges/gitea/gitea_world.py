"""What the tests of the Gitea forge share: a fake Gitea with one repository, and a forge over it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.adapters.forges.gitea.forge import GiteaForge, GiteaSettings
from bot.domain.pull_request.proposal import Proposal, PullRequest, marker
from tests.fakes.git_host import GitHost, HostedRepository
from tests.fakes.gitea import TOKEN, FakeGitea
from tests.fakes.gitea_routes import Book

REPOSITORY = "acme/infra"
DEV = "envs/dev/values.yaml"
BRANCH = "tagboat/homepage/dev"
PROPOSAL = Proposal(
    branch=BRANCH,
    files=((DEV, b"tag: 2.0.0\n"),),
    message="homepage: 1.0.0 → 2.0.0 in dev",
    title="homepage 2.0.0 in dev",
    body=f"Moves homepage.\n\n{marker('0123456789ab')}",
)


class _Clock:
    def now(self) -> datetime:
        return datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@dataclass
class GiteaWorld:
    """The fake, its repository, and the forge."""

    gitea: FakeGitea
    hosted: HostedRepository
    forge: GiteaForge
    folder: Path

    @property
    def book(self) -> Book:
        """What Gitea keeps beside the pull requests."""
        return self.gitea.book(self.hosted)

    def write(self, proposal: Proposal = PROPOSAL) -> str:
        """Write onto the branch as it stands, from `main` as it stands."""
        expected = self.hosted.git.branch(proposal.branch)
        base = self.hosted.git.branch("main") or ""
        return self.forge.write(REPOSITORY, proposal, base=base, expected=expected)

    def open(self, proposal: Proposal = PROPOSAL) -> PullRequest:
        """Write and open."""
        self.write(proposal)
        return self.forge.open(REPOSITORY, proposal, base_branch="main")

    def merge(self, pull: PullRequest) -> str:
        """Merge at the head that was seen."""
        return self.forge.merge(REPOSITORY, pull.number, expected_head=pull.head, message="Merge it")

    def again(self, **changes: Any) -> GiteaForge:
        """A forge that remembers nothing, as after a crash."""
        self.forge.disconnect()
        self.forge = forge(self.gitea, self.folder, **changes)
        return self.forge


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
        world = GiteaWorld(gitea, hosted, forge(gitea, folder, **changes), folder)
        yield world
        world.forge.disconnect()
