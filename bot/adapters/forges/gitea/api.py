"""Requests to one Gitea or Forgejo: logged in, answers checked and read, failures in our words.

There is no client library to lean on: the one on PyPI reads what nobody asked for, and knows no timeouts.
https://docs.gitea.com/api and https://codeberg.org/api/swagger describe the same API, `/api/v1`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from bot.adapters.forges.paging import Page, pages
from bot.adapters.forges.pool import Pool
from bot.adapters.forges.rest import Manner, private_host, understood
from bot.domain.errors import NotFound, TagboatError

T = TypeVar("T")

LISTED = 50
"""Entries of a page: the most that a server gives where its operator set nothing else."""
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
_GOOD = frozenset({200, 201, 202, 204, 205})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the host answered: `data` is decoded JSON, None where there was none."""

    status: int
    data: Any

    @property
    def message(self) -> str:
        """The host's own words on what went wrong, on one line."""
        said = self.data.get("message") if isinstance(self.data, dict) else None
        return (
            " ".join(said.split())[:300] if isinstance(said, str) and said.strip() else f"HTTP {self.status}"
        )


class GiteaApi:
    """The REST API below `/repos/OWNER/NAME`; safe between threads.

    Raises:
        Refused: the address is no HTTPS address; a token never travels in the clear.
    """

    def __init__(self, url: str, token: str, *, ca_bundle: str | None, timeout_seconds: int) -> None:
        self.host = private_host(url, what="a Gitea or Forgejo", example="https://HOST")
        self._pool = Pool(
            self.host,
            f"{url.rstrip('/')}/api/v1",
            headers={"Authorization": f"token {token}"},
            ca_bundle=ca_bundle,
            timeout_seconds=timeout_seconds,
        )
        self._manner = Manner(
            host=self.host,
            login="the access token",
            rights="it needs the scopes write:repository and write:issue, and to write there",
        )

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    def get(
        self,
        repository: str,
        path: str,
        read: Callable[[Any], T],
        *,
        parameters: Mapping[str, Any] | None = None,
    ) -> T:
        """Ask, and give what `read` makes of the answer; a missing key is `Malformed`."""
        answer = self.attempt("GET", repository, path, parameters=parameters)
        return self.read(repository, self._good(repository, answer), read)

    def send(self, verb: str, repository: str, path: str, body: Mapping[str, Any]) -> Any:
        """Change something, once; the caller looks again when no answer came."""
        return self._good(repository, self.attempt(verb, repository, path, body)).data

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

        A server may give fewer to a page than it is asked for: by its operator's wish, or because it takes
        out what is no part of the list after it counted. So only an empty page is the end.
        """

        def ask(number: int) -> Page[T]:
            asked = {**(query or {}), "limit": LISTED, "page": number}
            items = self.get(repository, path, read, parameters=asked)
            return Page(items, is_last=not items)

        return pages(ask, most=most)

    def account(self) -> str:
        """Whose token it is, by the login."""
        answer = self._asked("GET", "/user")
        if answer.status == 403:
            raise Manner(self.host, "the access token", "give it the scope read:user").failure(
                f"its own account on {self.host}", answer.status, answer.message
            )
        what = "its own account"
        return self.read(what, self._good(what, answer), lambda data: str(data["login"]))

    def attempt(
        self,
        verb: str,
        repository: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        parameters: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Ask or change something and give the answer as it is, refusals too; only reads are asked again."""
        if not _REPOSITORY.fullmatch(repository) or {".", ".."} & set(repository.split("/")):
            raise NotFound(f"{repository[:80]!r} is no repository there", fix="write OWNER/NAME")
        query = f"?{urlencode(parameters)}" if parameters else ""
        return self._asked(verb, f"/repos/{repository}{path}{query}", body)

    def read(self, repository: str, answer: Answer, read: Callable[[Any], T]) -> T:
        """Give what `read` makes of an answer; `Malformed` where it cannot."""
        return understood(answer.data, read, what=f"the answer of {self.host} about {repository}")

    def failure(self, repository: str, answer: Answer) -> TagboatError:
        """What an answer that is no success means."""
        return self._manner.failure(f"{repository} on {self.host}", answer.status, answer.message)

    def _good(self, repository: str, answer: Answer) -> Answer:
        if answer.status in _GOOD:
            return answer
        raise self.failure(repository, answer)

    def _asked(self, verb: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        received = self._pool.send(verb, path, body)
        return Answer(received.status, received.data)
