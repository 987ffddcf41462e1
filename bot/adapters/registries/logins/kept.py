"""What is given for a while: kept, renewed shortly before it ends, and asked for by one thread at a time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

import structlog

from bot.domain.errors import TagboatError

_log = structlog.get_logger(__name__)

_Value = TypeVar("_Value")
# Renewed when a tenth of its life is left, or five minutes, up to twice as early, so that processes which
# started together do not ask together.
_MARGIN = 0.1
_LONGEST_MARGIN = 300.0
# Seconds between two questions, be the answer an error or a login that the registry refuses.
_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Issued(Generic[_Value]):
    """Something and the seconds for which it is good, counted from when it was asked for."""

    value: _Value = field(repr=False)
    life: float


@dataclass(frozen=True, slots=True)
class _Held(Generic[_Value]):
    value: _Value = field(repr=False)
    asked_at: float
    renew_at: float
    until: float


@dataclass(frozen=True, slots=True)
class _Failure:
    error: TagboatError
    at: float


class Kept(Generic[_Value]):
    """Holds what `issue` gives; safe for threads: while one renews it, others go on with what is good."""

    def __init__(
        self,
        issue: Callable[[], Issued[_Value]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self._issue = issue
        self._monotonic = monotonic
        self._spread = spread
        self._lock = Lock()
        self._held: _Held[_Value] | None = None
        self._failure: _Failure | None = None

    def value(self) -> _Value:
        """What is good now.

        Raises:
            TagboatError: as `issue` does, when nothing is good any more. It is asked again after half a
                minute at the earliest; until then the same error is the answer.
        """
        held, now = self._held, self._monotonic()
        if held and now < held.renew_at:
            return held.value
        if held and now < held.until:
            if not self._lock.acquire(blocking=False):
                return held.value
        else:
            self._lock.acquire()
        try:
            return self._renewed()
        finally:
            self._lock.release()

    def other_than(self, is_refused: Callable[[_Value], bool]) -> _Value:
        """What is good now, asked for anew when what is held was refused, at most every half a minute.

        Raises:
            TagboatError: as for `value`.
        """
        with self._lock:
            held = self._held
            if held and is_refused(held.value) and self._monotonic() >= held.asked_at + _PAUSE:
                self._held = None
            return self._renewed()

    def _renewed(self) -> _Value:
        held, now = self._held, self._monotonic()
        if held and now < held.renew_at:
            return held.value
        if self._failure is None or now >= self._failure.at + _PAUSE:
            return self._ask(held, now)
        if held and now < held.until:
            return held.value
        raise self._failure.error.with_traceback(None)

    def _ask(self, held: _Held[_Value] | None, now: float) -> _Value:
        try:
            issued = self._issue()
        except TagboatError as error:
            self._failure = _Failure(error, now)
            if held and now < held.until:
                _log.warning("login_not_renewed", error=str(error))
                return held.value
            raise
        self._failure = None
        margin = min(issued.life * _MARGIN, _LONGEST_MARGIN) * (1 + self._spread())
        self._held = _Held(issued.value, now, now + issued.life - margin, now + issued.life)
        return issued.value
