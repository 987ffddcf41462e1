"""Requests about one repository on GitHub: logged in, answers checked and read, failures in our words.

Whatever can change is asked for with the ETag that was seen last: GitHub then answers 304, which does not
count against the rate limit (https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api).
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from bot.adapters.forges.github.login import Credential
from bot.adapters.forges.github.transport import Answer, Transport
from bot.adapters.forges.paging import Page, pages
from bot.adapters.forges.rest import Manner, understood
from bot.domain.errors import NotFound, Refused, TagboatError

T = TypeVar("T")

LISTED = 100
"""Entries of a page: the most that GitHub gives."""

_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
_REMEMBERED = 512
_LARGEST_REMEMBERED = 1_000_000


class GitHubApi:
    """The REST API below `/repos/OWNER/NAME`. Safe between threads; repositories are paths (`acme/infra`)."""

    def __init__(self, transport: Transport, credential: Credential) -> None:
        self.is_app = credential.is_app
        self._transport = transport
        self._credential = credential
        self._latest: OrderedDict[tuple[str, str, str], tuple[str, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(
        self,
        repository: str,
        path: str,
        read: Callable[[Any], T],
        *,
        parameters: Mapping[str, Any] | None = None,
    ) -> T:
        """Ask for what never changes and give what `read` makes of it; a missing key is `Malformed`."""
        answer = self._send("GET", repository, path, parameters=parameters)
        return self.read(repository, answer, read)

    def look(
        self,
        repository: str,
        path: str,
        read: Callable[[Any], T],
        *,
        parameters: Mapping[str, Any] | None = None,
    ) -> T:
        """Ask for what may have changed since the last time, without paying when it did not."""
        # One address serves readers of different things: each has what it made of the answer itself.
        key = (repository, f"{path}?{sorted((parameters or {}).items())}", read.__qualname__)
        with self._lock:
            etag, known = self._latest.get(key, ("", None))
        headers = {"If-None-Match": etag} if etag else {}
        answer = self._send("GET", repository, path, parameters=parameters, headers=headers)
        if answer.status == 304:
            return known  # type: ignore[no-any-return]  # what the same `read` made of the same answer
        value = self.read(repository, answer, read)
        self._remember(key, answer, value)
        return value

    def pages(
        self,
        repository: str,
        path: str,
        read: Callable[[Any], Sequence[T]],
        *,
        query: Mapping[str, Any] | None = None,
        most: int,
    ) -> Iterator[Page[T]]:
        """The pages of a list, of which `read` makes items; a page that did not change costs nothing."""

        def ask(number: int) -> Page[T]:
            asked = {**(query or {}), "per_page": LISTED, "page": number}
            items = self.look(repository, path, read, parameters=asked)
            return Page(items, is_last=len(items) < LISTED)

        return pages(ask, most=most)

    def page(
        self, repository: str, path: str, *, parameters: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Answer:
        """Ask for one page of a list and give the answer with its headers; what is no success is raised."""
        return self._send("GET", repository, path, parameters=parameters, headers=headers)

    def send(
        self, verb: str, repository: str, path: str, body: Mapping[str, Any], read: Callable[[Any], T]
    ) -> T:
        """Change something, once; the caller looks again when no answer came."""
        return self.read(repository, self._send(verb, repository, path, body=body), read)

    def attempt(self, verb: str, repository: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Change something and give the answer as it is, refusals too; a bad login is raised."""
        answer = self._ask(verb, repository, path, body=body)
        if answer.status in {401, 403}:
            raise self.failure(repository, answer)
        return answer

    def read(self, repository: str, answer: Answer, read: Callable[[Any], T]) -> T:
        """Give what `read` makes of an answer; `Malformed` where it cannot."""
        return understood(answer.data, read, what=f"GitHub's answer about {repository}")

    def failure(self, repository: str, answer: Answer) -> TagboatError:
        """What an answer that is no success means."""
        where, why = f"{repository} on {self._transport.host}", answer.message
        if answer.status == 403 and "archived" in why.lower():
            return Refused(f"GitHub refused a request about {where}", why=why)
        return _manner(self._credential).failure(where, answer.status, why)

    def _send(
        self,
        verb: str,
        repository: str,
        path: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        answer = self._ask(verb, repository, path, parameters=parameters, headers=headers, body=body)
        if answer.status in {200, 201, 204, 304}:
            return answer
        raise self.failure(repository, answer)

    def _ask(self, verb: str, repository: str, path: str, **details: Any) -> Answer:
        if not _REPOSITORY.fullmatch(repository) or {".", ".."} & set(repository.split("/")):
            raise NotFound(f"{repository[:80]!r} is no repository on GitHub", fix="write OWNER/NAME")
        url = f"/repos/{repository}{path}"
        answer = self._transport.send(self._credential.auth(repository), verb, url, **details)
        if answer.status == 401 and self._credential.renew(repository):
            return self._transport.send(self._credential.auth(repository), verb, url, **details)
        return answer

    def _remember(self, key: tuple[str, str, str], answer: Answer, value: Any) -> None:
        etag = answer.headers.get("etag", "")
        with self._lock:
            self._latest.pop(key, None)
            if etag and answer.size <= _LARGEST_REMEMBERED:
                self._latest[key] = (etag, value)
            while len(self._latest) > _REMEMBERED:
                self._latest.popitem(last=False)


def _manner(credential: Credential) -> Manner:
    rights = "it needs contents and pull requests, read and write, for this repository"
    return Manner(host="GitHub", login=credential.name, rights=rights)
