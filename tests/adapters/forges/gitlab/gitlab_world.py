"""What the tests of the GitLab forge share: a fake GitLab with one project, and a forge over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.adapters.forges.gitlab.forge import GitLabForge, GitLabSettings
from bot.domain.pull_request.proposal import Proposal, PullRequest, marker
from tests.fakes.git_host import HostedRepository
from tests.fakes.gitlab import TOKEN, FakeGitLab

REPOSITORY = "acme/platform/infra"
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
class GitLabWorld:
    """The fake, its project, and the forge."""

    gitlab: FakeGitLab
    hosted: HostedRepository
    forge: GitLabForge

    def look(self, branch: str = BRANCH) -> tuple[str, str | None]:
        """What a look at a pipeline asks, in its order; the base commit and the branch's."""
        self.forge.pull_requests(REPOSITORY, branch)
        base = self.forge.head(REPOSITORY, self.forge.default_branch(REPOSITORY))
        assert base is not None
        self.forge.read(REPOSITORY, base, DEV)
        return base, self.forge.head(REPOSITORY, branch)

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

    def again(self) -> GitLabForge:
        """A forge that remembers nothing, as after a crash."""
        self.forge.disconnect()
        self.forge = forge(self.gitlab)
        return self.forge

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
        world = GitLabWorld(gitlab, hosted, forge(gitlab, **changes))
        yield world
        world.forge.disconnect()
