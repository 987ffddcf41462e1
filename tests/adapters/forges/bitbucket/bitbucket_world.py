"""What the tests of the Bitbucket forges share: a fake with one repository, and a forge over it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bot.adapters.forges.bitbucket.cloud.forge import BitbucketCloudForge, BitbucketCloudSettings
from bot.adapters.forges.bitbucket.data_center.forge import (
    BitbucketDataCenterForge,
    BitbucketDataCenterSettings,
)
from tests.adapters.forges.host_world import DEV, HostWorld
from tests.fakes.bitbucket_cloud import FakeBitbucketCloud
from tests.fakes.bitbucket_data_center import FakeBitbucketDataCenter
from tests.fakes.bitbucket_state import TOKEN
from tests.fakes.git_host import GitHost

REPOSITORY = "OPS/infra"
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
class World(HostWorld[Forge, Fake]):
    """With a time that is set."""

    folder: Path
    clock: Moment


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
        built = forge(fake, folder, clock, **changes)
        world = World(REPOSITORY, hosted, built, partial(forge, fake, folder, clock), fake, folder, clock)
        yield world
        world.forge.disconnect()
