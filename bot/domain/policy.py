"""How tags are to be chosen, as the configuration says it: a strategy with its constraint and filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from typing import Any

from bot.domain.errors import sentence
from bot.domain.image import is_tag
from bot.domain.platform import check_platform
from bot.domain.ranking import Order, alphabetical_order, build_order, fixed_tag, semver_order
from bot.domain.tag_filter import tag_filter
from bot.domain.version import Constraint, parse_constraint

_ANY_RELEASE = "*"


class Strategy(StrEnum):
    """What "newest" means. The values are the names in the configuration; `latest` and `name` are aliases."""

    SEMVER = "semver"
    NEWEST_BUILD = "newest-build"
    DIGEST = "digest"
    ALPHABETICAL = "alphabetical"

    @classmethod
    def parse(cls, text: str) -> Strategy:
        """The strategy of that name, or of its alias in argocd-image-updater (`latest`, `name`).

        Raises:
            ValueError: there is none; the message names the closest one.
        """
        name = text.strip().lower()
        names = {**{member.value: member for member in cls}, **_ALIASES}
        if name in names:
            return names[name]
        close = get_close_matches(name, names, n=1)
        fix = f"did you mean {close[0]}?" if close else f"use one of {', '.join(cls)}"
        raise ValueError(sentence(f"{text!r} is not a strategy", fix=fix))


_ALIASES = {"latest": Strategy.NEWEST_BUILD, "name": Strategy.ALPHABETICAL}


class Direction(StrEnum):
    """Which end of an order is the best: `asc` the greatest, `desc` the smallest (Flux's words)."""

    ASC = "asc"
    DESC = "desc"


class Jump(StrEnum):
    """The greatest part of a version that may differ from what runs."""

    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"


class MovedTags(StrEnum):
    """Whether a tag that was pushed again, so that it names another digest, is a new release."""

    IGNORE = "ignore"
    FOLLOW = "follow"


@dataclass(frozen=True, slots=True)
class Hold:
    """What runs stays. `until` None: until the hold is taken out of the configuration."""

    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pin:
    """This tag is to run, whatever the strategy says, also when it is older. `until` as for a hold."""

    tag: str
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SelectionPolicy:
    """How the tag of one image is chosen. Validated when built: a bad value raises ValueError with the fix.

    `constraint` is a version constraint for `semver` (empty: every release), and the tag itself for `digest`;
    the other strategies ignore it, as argocd-image-updater does. `allow_tags` and `ignore_tags` are explained
    at `bot.domain.tag_filter.TagFilter`. `platforms` must all be offered by the image (empty: not looked at).
    """

    strategy: Strategy = Strategy.SEMVER
    constraint: str = ""
    allow_tags: str = ""
    ignore_tags: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    allow_downgrade: bool = False
    pattern: str = ""
    extract: str = ""
    order: Direction | None = None
    format: str = ""
    match_prerelease: bool = True
    max_jump: Jump | None = None
    min_age: timedelta = timedelta(0)
    moved_tags: MovedTags = MovedTags.IGNORE
    hold: Hold | None = None
    pin: Pin | None = None
    verify: object | None = None

    @property
    def reads_contents(self) -> bool:
        """Whether manifests and configs must be read: platforms are asked for, or build times."""
        return bool(self.platforms) or self.strategy is Strategy.NEWEST_BUILD

    @property
    def reads_digest(self) -> bool:
        """Whether a tag must be asked for its digest before it is chosen; `details` then needs no more."""
        asks = self.min_age or self.strategy is Strategy.DIGEST or self.verify is not None
        return bool(asks) or self.reads_contents

    @property
    def follows_moves(self) -> bool:
        """Whether a tag that was pushed again is a new release."""
        return self.moved_tags is MovedTags.FOLLOW or self.strategy is Strategy.DIGEST

    def __post_init__(self) -> None:
        if self.strategy is Strategy.SEMVER:
            _constraint(self.constraint)
        if self.strategy is Strategy.DIGEST and not is_tag(self.constraint):
            what = f"constraint {self.constraint[:80]!r} is not a tag"
            raise ValueError(
                sentence(what, "digest follows one tag", "name it, for example constraint: latest")
            )
        tag_filter(self.allow_tags, self.ignore_tags)
        for platform in self.platforms:
            check_platform(platform)


@lru_cache(maxsize=1024)
def _constraint(text: str) -> Constraint:
    return parse_constraint(text or _ANY_RELEASE)


def order_of(policy: SelectionPolicy, *, created: Mapping[str, datetime | None]) -> Order[Any]:
    """The order in which the policy's strategy puts tags; `created` holds the build times that are known."""
    match policy.strategy:
        case Strategy.SEMVER:
            return semver_order(_constraint(policy.constraint))
        case Strategy.NEWEST_BUILD:
            return build_order(created)
        case Strategy.DIGEST:
            return fixed_tag(policy.constraint)
        case Strategy.ALPHABETICAL:
            return alphabetical_order()
