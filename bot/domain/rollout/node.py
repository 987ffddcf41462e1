"""JSON from outside, read field by field into typed values: what has another type is noted, never guessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

_Value = TypeVar("_Value")

_MOST_UNREADABLE = 5


class Node:
    """A JSON object on the way down; an absent field, a null and one of another type have their empty value.

    The paths of the first few fields of another type are noted in `unreadable`, which all nodes below share.
    """

    def __init__(self, value: object, path: str, unreadable: list[str]) -> None:
        self.is_there = isinstance(value, Mapping)
        self.fields: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        self._path = path
        self._unreadable = unreadable
        if value is not None and not self.is_there:
            self._note(path or "the object")

    def has(self, key: str) -> bool:
        """Whether the field holds something."""
        return self.fields.get(key) is not None

    def node(self, key: str) -> Node:
        """The object in the field."""
        return Node(self.fields.get(key), self._at(key), self._unreadable)

    def items(self, key: str) -> list[Any]:
        """The list in the field."""
        return self._typed(key, list, [])

    def nodes(self, key: str) -> Iterator[Node]:
        """The objects of the list in the field."""
        for index, item in enumerate(self.items(key)):
            yield Node({} if item is None else item, f"{self._at(key)}[{index}]", self._unreadable)

    def text(self, key: str) -> str:
        """The text in the field."""
        return self._typed(key, str, "")

    def word(self, key: str, known: frozenset[str]) -> str:
        """The text in the field, which is noted where it is none of those known."""
        word = self.text(key)
        if word not in known:
            self._note(self._at(key))
        return word

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts of the list in the field."""
        items = self.items(key)
        if not all(isinstance(item, str) for item in items):
            self._note(self._at(key))
        return tuple(item if isinstance(item, str) else "" for item in items)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """The truth value in the field."""
        return self._typed(key, bool, default)

    def number(self, key: str) -> int:
        """The whole number in the field."""
        return self._typed(key, int, 0)

    def time(self, key: str) -> datetime | None:
        """The moment in the field, in UTC; None where it is none, or has no zone."""
        text = self.text(key)
        moment = _moment(text)
        if text and moment is None:
            self._note(self._at(key))
        return moment

    def _typed(self, key: str, kind: type[_Value], empty: _Value) -> _Value:
        value = self.fields.get(key)
        if isinstance(value, kind):
            return value
        if value is not None:
            self._note(self._at(key))
        return empty

    def _at(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def _note(self, path: str) -> None:
        if path not in self._unreadable and len(self._unreadable) < _MOST_UNREADABLE:
            self._unreadable.append(path)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
