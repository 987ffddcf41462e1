"""From what a policy says to the order in which its tags are put."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, assert_never

from bot.domain.choosing.extraction import Extraction, extraction
from bot.domain.choosing.policy import SelectionPolicy
from bot.domain.choosing.strategies.alphabetical import AlphabeticalOrder
from bot.domain.choosing.strategies.build import BuildOrder
from bot.domain.choosing.strategies.calver import CalverOrder
from bot.domain.choosing.strategies.calver_format import CalendarFormat, parse_format
from bot.domain.choosing.strategies.docker import DockerOrder, parse_docker_version
from bot.domain.choosing.strategies.fixed import FixedOrder
from bot.domain.choosing.strategies.level import Level, LevelOrder
from bot.domain.choosing.strategies.names import Direction, Strategy
from bot.domain.choosing.strategies.numerical import NumericalOrder
from bot.domain.choosing.strategies.order import Order, Running
from bot.domain.choosing.strategies.reach import Reach
from bot.domain.choosing.strategies.semver import SemverOrder
from bot.domain.choosing.version import Constraint, parse_constraint, parse_version
from bot.domain.image import ImageRef, is_tag, short_digest

_ANY_RELEASE = "*"


def order_of(
    policy: SelectionPolicy, *, running: Running | None, created: Mapping[str, datetime | None]
) -> Order[Any]:
    """The order in which the policy's strategy puts values; `created` holds build times."""
    is_descending = policy.order is Direction.DESC
    match policy.strategy:
        case Strategy.SEMVER:
            return SemverOrder(_constraint(policy.constraint), _reach(policy, running))
        case Strategy.NEWEST_BUILD:
            return BuildOrder(created)
        case Strategy.DIGEST:
            return FixedOrder(policy.constraint)
        case Strategy.ALPHABETICAL:
            return AlphabeticalOrder(is_descending)
        case Strategy.NUMERICAL:
            return NumericalOrder(is_descending)
        case Strategy.CALVER:
            return CalverOrder(_format(policy.format))
        case Strategy.DOCKER:
            return DockerOrder(running, _reach(policy, running))
        case Strategy.PATCH | Strategy.MINOR | Strategy.MAJOR | Strategy.ALL as level:
            return LevelOrder(Level(level.value), running, policy.match_prerelease)
        case _:
            assert_never(policy.strategy)


def values_of(policy: SelectionPolicy) -> Extraction:
    """What makes the value of a tag."""
    return extraction(policy.pattern, policy.extract)


def running_of(policy: SelectionPolicy, current: ImageRef | None) -> Running | None:
    """What runs, in the strategy's terms; None when nothing does."""
    if current is None or (current.tag is None and current.digest is None):
        return None
    if current.tag is None:
        return Running(short_digest(current.digest), None)
    return Running(current.tag, values_of(policy).value(current.tag) if is_tag(current.tag) else None)


@lru_cache(maxsize=1024)
def _constraint(text: str) -> Constraint:
    return parse_constraint(text or _ANY_RELEASE)


@lru_cache(maxsize=1024)
def _format(text: str) -> CalendarFormat:
    return parse_format(text)


def _reach(policy: SelectionPolicy, running: Running | None) -> Reach | None:
    if policy.max_jump is None or running is None:
        return None
    return Reach(policy.max_jump, running, _numbers(policy.strategy, running.value))


def _numbers(strategy: Strategy, value: str | None) -> tuple[int, ...] | None:
    """The numbers of what runs, None where it is no version."""
    if value is None:
        return None
    if strategy is Strategy.DOCKER:
        docker = parse_docker_version(value)
        return docker.numbers if docker else None
    version = parse_version(value)
    return version[:3] if version else None
