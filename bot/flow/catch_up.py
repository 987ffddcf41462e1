"""Catch up: webhook deliveries that failed while Tagboat was away are asked for again.

GitHub tries once and never again by itself, but remembers for three days. Nothing depends on this, since
every pipeline is looked at from time to time: it makes the wait after an outage shorter.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.domain.errors import Denied, Permanent, Transient
from bot.flow.world import World
from bot.ports import Attempt, Redeliveries

log = structlog.get_logger(__name__)

KEPT = timedelta(days=3)
"""How long GitHub remembers a delivery and repeats it."""

_IN_FLIGHT = timedelta(minutes=2)
"""A try so recent may be followed by another that was asked for a moment ago."""

_MOST_AGAIN = 3
"""A delivery that failed so often again is one that we refuse, not one that was lost."""

_MOST_AT_ONCE = 50
"""Asked for in one go: each is a write, which GitHub wants to come one after the other."""

_HOOKS_KNOWN = timedelta(hours=1)
"""How long the list of webhooks is good; also how long one that we may not see is left alone."""


@dataclass
class _Failed:
    """One delivery without a success yet: its tries by number, and how often we asked for another."""

    tries: dict[int, Attempt] = field(default_factory=dict)
    asked: int = 0

    @property
    def latest(self) -> Attempt:
        return max(self.tries.values(), key=_age)

    @property
    def repeats(self) -> int:
        """How often it was tried again, by whoever asked for it."""
        return max(self.asked, len(self.tries) - 1)


@dataclass
class _Seen:
    """How far the list of one webhook was read, and what failed in it."""

    since: datetime
    failed: dict[str, _Failed] = field(default_factory=dict)

    def take(self, attempts: Sequence[Attempt], *, oldest: datetime) -> None:
        """Learn tries, in any order; those before `oldest` are past help."""
        for attempt in attempts:
            self.failed.setdefault(attempt.delivery, _Failed()).tries[attempt.number] = attempt
        settled = {attempt.delivery for attempt in attempts if attempt.succeeded}
        self.failed = {
            delivery: failed
            for delivery, failed in self.failed.items()
            if delivery not in settled and failed.latest.at >= oldest
        }
        self.since = max([self.since, *(attempt.at for attempt in attempts)])

    def lost(self, now: datetime) -> Sequence[_Failed]:
        """What should be asked for again now, the oldest first."""
        ripe = [
            failed
            for failed in self.failed.values()
            if failed.repeats < _MOST_AGAIN and now - failed.latest.at >= _IN_FLIGHT
        ]
        return sorted(ripe, key=lambda failed: _age(failed.latest))[:_MOST_AT_ONCE]


def _age(attempt: Attempt) -> tuple[datetime, int]:
    """What orders tries, those of one second too."""
    return attempt.at, attempt.number


class Memory:
    """What one process knows of the deliveries so far; without it, all that the host keeps is read again."""

    def __init__(self) -> None:
        self.busy = threading.Lock()
        self._seen: dict[tuple[str, str], _Seen] = {}
        self._hooks: dict[tuple[str, str], tuple[Sequence[str], datetime]] = {}
        self._refused: set[tuple[str, str]] = set()

    def seen(self, forge: str, hook: str, *, oldest: datetime) -> _Seen:
        """What is known of a webhook's list."""
        found = self._seen.setdefault((forge, hook), _Seen(oldest))
        found.since = max(found.since, oldest)
        return found

    def hooks(self, forge: str, repository: str, now: datetime) -> Sequence[str] | None:
        """The webhooks of a repository, None when they must be looked up."""
        known, until = self._hooks.get((forge, repository), ((), now))
        return known if now < until else None

    def keep_hooks(self, forge: str, repository: str, hooks: Sequence[str], now: datetime) -> None:
        """Remember the webhooks of a repository for a while."""
        self._hooks[forge, repository] = (hooks, now + _HOOKS_KNOWN)

    def is_news(self, forge: str, repository: str) -> bool:
        """Whether nobody was told yet that this repository's webhooks cannot be looked at."""
        is_new = (forge, repository) not in self._refused
        self._refused.add((forge, repository))
        return is_new


def catch_up(world: World, memory: Memory) -> int:
    """Ask for every lost delivery of every forge once more; return how many were asked for.

    Does nothing while the same memory is at work in another thread.
    """
    if not memory.busy.acquire(blocking=False):
        return 0
    try:
        return sum(_of_forge(world, name, memory) for name in world.redeliveries)
    finally:
        memory.busy.release()


def _of_forge(world: World, forge: str, memory: Memory) -> int:
    pipelines = world.pipelines.values()
    repositories = {each.repository.path for each in pipelines if each.repository.forge == forge}
    look = _Look(forge, world.redeliveries[forge], memory, world.clock.now())
    asked = 0
    try:
        for repository in sorted(repositories):
            asked += look.at(repository)
    except Transient as error:
        log.warning("catch_up_put_off", forge=forge, reason=str(error))
    return asked


@dataclass
class _Look:
    """One look at the webhooks of one forge; an App's one webhook serves all its repositories."""

    forge: str
    host: Redeliveries
    memory: Memory
    now: datetime
    done: set[str] = field(default_factory=set)

    def at(self, repository: str) -> int:
        """Ask for what a repository's webhooks lost; nothing, told once, where we may not look at them."""
        try:
            return sum(self._of_hook(hook) for hook in self._hooks(repository) if self._is_new(hook))
        except Permanent as error:
            self.memory.keep_hooks(self.forge, repository, (), self.now)
            if self.memory.is_news(self.forge, repository):
                log.info("catch_up_not_possible", forge=self.forge, repository=repository, reason=str(error))
            return 0

    def _hooks(self, repository: str) -> Sequence[str]:
        hooks = self.memory.hooks(self.forge, repository, self.now)
        if hooks is None:
            hooks = self.host.hooks(repository)
            self.memory.keep_hooks(self.forge, repository, hooks, self.now)
        return hooks

    def _is_new(self, hook: str) -> bool:
        is_new = hook not in self.done
        self.done.add(hook)
        return is_new

    def _of_hook(self, hook: str) -> int:
        oldest = self.now - KEPT
        seen = self.memory.seen(self.forge, hook, oldest=oldest)
        seen.take(self.host.attempts(hook, since=seen.since), oldest=oldest)
        lost = seen.lost(self.now)
        for failed in lost:
            failed.asked += 1
            self._send_again(hook, failed.latest)
        if lost:
            log.info("deliveries_asked_for_again", hook=hook, count=len(lost))
        return len(lost)

    def _send_again(self, hook: str, attempt: Attempt) -> None:
        try:
            self.host.send_again(hook, attempt)
        except Denied:
            raise
        except Permanent as error:  # one delivery that cannot be repeated must not keep back the others
            log.info("delivery_not_repeated", hook=hook, delivery=attempt.delivery, reason=str(error))
