"""How a tag is chosen among those that a registry lists, and why every other one was not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.image import ImageRef


class Strategy(StrEnum):
    """What "newest" means. The values are the names in the configuration; `latest` and `name` are aliases."""

    SEMVER = "semver"
    NEWEST_BUILD = "newest-build"
    DIGEST = "digest"
    ALPHABETICAL = "alphabetical"


@dataclass(frozen=True, slots=True)
class TagDetails:
    """What a registry says of one tag: digest (of the index for several platforms), created time, labels.

    `platforms` are the platforms that the image offers (`linux/amd64`, `linux/arm/v7`).
    """

    digest: str
    created: datetime | None = None
    platforms: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A tag whose details could not be read now: the choice waits, and no older tag wins."""

    reason: str


@dataclass(frozen=True, slots=True)
class SelectionPolicy:
    """How the tag of one image is chosen. Validated when built: a bad value raises ValueError with the fix."""

    strategy: Strategy = Strategy.SEMVER
    constraint: str = ""
    allow_tags: str = ""
    ignore_tags: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    allow_downgrade: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """One tag and why it was, or was not, chosen."""

    tag: str
    is_chosen: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The tag to run (None: none), why, and a verdict for every tag that was looked at, best first.

    `is_waiting` says that the answer is "not yet" (something could not be read), not "none".
    """

    tag: str | None
    reason: str
    verdicts: tuple[Verdict, ...] = ()
    is_waiting: bool = False
    details: TagDetails | None = None


@dataclass(frozen=True, slots=True)
class NeedsDetails:
    """The choice cannot be made before these tags' details are read."""

    tags: tuple[str, ...]


def choose(
    policy: SelectionPolicy,
    tags: Sequence[str],
    *,
    details: Mapping[str, TagDetails | Unreadable],
    current: ImageRef | None,
) -> Choice | NeedsDetails:
    """Choose the tag to run. `current` is what runs: nothing older than it is chosen unless asked."""
    raise NotImplementedError
