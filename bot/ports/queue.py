"""What wakes workers."""

from __future__ import annotations

from typing import Protocol


class Queue(Protocol):
    """What wakes workers. Losing every message loses nothing: the store knows what is due."""

    def reconcile(self, pipeline: str) -> None:
        """Ask for a reconcile of the pipeline, soon."""
        ...

    def announce(self) -> None:
        """Ask for the outbox to be emptied, soon."""
        ...
