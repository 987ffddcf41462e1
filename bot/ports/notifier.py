"""Where people are told."""

from __future__ import annotations

from typing import Protocol

from bot.domain.notice import Notice


class Notifier(Protocol):
    """One place where people read, in threads: a chat."""

    def find(self, notice: Notice) -> str | None:
        """The message id of the thread of this notice if it was begun, looked up at the other side."""
        ...

    def begin(self, notice: Notice) -> str:
        """Post the thread's first message (`notice.headline`) and return its id."""
        ...

    def permalink(self, thread: str) -> str | None:
        """The web address of the thread; None where it has none, or is gone."""
        ...

    def has_reply(self, thread: str, notice: Notice) -> bool:
        """Whether the other side already shows this very notice in the thread."""
        ...

    def reply(self, thread: str, notice: Notice) -> None:
        """Add the notice to the thread."""
        ...

    def revise(self, thread: str, notice: Notice) -> None:
        """Change the thread's first message to `notice.headline`."""
        ...
