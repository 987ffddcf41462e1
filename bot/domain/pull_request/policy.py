"""What the configuration says of an environment's pull requests: their words, their company, their number."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from bot.domain.pull_request.proposal import Metadata
from bot.domain.pull_request.templates import Template
from bot.domain.window import Window

_LONGEST_WAIT = 5


class CommitStyle(StrEnum):
    """How commits and pull requests are titled."""

    PLAIN = "plain"
    """`homepage prod: web 1.2.0 → 1.3.0`"""
    CONVENTIONAL = "conventional"
    """`chore(prod): homepage web 1.2.0 → 1.3.0`: https://www.conventionalcommits.org/en/v1.0.0/"""


@dataclass(frozen=True, slots=True)
class CommitPolicy:
    """How commits are written; `type` is the first word of a conventional one."""

    style: CommitStyle = CommitStyle.PLAIN
    type: str = "chore"
    sign_off: bool = False


@dataclass(frozen=True, slots=True)
class Texts:
    """Templates that take the place of Tagboat's own words; `labels` give the names of labels."""

    branch: Template | None = None
    title: Template | None = None
    message: Template | None = None
    body: Template | None = None
    labels: tuple[Template, ...] = ()


@dataclass(frozen=True, slots=True)
class Pace:
    """How often pull requests may come and change; None is without a limit.

    `most_open` and `per_hour` count Tagboat's own in the repository. `debounce` is how long nothing newer
    must have come before one is opened; `longest_wait` ends that, however much comes.
    """

    most_open: int | None = None
    per_hour: int | None = None
    windows: tuple[Window, ...] = ()
    debounce: timedelta = timedelta(0)
    longest_wait: timedelta | None = None

    @property
    def patience(self) -> timedelta:
        """The longest time to gather for: five times the debounce unless it is said."""
        return self.longest_wait if self.longest_wait is not None else _LONGEST_WAIT * self.debounce


@dataclass(frozen=True, slots=True)
class PullRequestPolicy:
    """All of it. The labels of `metadata` are those that `texts.labels` give.

    `notes` says that the text tells what changed in the source of the images, `commands` that it tells what
    may be commanded in comments: those are listened to.
    """

    texts: Texts = field(default_factory=Texts)
    metadata: Metadata = field(default_factory=Metadata)
    commit: CommitPolicy = field(default_factory=CommitPolicy)
    pace: Pace = field(default_factory=Pace)
    notes: bool = True
    commands: bool = False
