"""Comments below pull requests, each made once: it is looked for before, and again where no answer came."""

from __future__ import annotations

from abc import ABC, abstractmethod

from bot.adapters.forges.rules import comment_mark, marked
from bot.domain.errors import Unreachable


class Comments(ABC):
    """What a host's comments have in common; a subclass says how they are listed and made."""

    def comment(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Comment once: the key, hidden at the end, finds it again."""
        self._say(repository, number, self._fitting(marked(body, key)), comment_mark(key))

    def last_words(self, repository: str, number: int, body: str) -> None:
        """Comment once: the whole text finds it again, as it does in those made before a crash."""
        fitting = self._fitting(body)
        if fitting:
            self._say(repository, number, fitting, fitting)

    @abstractmethod
    def _fitting(self, body: str) -> str:
        """The text as the host takes it."""

    @abstractmethod
    def _post(self, repository: str, number: int, body: str) -> None:
        """Make a comment; `Unreachable` where no answer came, and it may have been made."""

    @abstractmethod
    def _holds(self, repository: str, number: int, mark: str) -> bool:
        """Whether a comment with this text in it is there; `NotFound` where there is no such pull request."""

    def _say(self, repository: str, number: int, body: str, mark: str) -> None:
        if self._holds(repository, number, mark):
            return
        try:
            self._post(repository, number, body)
        except Unreachable:
            if not self._holds(repository, number, mark):
                raise
