"""Values used last, bounded by weight: what a commit or a digest names never changes and may be kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Values by key; when their weights exceed `limit`, the longest unused ones go. Safe between threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._weight = 0
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The value, or None when it is not kept."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key][0]

    def put(self, key: K, value: V, *, weight: int = 1) -> None:
        """Keep the value in place of an older one, unless it weighs more than a quarter of the limit."""
        with self._lock:
            _, old = self._entries.pop(key, (None, 0))
            self._weight -= old
            if weight > self._limit // 4:
                return
            self._entries[key] = (value, weight)
            self._weight += weight
            while self._weight > self._limit:
                _, (_, lighter) = self._entries.popitem(last=False)
                self._weight -= lighter

    def get_or_read(self, key: K, read: Callable[[], tuple[V, int]]) -> V:
        """The kept value, or what `read` gives (a value and its weight), kept from now on.

        Two threads that miss the same key both read it; the values are equal.
        """
        known = self.get(key)
        if known is not None:
            return known
        value, weight = read()
        self.put(key, value, weight=weight)
        return value
