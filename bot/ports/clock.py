"""The time."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time, so that nobody else has to ask for it."""

    def now(self) -> datetime:
        """Now, in UTC, with its zone."""
        ...
