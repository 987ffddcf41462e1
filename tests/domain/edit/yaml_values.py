"""Values of a YAML file by their key paths, read and replaced in one call."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.edit.keypath import KeyPath
from bot.domain.edit.values import Values


def read_value(content: bytes, path: KeyPath) -> str | None:
    """The text at the path, empty for a null; None when there is no such key."""
    return Values.parse(content).get(path)


def set_values(content: bytes, assignments: Sequence[tuple[KeyPath, str]]) -> bytes:
    """The file with these texts at these paths."""
    return Values.parse(content).replaced(assignments)
