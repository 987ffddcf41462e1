"""Work that arrives together is done together: while one transaction is written, the next one fills up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from copy import copy
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

from bot.domain.errors import Transient, Unreachable

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")

_MOST = 100
"""Items of one group: a transaction must stay short."""

_TURN_SECONDS = 20.0
"""How long a caller waits for its turn: longer than a transaction waits for its locks."""


def _taken() -> Lock:
    lock = Lock()
    lock.acquire()
    return lock


@dataclass(slots=True, eq=False)
class _Call(Generic[_Item, _Answer]):
    """One caller's item and what comes of it; `woken` is free once the caller may go on."""

    item: _Item
    future: Future[_Answer] = field(default_factory=Future)
    woken: Lock = field(default_factory=_taken)
    leads: bool = False
    has_left: bool = False


class Group(Generic[_Item, _Answer]):
    """Callers that wait for each other; `work` takes many items and gives an answer for each.

    One caller at a time leads: it does the work of all that wait by then, in the order in which they came,
    and passes the lead to the first that came meanwhile. Every caller leaves with an answer of its own, after
    its work was done, and an item that is at fault fails alone.
    """

    def __init__(self, work: Callable[[Sequence[_Item]], Sequence[_Answer]]) -> None:
        self._work = work
        self._lock = Lock()
        self._waiting: list[_Call[_Item, _Answer]] = []
        self._is_led = False

    def do(self, item: _Item) -> _Answer:
        """Have the work done on the item.

        Raises:
            Unreachable: it was not this caller's turn for long. Anything else is what the work raised.
        """
        mine: _Call[_Item, _Answer] = _Call(item)
        with self._lock:
            self._waiting.append(mine)
            mine.leads, self._is_led = not self._is_led, True
        if not mine.leads and not mine.woken.acquire(timeout=_TURN_SECONDS):
            self._give_up(mine)
        if mine.leads:
            self._lead()
        return mine.future.result()

    def _lead(self) -> None:
        with self._lock:
            group, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
        try:
            self._do(group)
        finally:
            self._pass_on(group)

    def _pass_on(self, group: Sequence[_Call[_Item, _Answer]]) -> None:
        """Wake the callers of the group, and one to lead the next; the leader was the first of its group."""
        with self._lock:
            # Where the leader was stopped in its work, others do it.
            self._waiting[:0] = [each for each in group[1:] if not (each.future.done() or each.has_left)]
            self._is_led = bool(self._waiting)
            for following in self._waiting[:1]:
                following.leads = True
                following.woken.release()
        for each in group[1:]:
            if each.future.done():
                each.woken.release()

    def _give_up(self, mine: _Call[_Item, _Answer]) -> None:
        """Wait no longer, unless the lead or the answer came just now."""
        with self._lock:
            if mine.leads or mine.future.done():
                return
            mine.has_left = True
            if mine in self._waiting:
                self._waiting.remove(mine)
        raise Unreachable("the store is busy", why="others wrote to it all the time")

    def _do(self, group: Sequence[_Call[_Item, _Answer]]) -> None:
        try:
            answers = self._work([each.item for each in group])
        except Transient as error:
            for each in group:
                each.future.set_exception(_like(error))
        except Exception as error:  # noqa: BLE001 - whatever it was, its caller hears it
            self._do_alone(group, error)
        else:
            for each, answer in zip(group, answers, strict=True):
                each.future.set_result(answer)

    def _do_alone(self, group: Sequence[_Call[_Item, _Answer]], error: Exception) -> None:
        """One of them is at fault: each is done by itself, so that only this one fails."""
        if len(group) == 1:
            group[0].future.set_exception(error)
            return
        for each in group:
            self._do([each])


def _like(error: Transient) -> Transient:
    """The same error for another thread: raising one object in two would mix their tracebacks."""
    same = copy(error)
    same.__cause__ = error
    return same
