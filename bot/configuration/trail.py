"""Where a value stands: the keys and indices that lead to it, and the nodes that it was read from."""

from __future__ import annotations

from dataclasses import dataclass

from bot.configuration.source import Source, shown_key
from bot.domain.edit.keypath import Index, Key, KeyPath
from bot.domain.edit.stream import Kind

Trail = tuple[str | int, ...]
"""Keys and list indices from the root of the configuration; the root itself is the empty one."""


@dataclass(frozen=True, slots=True)
class Place:
    """The nodes of a key and of its value in one file; for an element of a list both are the element."""

    source: Source
    key: int
    value: int

    @property
    def resolved(self) -> int:
        """The node of the value itself, where the value is an alias."""
        return self.source.stream.resolve(self.value)

    @property
    def kind(self) -> Kind:
        """What the value is: a mapping, a list or a scalar."""
        return self.source.stream.nodes[self.resolved].kind


def key_path(trail: Trail) -> str:
    """The trail as a key path that is safe to show, such as `registries."ghcr.io".password`."""
    steps = tuple(Index(each) if isinstance(each, int) else Key(shown_key(each)) for each in trail)
    return str(KeyPath(steps)) if steps else ""
