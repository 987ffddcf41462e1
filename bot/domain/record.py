"""What Tagboat remembers of a pipeline: the memory that the store keeps between two reconciles.

Only what cannot be read back from Git, the forge or Argo CD belongs here. It is stored field by field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.domain.image import Release
from bot.domain.people.protection import Rulings
from bot.domain.pull_request.source import Origin

MOST_DEPLOYMENTS = 30
"""Deployments kept per environment: enough to find an older release that soaked while newer ones cook."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The commit that is followed in place of one that is not on the base branch any more, and since when."""

    commit: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Deployment:
    """One release in one environment: when its commit reached the base branch and how it went there.

    `commit` is the commit on the base branch. `live_since` is the first moment at which every
    Application was live with it, `live_until` when another release took its place.
    """

    release: Release
    commit: str
    merged_at: datetime
    live_since: datetime | None = None
    live_until: datetime | None = None
    degraded_since: datetime | None = None
    is_initial: bool = False
    """Found when Tagboat first looked: nobody is told of it."""
    is_committed: bool = False
    """Committed by Tagboat itself, without a pull request."""
    pull_request: int | None = None
    pull_request_url: str = ""
    refreshed: Mapping[str, datetime] = field(default_factory=dict)
    hard_refreshed: Mapping[str, datetime] = field(default_factory=dict)
    tree: str = ""
    """What the directories that others copy held at the commit (`tree_id`); empty where nobody does."""
    copied_at: str = ""
    """The commit at which the environment's own directory was known to be a copy; empty: never."""
    anchor: Anchor | None = None
    """Set where somebody rewrote the base branch, so that Argo CD can never sync `commit`."""

    @property
    def followed(self) -> Anchor:
        """The commit that Argo CD is to sync, and since when it should."""
        return self.anchor or Anchor(self.commit, self.merged_at)

    @property
    def passed_on(self) -> Release:
        """What others take over: the release, with the files that stand beside it."""
        return replace(self.release, tree=self.release.tree or self.tree)


@dataclass(frozen=True, slots=True)
class Gathering:
    """What waits for nothing newer to come: the release's key, and when the first and the last came."""

    key: str
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class EnvironmentRecord:
    """What Tagboat remembers of one environment; `deployments` is oldest first, the last one is current.

    `proposed` is the release of the newest pull request, with the digests that its files may not show.
    `branches` are those of its proposals, the newest last: each release may have one of its own, and another
    configuration may have named them. `opened` are the times at which pull requests were first seen in the
    last hour, up to the number `counted` (None: nobody looked yet). `described` and `commented` name what was
    said beside and below which pull request; `unsaid` is what the host did not take of it.
    """

    deployments: tuple[Deployment, ...] = ()
    proposed: Release | None = None
    branches: tuple[str, ...] = ()
    gathering: Gathering | None = None
    opened: tuple[datetime, ...] = ()
    counted: int | None = None
    described: str = ""
    commented: str = ""
    unsaid: tuple[str, ...] = ()
    rebased: str = ""
    """The order to build the branch anew that was carried out last, by its key."""
    promoted: str = ""
    """The order to go on whose release was seen in an open pull request, by its key."""
    hot_fix: str = ""
    """What people were shown last of changes by hand that a copy would undo; empty: nothing."""

    @property
    def current(self) -> Deployment | None:
        """What the base branch says now, or None before the first look."""
        return self.deployments[-1] if self.deployments else None

    def with_new(self, deployment: Deployment, since: datetime) -> EnvironmentRecord:
        """The memory with a deployment that took the place of all others at that moment."""
        before = tuple(replace(each, live_until=each.live_until or since) for each in self.deployments)
        return replace(self, deployments=(*before, deployment)[-MOST_DEPLOYMENTS:])


@dataclass(frozen=True, slots=True)
class Record:
    """What Tagboat remembers of one pipeline.

    `fault_since` is when the first of those looks was that all met a fault; None after one that met none.
    `origins` are what was read of the source of images that were proposed, the newest last. `rulings` are
    what the checks were seen to say in a repository where other people are looked after.
    """

    environments: Mapping[str, EnvironmentRecord] = field(default_factory=dict)
    fault_since: datetime | None = None
    origins: tuple[Origin, ...] = ()
    rulings: Rulings = field(default_factory=Rulings)

    def environment(self, name: str) -> EnvironmentRecord:
        """The memory of one environment; empty before the first look."""
        return self.environments.get(name, EnvironmentRecord())
