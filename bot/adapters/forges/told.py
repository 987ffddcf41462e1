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
    """Answers of this thread alone, each given out once while it is fresh."""

    def __init__(self) -> None:
        self._answers: dict[K, tuple[V, float]] = {}

    def put(self, key: K, value: V) -> None:
        """Remember it for the next question."""
        self._answers[key] = (value, time.monotonic())

    def take(self, key: K, ask: Callable[[], V]) -> V:
        """What was told, or what `ask` gives."""
        told = self._answers.pop(key, None)
        if told is not None and time.monotonic() - told[1] < _SAME_LOOK:
            return told[0]
        return ask()

    def forget(self, key: K) -> None:
        """Believe it no more: it was just changed."""
        self._answers.pop(key, None)
