"""The log as a place where people read: one line per notice. What an installation without a chat has.

A log cannot be searched from here, so a crash at the wrong moment may write one line twice.
"""

from __future__ import annotations

import structlog

from bot.domain.notice import Notice

_log = structlog.get_logger(__name__)


class LogNotifier:
    """The port `Notifier` on structlog: threads are names only, and every notice is one line."""

    def find(self, notice: Notice) -> str | None:
        """The thread's own name: a log has nothing to begin."""
        return notice.thread

    def begin(self, notice: Notice) -> str:
        """The thread's own name; its headline comes with the first line."""
        return notice.thread

    def permalink(self, thread: str) -> None:
        """None: nobody can be led into a log."""
        del thread

    def has_reply(self, thread: str, notice: Notice) -> bool:
        """Always False: nobody can look into a log that is shipped elsewhere."""
        del thread, notice
        return False

    def reply(self, thread: str, notice: Notice) -> None:
        """Write the line."""
        _log.info(
            "notice",
            pipeline=notice.pipeline,
            environment=notice.environment,
            about=notice.event.value,
            text=notice.text,
            headline=notice.headline,
            link=notice.link.url if notice.link else None,
            thread=thread,
        )

    def revise(self, thread: str, notice: Notice) -> None:
        """Nothing: what is written in a log stays, and each line carries the headline of its time."""
        del thread, notice
