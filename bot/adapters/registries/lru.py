"""A bounded memory for what never changes: values addressed by their digest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class BoundedCache(Generic[_Key, _Value]):
    """Keeps the values used last, as long as their weights stay under `capacity` together.

    Safe for threads. Two threads that miss the same key both read it; the values are equal.
    """

    def __init__(self, *, capacity: int) -> None:
        self._capacity = capacity
        self._weight = 0
        self._entries: OrderedDict[_Key, tuple[_Value, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: _Key) -> _Value | None:
        """The value, or None when it was never kept or was dropped since."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key][0]

    def keep(self, key: _Key, value: _Value, *, weight: int = 1) -> None:
        """Remember the value; the ones used longest ago make room."""
        with self._lock:
            _, old = self._entries.pop(key, (None, 0))
            self._entries[key] = (value, weight)
            self._weight += weight - old
            while self._weight > self._capacity:
                _, (_, dropped) = self._entries.popitem(last=False)
                self._weight -= dropped

    def get_or_read(self, key: _Key, read: Callable[[], tuple[_Value, int]]) -> _Value:
        """The kept value, or what `read` gives (a value and its weight), kept from now on."""
        known = self.get(key)
        if known is not None:
            return known
        value, weight = read()
        self.keep(key, value, weight=weight)
        return value
