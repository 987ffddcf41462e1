"""A chat in memory: for tests and for trying things out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from bot.domain.errors import NotFound
from bot.domain.notice import Notice


@dataclass(slots=True)
class _Thread:
    name: str
    headline: str
    replies: list[Notice] = field(default_factory=list)


class MemoryNotifier:
    """The port `Notifier` in memory; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._threads: dict[str, _Thread] = {}

    def find(self, notice: Notice) -> str | None:
        """The id of the thread that was begun for this notice's thread, or None."""
        with self._lock:
            ids = (key for key, thread in self._threads.items() if thread.name == notice.thread)
            return next(ids, None)

    def begin(self, notice: Notice) -> str:
        """Begin a thread, also where one of that name is there already: a chat does not mind."""
        with self._lock:
            message = f"message-{len(self._threads) + 1}"
            self._threads[message] = _Thread(notice.thread, notice.headline)
            return message

    def permalink(self, thread: str) -> str | None:
        """An address of its own for each thread, as a chat on the web has."""
        with self._lock:
            return f"https://chat.example/{thread}" if thread in self._threads else None

    def has_reply(self, thread: str, notice: Notice) -> bool:
        """Whether the thread shows this very notice."""
        with self._lock:
            return any(reply.key == notice.key for reply in self._at(thread).replies)

    def reply(self, thread: str, notice: Notice) -> None:
        """Add the notice to the thread."""
        with self._lock:
            self._at(thread).replies.append(notice)

    def revise(self, thread: str, notice: Notice) -> None:
        """Change the thread's headline."""
        with self._lock:
            self._at(thread).headline = notice.headline

    def headlines(self) -> Sequence[str]:
        """What the first messages say, in the order in which they were posted."""
        with self._lock:
            return [thread.headline for thread in self._threads.values()]

    def replies(self, thread: str) -> Sequence[Notice]:
        """The notices in the thread of this name (`Notice.thread`), in order."""
        with self._lock:
            found = [one for one in self._threads.values() if one.name == thread]
            return [reply for one in found for reply in one.replies]

    def _at(self, message: str) -> _Thread:
        thread = self._threads.get(message)
        if thread is None:
            raise NotFound(f"there is no message {message}", fix="begin the thread first")
        return thread
