"""Keys in memory: the twin of an identity provider."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.errors import Unreachable


class MemoryKeys:
    """The given keys by id; without any it is out of reach."""

    def __init__(self, keys: Mapping[str, Mapping[str, str]]) -> None:
        self._keys = keys

    def key(self, key_id: str) -> Mapping[str, str] | None:
        """See `bot.ports.SigningKeys`."""
        if not self._keys:
            raise Unreachable("the identity provider does not answer")
        return self._keys.get(key_id)
