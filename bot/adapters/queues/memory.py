"""The queue's memory twin: a list that a test, or a loop in the same process, takes messages from."""

from __future__ import annotations

from collections import deque


class MemoryQueue:
    """Port `Queue` kept in memory; `pipelines` holds what was asked for, oldest first."""

    def __init__(self) -> None:
        self.pipelines: deque[str] = deque()
        self.announcements = 0

    def reconcile(self, pipeline: str) -> None:
        """Remember the pipeline."""
        self.pipelines.append(pipeline)

    def announce(self) -> None:
        """Count the request."""
        self.announcements += 1
