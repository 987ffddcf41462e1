"""What people are shown of a pipeline, in `tagboat status`, on the page and through the API alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


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
    those that share its pull request; `opened` are the times of `EnvironmentRecord`, and of what was about to
    be opened.
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
    """One pipeline as people are shown it; `problem` is what keeps Tagboat from looking at all.

    `untold` is what keeps people from being told of it in their chat.
    """

    name: str
    repository: str
    environments: tuple[EnvironmentStatus, ...]
    problem: str = ""
    looked_at: datetime | None = None
    untold: str = ""
