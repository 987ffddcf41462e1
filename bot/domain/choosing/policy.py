"""How tags are to be chosen, as the configuration says it: a strategy, filters, and what holds it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.choosing.extraction import extraction
from bot.domain.choosing.platform import check_platform
from bot.domain.choosing.strategies.calver_format import parse_format
from bot.domain.choosing.strategies.names import LEVELS, Direction, Strategy
from bot.domain.choosing.strategies.reach import Jump
from bot.domain.choosing.tag_filter import artefact_of, tag_filter
from bot.domain.choosing.version import parse_constraint
from bot.domain.errors import sentence
from bot.domain.image import is_tag
from bot.domain.signing.signature import SignaturePolicy

_VALUED = frozenset(Strategy) - {Strategy.NEWEST_BUILD, Strategy.DIGEST}
_READ_BY = {
    "constraint": frozenset({Strategy.SEMVER, Strategy.DIGEST}),
    "format": frozenset({Strategy.CALVER}),
    "order": frozenset({Strategy.ALPHABETICAL, Strategy.NUMERICAL}),
    "extract": _VALUED,
    "max_jump": frozenset({Strategy.SEMVER, Strategy.DOCKER}),
    "match_prerelease": LEVELS - {Strategy.ALL},
    "allow_downgrade": frozenset(Strategy) - LEVELS - {Strategy.DIGEST},
    "pin": frozenset(Strategy) - {Strategy.DIGEST},
}
"""Which strategies read a key; the keys that are not here are read by every strategy."""
_MOST_NAMED = 3
_INSTEAD = {
    "order": "its highest is the best",
    "max_jump": "it suits semver and docker",
    "allow_downgrade": "it never goes back, or has nothing to go back to",
    "pin": "its constraint names the tag",
}


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


class PolicyFault(ValueError):
    """A value of a policy that cannot be meant; `key` is the key that holds it."""

    def __init__(self, key: str, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(sentence(what, why, fix))
        self.key = key


class StrategyFault(PolicyFault):
    """A value that cannot be meant with this strategy; with another it may be right."""


@dataclass(frozen=True, slots=True)
class SelectionPolicy:
    """How the tag of one image is chosen. Validated when built: a bad value raises PolicyFault, with the fix.

    `constraint` is a version constraint for `semver` (empty: every release), and the tag itself for `digest`;
    `format` is the format of `calver`. `allow_tags` and `ignore_tags` are explained at
    `bot.domain.choosing.tag_filter.TagFilter`, `pattern` and `extract` at
    `bot.domain.choosing.extraction.Extraction`. `order` None is ascending. `platforms` must all be offered by
    the image (empty: not looked at). `max_jump` is measured from what runs, `min_age` from the first sight of
    a digest. `verify` says who must have signed.
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
    verify: SignaturePolicy | None = None

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
        _check_keys(self)
        _check_filters(self)
        _check_stops(self)
        _check_strategy(self)


def _check_keys(policy: SelectionPolicy) -> None:
    """Refuse keys that the strategy would not read: whoever writes one means something by it."""
    given = {
        "constraint": policy.constraint,
        "format": policy.format,
        "order": policy.order,
        "extract": policy.extract,
        "max_jump": policy.max_jump,
        "match_prerelease": not policy.match_prerelease,
        "allow_downgrade": policy.allow_downgrade,
        "pin": policy.pin,
    }
    for key, value in given.items():
        if value and policy.strategy not in _READ_BY[key]:
            readers = sorted(_READ_BY[key])
            others = f", or use {' or '.join(readers)}" if len(readers) <= _MOST_NAMED else ""
            fix = f"leave it out{others}"
            raise StrategyFault(
                key, f"{key} means nothing to {policy.strategy}", why=_INSTEAD.get(key, ""), fix=fix
            )


def _check_strategy(policy: SelectionPolicy) -> None:
    if policy.strategy is Strategy.SEMVER and policy.constraint:
        _try("constraint", parse_constraint, policy.constraint, fault=StrategyFault)
    if policy.strategy is Strategy.CALVER:
        _try("format", parse_format, policy.format, fault=StrategyFault)
    if policy.strategy is Strategy.DIGEST and not is_tag(policy.constraint):
        what = f"constraint {policy.constraint[:80]!r} is not a tag"
        fix = "name it, for example constraint: latest"
        raise StrategyFault("constraint", what, why="digest follows one tag", fix=fix)


def _check_filters(policy: SelectionPolicy) -> None:
    _try("allow_tags", tag_filter, policy.allow_tags, ())
    _try("ignore_tags", tag_filter, "", policy.ignore_tags)
    _try("pattern", extraction, policy.pattern, "")
    _try("extract", extraction, policy.pattern, policy.extract)
    for platform in policy.platforms:
        _try("platforms", check_platform, platform)


def _check_stops(policy: SelectionPolicy) -> None:
    if policy.min_age < timedelta(0):
        raise PolicyFault("min_age", "min_age is less than nothing", fix="write for example 3d")
    if policy.pin is None:
        return
    if policy.hold:
        why = "one keeps what runs, the other says what is to run"
        raise PolicyFault("pin", "hold and pin exclude each other", why=why, fix="leave one of them out")
    tag = policy.pin.tag
    if not is_tag(tag) or artefact_of(tag):
        raise PolicyFault(
            "pin", f"{tag[:80]!a} is not the tag of an image", fix="name the tag that is to run"
        )


def _try(
    key: str, check: Callable[..., object], *values: object, fault: type[PolicyFault] = PolicyFault
) -> None:
    """Name the key to which an error belongs."""
    try:
        check(*values)
    except ValueError as error:
        raise fault(key, str(error)) from error
