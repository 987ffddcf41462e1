"""Consent: what people, checks and the host itself say of merging a pull request, as a forge tells it.

Values only; `bot.domain.deciding.merging` judges by them whether Tagboat may merge.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Opinion(StrEnum):
    """What a reviewer said last, of what counts; comments change nothing."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes requested"


@dataclass(frozen=True, slots=True)
class Review:
    """The last opinion of one reviewer that the host still lets stand: a dismissed one is not told.

    `commit` is the head at which it was given; None where the host does not say it, and keeps or drops an
    approval by a rule of its own when new commits come.
    """

    by: str
    opinion: Opinion
    commit: str | None = None
    is_human: bool = True
    may_write: bool = True
    is_author: bool = False


class CheckState(StrEnum):
    """Where a check stands; one that was skipped, or is neutral, has succeeded as it does for hosts."""

    SUCCEEDED = "succeeded"
    RUNNING = "still runs"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a commit, by the name that people see: a check run, a job, or a commit status."""

    name: str
    state: CheckState


@dataclass(frozen=True, slots=True)
class Arming:
    """Whether the host was asked to merge by itself, and what became of it.

    `waits` says what the host waits for, empty while it was not asked. `refusal` says that it was asked for
    this very head, and that the host or a human took that back.
    """

    waits: str = ""
    refusal: str = ""

    @property
    def is_armed(self) -> bool:
        """Whether the host merges as soon as it may."""
        return bool(self.waits)


@dataclass(frozen=True, slots=True)
class Consent:
    """All that was asked about one open pull request at its head; what nobody needs to know stays empty."""

    reviews: tuple[Review, ...] = ()
    checks: tuple[Check, ...] = ()
    arming: Arming = Arming()
