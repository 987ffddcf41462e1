"""What was observed of a pipeline at one moment: read afresh by `bot.flow.observe`, never kept.

What is kept between two looks stands in `bot.domain.record`, what people are shown in `bot.domain.status`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.domain.choosing.selection import Choice
from bot.domain.directories.directory import DirectoryView
from bot.domain.errors import TagboatError, Transient, sentence
from bot.domain.image import ImageRef
from bot.domain.notice import Link
from bot.domain.people.consent import Consent
from bot.domain.people.order import Standing
from bot.domain.pipeline import Application, Environment, Pipeline
from bot.domain.pull_request.proposal import PullRequest
from bot.domain.record import Record
from bot.domain.status import EnvironmentStatus


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
    `is_uprooted` says that those stand below our own: the base branch held them when it was written, for a
    branch of ours is one commit on its base, and was rewritten since.
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
    is_uprooted: bool = False
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
