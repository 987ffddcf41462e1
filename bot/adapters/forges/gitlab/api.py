"""Requests about one project on GitLab: answers checked and read, failures in our words."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from bot.adapters.forges.gitlab.transport import Answer, Transport
from bot.adapters.forges.paging import Page, pages
from bot.adapters.forges.rest import Manner, understood
from bot.domain.errors import NotFound, TagboatError

T = TypeVar("T")

LISTED = 100
"""Entries of a page: the most that GitLab gives."""

# https://docs.gitlab.com/user/reserved_names/#rules-for-usernames-project-and-group-names-and-slugs
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}"
_PROJECT = re.compile(rf"{_PART}(?:/{_PART}){{1,21}}|[1-9][0-9]{{0,17}}")
_MANNER = Manner(
    host="GitLab",
    login="the access token",
    rights="it needs the scope api and the role Developer, or the project is archived",
)


class GitLabApi:
    """The REST API below `/projects/:id`. A project is its path with all groups, or its number."""

    def __init__(self, transport: Transport) -> None:
        self.host = transport.host
        self._transport = transport
        self._own = threading.local()

    @property
    def changes(self) -> int:
        """How often this thread tried to change something."""
        return int(getattr(self._own, "changes", 0))

    def get(
        self,
        repository: str,
        path: str,
        read: Callable[[Any], T],
        *,
        parameters: Mapping[str, Any] | None = None,
    ) -> T:
        """Ask, and give what `read` makes of the answer; a missing key is `Malformed`."""
        answer = self.attempt("get", repository, path, parameters=parameters)
        return self.read(repository, self._good(repository, answer), read)

    def send(
        self, verb: str, repository: str, path: str, body: Mapping[str, Any], read: Callable[[Any], T]
    ) -> T:
        """Change something, once; the caller looks again when no answer came."""
        answer = self.attempt(verb, repository, path, body)
        return self.read(repository, self._good(repository, answer), read)

    def attempt(
        self,
        verb: str,
        repository: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        parameters: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Ask or change something and give the answer as it is, refusals too."""
        if not _PROJECT.fullmatch(repository) or repository.endswith((".git", ".atom")):
            raise NotFound(f"{repository[:80]!r} is no project on GitLab", fix="write GROUP/PROJECT")
        url = f"/projects/{quote(repository, safe='')}{path}"
        self._own.changes = self.changes + (verb != "get")
        return self._transport.send(verb, url, parameters=parameters, body=body)

    def pages(
        self,
        repository: str,
        path: str,
        read: Callable[[Any], Sequence[T]],
        *,
        query: Mapping[str, Any] | None = None,
        most: int,
    ) -> Iterator[Page[T]]:
        """The pages of a list, of which `read` makes items, for as long as they are asked for.

        A page may be short and not the last: GitLab takes out what the login may not see after it counted.
        """

        def ask(number: int) -> Page[T]:
            asked = {**(query or {}), "per_page": LISTED, "page": number}
            answer = self._good(repository, self.attempt("get", repository, path, parameters=asked))
            items = self.read(repository, answer, read)
            is_last = len(items) < LISTED if answer.next_page is None else not answer.next_page
            return Page(items, is_last)

        return pages(ask, most=most)

    def account(self, read: Callable[[Any], T]) -> T:
        """Whose token it is."""
        answer = self._transport.send("get", "/user")
        return self.read("its own account", self._good("its own account", answer), read)

    def users(self, name: str, read: Callable[[Any], T]) -> T:
        """The accounts of that name: one, or none."""
        answer = self._transport.send("get", "/users", parameters={"username": name})
        return self.read("an account", self._good("an account", answer), read)

    def read(self, repository: str, answer: Answer, read: Callable[[Any], T]) -> T:
        """Give what `read` makes of an answer; `Malformed` where it cannot."""
        return understood(answer.data, read, what=f"GitLab's answer about {repository}")

    def failure(self, repository: str, answer: Answer) -> TagboatError:
        """What an answer that is no success means."""
        return _MANNER.failure(f"{repository} on {self.host}", answer.status, answer.message)

    def _good(self, repository: str, answer: Answer) -> Answer:
        if answer.status in {200, 201, 202, 204}:
            return answer
        raise self.failure(repository, answer)
