"""What was observed of a pipeline at one moment, what Tagboat remembers of it, and what people are shown.

`Snapshot` is read afresh by `bot.flow.observe`; `Record` is the memory that the store keeps between two
reconciles (all that cannot be read back from Git, forge or Argo CD); `Board` values are what `tagboat
status`, the page and the API show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.domain.choosing.selection import Choice
from bot.domain.directories.directory import DirectoryView
from bot.domain.errors import TagboatError, Transient, sentence
from bot.domain.image import ImageRef, Release
from bot.domain.notice import Link
from bot.domain.people.consent import Consent
from bot.domain.people.order import Standing
from bot.domain.pipeline import Application, Environment, Pipeline
from bot.domain.pull_request.proposal import PullRequest
from bot.domain.pull_request.source import Origin


@dataclass(frozen=True, slots=True)
class Problem:
    """Something could not be read or understood: what, why, and the next step. Never taken for "empty".

    `is_transient` says that trying again may help, so that nobody needs to act yet; `retry_after` is the
    least time to wait, where the other side named one.
    """

    what: str
    why: str = ""
    fix: str = ""
    is_transient: bool = False
    retry_after: timedelta | None = None

    @classmethod
    def of(cls, error: TagboatError) -> Problem:
        """The error as a value."""
        if not isinstance(error, Transient):
            return cls(error.what, error.why, error.fix)
        return cls(error.what, error.why, error.fix, is_transient=True, retry_after=error.retry_after)

    def __str__(self) -> str:
        return sentence(self.what, self.why, self.fix)


MOST_DEPLOYMENTS = 30
"""Deployments kept per environment: enough to find an older release that soaked while newer ones cook."""


class Relation(StrEnum):
    """How a commit that we wait for stands to a revision that Argo CD reports."""

    CONTAINED = "contained"
    """The revision is the commit, or has it as an ancestor."""
    BEHIND = "behind"
    """The revision is an ancestor of the commit: not there yet."""
    DIVERGED = "diverged"
    """Neither contains the other."""
    UNKNOWN = "unknown"
    """The forge does not know one of them."""


@dataclass(frozen=True, slots=True)
class SyncWindowState:
    """Argo CD's answer to "may this Application sync now" (`/syncwindows`); `reason` names the window."""

    can_sync: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ApplicationView:
    """One Application as Argo CD showed it.

    `object` is the whole Application (None: absent); `relations` answers, for each revision that it
    names, how the commit that we follow stands to it.
    """

    application: Application
    object: Mapping[str, Any] | None
    relations: Mapping[str, Relation] = field(default_factory=dict)
    sync_window: SyncWindowState | None = None
    overwritten_at: str | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Fellow:
    """Another environment of the same group, and what people were shown of it last (None: nothing yet).

    `upstream` is what they were shown of the environments before it. `is_held` is what was told since, too.
    """

    pipeline: Pipeline
    environment: Environment
    shown: EnvironmentStatus | None = None
    upstream: tuple[EnvironmentStatus, ...] = ()
    is_held: bool = False

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.environment.name} of {self.pipeline.name}"

    @property
    def place(self) -> tuple[str, str]:
        """The names of its pipeline and environment."""
        return self.pipeline.name, self.environment.name


@dataclass(frozen=True, slots=True)
class EnvironmentView:
    """What Git and the forge say of one environment: files at the base commit, and its pull requests.

    A file that is not there is None. `pull_requests` holds every one that was ever opened from the
    environment's `branch`, newest first; `proposed_files` are the files at the branch's head, which is
    `branch_head` (None: no such branch). `foreign_commit` names a commit on our branch that is not ours.
    `consent` is what reviewers, checks and the host say of the open pull request; None where none of it
    matters.
    `directory` is what was read to copy one (None: not now).
    `older` are open pull requests from branches of earlier releases that nobody else committed to.
    In a group the files are those of all `fellows` too.
    """

    files: Mapping[str, bytes | None]
    pull_requests: tuple[PullRequest, ...] = ()
    branch_head: str | None = None
    proposed_files: Mapping[str, bytes | None] = field(default_factory=dict)
    foreign_commit: str | None = None
    consent: Consent | Problem | None = None
    applications: tuple[ApplicationView, ...] = ()
    problem: Problem | None = None
    branch: str = ""
    older: tuple[PullRequest, ...] = ()
    directory: DirectoryView | None = None
    fellows: tuple[Fellow, ...] = ()

    @property
    def open_pull_request(self) -> PullRequest | None:
        """The open pull request, or None."""
        return next((pull for pull in self.pull_requests if pull.state == "open"), None)


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
    `branches` are those of its releases where each has one of its own, the newest last. `opened` are the
    times at which pull requests were opened in the last hour. `described` and `commented` name what was
    said beside and below which pull request; `unsaid` is what the host did not take of it.
    """

    deployments: tuple[Deployment, ...] = ()
    proposed: Release | None = None
    branches: tuple[str, ...] = ()
    gathering: Gathering | None = None
    opened: tuple[datetime, ...] = ()
    described: str = ""
    commented: str = ""
    unsaid: tuple[str, ...] = ()
    rebased: str = ""
    """The order to build the branch anew that was carried out last, by its key."""
    promoted: str = ""
    """The order to go on whose release was seen in an open pull request, by its key."""

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
    `origins` are what was read of the source of images that were proposed, the newest last.
    """

    environments: Mapping[str, EnvironmentRecord] = field(default_factory=dict)
    fault_since: datetime | None = None
    origins: tuple[Origin, ...] = ()

    def environment(self, name: str) -> EnvironmentRecord:
        """The memory of one environment; empty before the first look."""
        return self.environments.get(name, EnvironmentRecord())


@dataclass(frozen=True, slots=True)
class BaseBranch:
    """The branch that Argo CD follows, and the commit that it pointed to at the moment of looking."""

    name: str
    head: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class ImageChoice:
    """What the policy chose for one alias, and the digest that the chosen tag named at that moment.

    `note` is what people should know beside it. `is_reading` says that the next look goes on reading.
    """

    choice: Choice
    digest: str | None = None
    note: str = ""
    is_reading: bool = False


@dataclass(frozen=True, slots=True)
class Traffic:
    """Tagboat's pull requests in the repository, of all pipelines: how many are open, and when opened."""

    open: int = 0
    opened: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a decision rests on, read at one moment.

    `choices` holds, for each environment that comes after none, per
    alias what the policy chose or why it could not choose. `tag_digests` holds the digest that the
    registry names now for tags that are about to be promoted to a place that keeps no digest.
    """

    pipeline: Pipeline
    branch: BaseBranch
    choices: Mapping[str, Mapping[str, ImageChoice | Problem]]
    environments: Mapping[str, EnvironmentView]
    record: Record
    tag_digests: Mapping[ImageRef, str | Problem] = field(default_factory=dict)
    traffic: Traffic = field(default_factory=Traffic)
    standings: Mapping[str, Standing] = field(default_factory=dict)
    """What people told, by environment; those of which nobody told anything are left out."""
    threads: Mapping[str, Sequence[Link]] = field(default_factory=dict)
    """Where threads of releases are, by their names; those that were not looked up are left out."""


class State(StrEnum):
    """The one word that stands for an environment, on the board and in `tagboat status`."""

    LIVE = "live"
    """The wanted release runs, synced and healthy."""
    ROLLING_OUT = "rolling out"
    """Merged; Argo CD has not reported it synced and healthy yet."""
    PROPOSED = "proposed"
    """A pull request is open and waits for someone to merge it, or for a gate."""
    WAITING = "waiting"
    """A newer release exists, but something must happen first: an upstream environment, soak, a window."""
    DECLINED = "declined"
    """A human closed the pull request of this very release: not proposed again."""
    DEGRADED = "degraded"
    """Argo CD reports the release as failed or unhealthy."""
    BLOCKED = "blocked"
    """Something must be put right by a human first; the reason says what."""
    UNKNOWN = "unknown"
    """Not looked at yet, or the truth could not be read."""


@dataclass(frozen=True, slots=True)
class PullRequestSummary:
    """The open pull request as the board shows it."""

    number: int
    title: str
    url: str
    head: str
    mergeable_here: bool = False
    """Whether the board offers the merge (plain `git` forge: Tagboat itself keeps the pull request)."""


@dataclass(frozen=True, slots=True)
class ApplicationStatus:
    """One Application as the board shows it: the verdict's word and its sentence, and its page in Argo CD."""

    name: str
    verdict: str
    reason: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """One environment as people are shown it.

    `running` is what Git says at the base branch (alias → version), `next` what should come. `group` names
    those that share its pull request; `opened` are the times of `EnvironmentRecord`.
    """

    name: str
    state: State
    reason: str
    after: tuple[str, ...] = ()
    running: Mapping[str, str] = field(default_factory=dict)
    next: Mapping[str, str] = field(default_factory=dict)
    pull_request: PullRequestSummary | None = None
    applications: tuple[ApplicationStatus, ...] = ()
    live_since: datetime | None = None
    wake_at: datetime | None = None
    group: str = ""
    opened: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class PipelineStatus:
    """One pipeline as people are shown it; `problem` is what keeps Tagboat from looking at all."""

    name: str
    repository: str
    environments: tuple[EnvironmentStatus, ...]
    problem: str = ""
    looked_at: datetime | None = None
