"""Keys that sign tokens of webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class SigningKeys(Protocol):
    """The public keys that an identity provider signs tokens with; they change over time."""

    def key(self, key_id: str) -> Mapping[str, str] | None:
        """The key of that id as a JSON Web Key, or None when the provider has none of that id.

        Raises:
            Unreachable: the provider does not answer, and nothing is known of its keys from before.
        """
        ...
