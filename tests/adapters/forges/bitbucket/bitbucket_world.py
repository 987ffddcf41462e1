"""What the tests of the Bitbucket forges share: a fake with one repository, and a forge over it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.adapters.forges.bitbucket.cloud.forge import BitbucketCloudForge, BitbucketCloudSettings
from bot.adapters.forges.bitbucket.data_center.forge import (
    BitbucketDataCenterForge,
    BitbucketDataCenterSettings,
)
from bot.domain.errors import Transient
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.proposal import Proposal, PullRequest, marker
from tests.fakes.bitbucket_cloud import FakeBitbucketCloud
from tests.fakes.bitbucket_data_center import FakeBitbucketDataCenter
from tests.fakes.bitbucket_state import TOKEN
from tests.fakes.git_host import GitHost, HostedRepository

REPOSITORY = "OPS/infra"
DEV = "envs/dev/values.yaml"
BRANCH = "tagboat/homepage/dev"
PROPOSAL = Proposal(
    branch=BRANCH,
    files=((DEV, b"tag: 2.0.0\n"),),
    message="homepage: 1.0.0 → 2.0.0 in dev",
    title="homepage 2.0.0 in dev",
    body=f"Moves homepage.\n\n{marker('0123456789ab')}",
)
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)

Fake = FakeBitbucketCloud | FakeBitbucketDataCenter
Forge = BitbucketCloudForge | BitbucketDataCenterForge


@dataclass
class Moment:
    """Port `Clock`: always the same; `then` happens when a commit is about to be made."""

    then: Callable[[], object] = field(default=lambda: None)

    def now(self) -> datetime:
        """The time, after what happens meanwhile."""
        then, self.then = self.then, lambda: None
        then()
        return NOW


@dataclass
class World:
    """A fake, its repository, and the forge."""

    fake: Fake
    hosted: HostedRepository
    folder: Path
    clock: Moment
    forge: Forge

    def write(self, proposal: Proposal = PROPOSAL) -> str:
        """Write onto the branch as it stands, from `main` as it stands."""
        expected = self.hosted.git.branch(proposal.branch)
        base = self.hosted.git.branch("main") or ""
        return self.forge.write(REPOSITORY, proposal, base=base, expected=expected)

    def open(self, proposal: Proposal = PROPOSAL) -> PullRequest:
        """Write and open."""
        self.write(proposal)
        return self.forge.open(REPOSITORY, proposal, base_branch="main")

    def merge(self, pull: PullRequest, method: MergeMethod | None = None) -> str:
        """Merge at the head that was seen."""
        return self.forge.merge(
            REPOSITORY, pull.number, expected_head=pull.head, message="Merge it", method=method
        )

    def again(self, **changes: Any) -> Forge:
        """A forge that remembers nothing, as after a crash."""
        self.forge.disconnect()
        self.forge = forge(self.fake, self.folder, self.clock, **changes)
        return self.forge

    def until_done(self, step: Callable[[], object]) -> None:
        """Do the step, and again from nothing after each transient failure, as the flow does."""
        for _ in range(4):
            try:
                step()
            except Transient:
                self.again()
            else:
                return
        raise AssertionError("it never ended")


def forge(fake: Fake, folder: Path, clock: Moment, **changes: Any) -> Forge:
    """A forge over the fake, by an access token that is nobody's own."""
    if isinstance(fake, FakeBitbucketCloud):
        cloud = BitbucketCloudSettings(TOKEN, api_url=fake.api_url, web_url=fake.url)
        return BitbucketCloudForge(replace(cloud, **changes), folder / "cache", clock=clock)
    server = BitbucketDataCenterSettings(fake.url, TOKEN)
    return BitbucketDataCenterForge(replace(server, **changes), folder / "cache", clock=clock)


@contextmanager
def bitbucket_world(folder: Path, kind: type[Fake], **changes: Any) -> Iterator[World]:
    """Begin with one file on `main`; a second goes by whenever the host looks at its clock."""
    start, seconds = datetime(2026, 1, 1, tzinfo=UTC), itertools.count()
    host = GitHost(folder / "bitbucket", clock=lambda: start + timedelta(seconds=next(seconds)))
    with kind(folder, host=host) as fake:
        hosted = fake.host.create(REPOSITORY, {DEV: b"tag: 1.0.0\n"})
        clock = Moment()
        world = World(fake, hosted, folder, clock, forge(fake, folder, clock, **changes))
        yield world
        world.forge.disconnect()
