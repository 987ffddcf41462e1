"""Webhook deliveries that a Git host remembers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a Git host to deliver a webhook; every try of one event has the same `delivery`."""

    number: int
    delivery: str
    at: datetime
    succeeded: bool


class Redeliveries(Protocol):
    """A Git host that remembers its webhook deliveries for some days, and sends them again when asked."""

    def hooks(self, repository: str) -> Sequence[str]:
        """The webhooks that bring the repository's events here, as names for the other calls.

        Raises:
            Denied, NotFound: the login may not look at webhooks.
        """
        ...

    def attempts(self, hook: str, *, since: datetime) -> Sequence[Attempt]:
        """The tries that were made at `since` or later, newest first; of very many, the newest."""
        ...

    def send_again(self, hook: str, attempt: Attempt) -> None:
        """Ask for one more try; returns without waiting for it."""
        ...
