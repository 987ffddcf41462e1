"""Threads: where people are told of the releases that pull requests propose.

Only what is about to be written, or lacks its link still, is looked up: first in the store, which knows what
was begun, and then at the chat, which is asked once for each thread. A chat that does not answer keeps no
proposal waiting: it is left alone for a while, and a later look puts the link in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from weakref import WeakKeyDictionary

import structlog

from bot.domain.deciding.action import Action, Propose
from bot.domain.errors import TagboatError
from bot.domain.notice import Link
from bot.domain.pull_request.thread import MOST_THREADS, threads_wanted
from bot.domain.snapshot import Snapshot
from bot.flow.world import World
from bot.ports import Notifier

_SILENCE = timedelta(minutes=5)
_log = structlog.get_logger(__name__)


class _Silent:
    """The notifiers that did not answer of late. Safe between threads."""

    def __init__(self) -> None:
        self._until: WeakKeyDictionary[Notifier, datetime] = WeakKeyDictionary()
        self._lock = Lock()

    def has(self, notifier: Notifier, now: datetime) -> bool:
        with self._lock:
            return now < self._until.get(notifier, now)

    def add(self, notifier: Notifier, now: datetime) -> None:
        with self._lock:
            self._until[notifier] = now + _SILENCE


_silent = _Silent()


def with_threads(world: World, snapshot: Snapshot, actions: Iterable[Action]) -> Snapshot:
    """The snapshot with the threads to which texts of pull requests should lead.

    The very same snapshot where none is known that was not.

    Raises:
        TagboatError: the store cannot be read.
    """
    wanted = [name for name in _wanted(snapshot, actions) if name not in snapshot.threads]
    known = {name: links for name in wanted[:MOST_THREADS] if (links := _links(world, name))}
    return replace(snapshot, threads={**snapshot.threads, **known}) if known else snapshot


def _wanted(snapshot: Snapshot, actions: Iterable[Action]) -> Iterator[str]:
    """The threads of what is about to be written, then those whose links open pull requests lack."""
    proposed = [name for each in actions if isinstance(each, Propose) for name in each.threads]
    pulls = [view.open_pull_request for view in snapshot.environments.values()]
    lacking = [name for pull in pulls if pull for name in threads_wanted(pull.body)]
    yield from dict.fromkeys([*proposed, *lacking])


def _links(world: World, thread: str) -> Sequence[Link]:
    begun = world.store.threads(thread)
    found = (_link(world, name, message) for name, message in sorted(begun.items()))
    return tuple(each for each in found if each)


def _link(world: World, name: str, message: str) -> Link | None:
    notifier, now = world.notifiers.get(name), world.clock.now()
    if notifier is None or _silent.has(notifier, now):
        return None
    try:
        address = notifier.permalink(message)
    except TagboatError as error:
        _log.info("thread_unread", notifier=name, reason=str(error))
        _silent.add(notifier, now)
        return None
    return Link(name, address) if address else None
