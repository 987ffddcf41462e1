"""What a thread was told a moment ago: it serves the next question of the same look, once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_SAME_LOOK = 2.0
"""Seconds for which an answer serves one more question; whoever acts on it is held to what it says."""


class Told(threading.local, Generic[K, V]):
    """Answers of this thread alone, each given out once while it is fresh.

    `changes` counts what this thread changed: what it was told before the last change is not believed.
    """

    def __init__(self, changes: Callable[[], int] = lambda: 0) -> None:
        self._changes = changes
        self._answers: dict[K, tuple[V, float, int]] = {}

    def put(self, key: K, value: V) -> None:
        """Remember it for the next question."""
        self._answers = {other: told for other, told in self._answers.items() if self._is_fresh(told)}
        self._answers[key] = (value, time.monotonic(), self._changes())

    def take(self, key: K, ask: Callable[[], V]) -> V:
        """What was told, or what `ask` gives."""
        told = self._answers.pop(key, None)
        return told[0] if told is not None and self._is_fresh(told) else ask()

    def see(self, key: K) -> V | None:
        """What was told, which stays told; None where nothing was."""
        told = self._answers.get(key)
        return told[0] if told is not None and self._is_fresh(told) else None

    def clear(self) -> None:
        """Believe nothing more: another look begins."""
        self._answers.clear()

    def _is_fresh(self, told: tuple[V, float, int]) -> bool:
        return time.monotonic() - told[1] < _SAME_LOOK and told[2] == self._changes()

    def forget(self, key: K) -> None:
        """Believe it no more: it was just changed."""
        self._answers.pop(key, None)
