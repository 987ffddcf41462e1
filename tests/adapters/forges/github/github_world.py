"""What the tests of the GitHub forge share: a fake GitHub with one repository, and a forge over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.adapters.forges.github.forge import GitHubForge, GitHubSettings
from bot.adapters.forges.github.login import TokenLogin
from bot.domain.pull_request.proposal import Proposal, PullRequest, marker
from tests.fakes.git_host import HostedRepository
from tests.fakes.github import TOKEN, FakeGitHub

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


@dataclass
class GitHubWorld:
    """The fake, its repository, and the forge."""

    github: FakeGitHub
    hosted: HostedRepository
    forge: GitHubForge

    def write(self, proposal: Proposal = PROPOSAL) -> str:
        """Write onto the branch as it stands, from `main` as it stands."""
        expected = self.forge.head(REPOSITORY, proposal.branch)
        base = self.forge.head(REPOSITORY, "main")
        assert base is not None
        return self.forge.write(REPOSITORY, proposal, base=base, expected=expected)

    def open(self, proposal: Proposal = PROPOSAL) -> PullRequest:
        """Write and open."""
        self.write(proposal)
        return self.forge.open(REPOSITORY, proposal, base_branch="main")

    def merge(self, pull: PullRequest) -> str:
        """Merge at the head that was seen."""
        return self.forge.merge(REPOSITORY, pull.number, expected_head=pull.head, message="Merge it")

    def again(self) -> GitHubForge:
        """A forge that remembers nothing, as after a crash."""
        self.forge.disconnect()
        self.forge = forge(self.github)
        return self.forge


def forge(github: FakeGitHub, **changes: Any) -> GitHubForge:
    """A forge over the fake, by token."""
    settings = GitHubSettings(TokenLogin(TOKEN), api_url=github.url, seconds_between_writes=0)
    return GitHubForge(replace(settings, **changes))


@contextmanager
def github_world(folder: Path, **changes: Any) -> Iterator[GitHubWorld]:
    """Begin with one file on `main`."""
    with FakeGitHub(folder) as github:
        hosted = github.host.create(REPOSITORY, {DEV: b"tag: 1.0.0\n"})
        world = GitHubWorld(github, hosted, forge(github, **changes))
        yield world
        world.forge.disconnect()
