"""What the two REST APIs of Bitbucket share: answers read, lists by pages, failures in our words."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

from bot.adapters.forges.bitbucket.transport import Answer, Transport
from bot.adapters.forges.rest import Manner, understood
from bot.domain.errors import NotFound, Refused, TagboatError

T = TypeVar("T")
Parameters = Mapping[str, str | int | Sequence[str]]

_REPOSITORY = re.compile(r"~?[A-Za-z0-9_.-]{1,128}/[A-Za-z0-9_.-]{1,128}")
_RENEWAL = "check it and its rights, or give a new one"
_GOOD = frozenset({200, 201, 202, 204})


class BitbucketApi(ABC):
    """Requests about repositories; `scopes` is what a token needs, for people. Safe between threads."""

    def __init__(self, transport: Transport, *, scopes: str) -> None:
        self.host = transport.host
        self._transport = transport
        self._manner = Manner(
            transport.host, "the access token", rights=f"it needs {scopes}", renewal=_RENEWAL
        )

    @abstractmethod
    def of(self, repository: str) -> str:
        """The path of a repository; `NotFound` for what cannot be the name of one."""

    @abstractmethod
    def _next(self, path: str, parameters: Parameters, page: Any) -> tuple[str, Parameters] | None:
        """Where the page after this one is, or None where this is the last."""

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def own(self, address: str) -> str:
        """The path that an address in an answer leads to; `Malformed` where it leads to another host."""
        return self._transport.path_of(address)

    def attempt(
        self,
        verb: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        parameters: Parameters | None = None,
    ) -> Answer:
        """Ask or change something and give the answer as it is, refusals too; only reads are asked again."""
        mark = "&" if "?" in path else "?"
        query = f"{mark}{urlencode(parameters, doseq=True)}" if parameters else ""
        return self._transport.send(verb, f"{path}{query}", body)

    def get(
        self, repository: str, path: str, read: Callable[[Any], T], *, parameters: Parameters | None = None
    ) -> T:
        """Ask below a repository, and give what `read` makes of the answer; a missing key is `Malformed`."""
        answer = self.attempt("GET", f"{self.of(repository)}{path}", parameters=parameters)
        return self.read(repository, self.good(repository, answer), read)

    def send(self, verb: str, repository: str, path: str, body: Mapping[str, Any]) -> Any:
        """Change something below a repository, once; the caller looks again when no answer came."""
        return self.good(repository, self.attempt(verb, f"{self.of(repository)}{path}", body)).data

    def listed(
        self,
        repository: str,
        path: str,
        read: Callable[[Any], T],
        *,
        root: str | None = None,
        parameters: Parameters | None = None,
        most: int,
        until: Callable[[Sequence[T]], bool] = lambda _: False,
    ) -> tuple[list[T], bool]:
        """The entries of a list, and whether these are all; `most` pages are read, or up to the page `until`.

        `path` is below the repository, or below another `root`.
        """
        found: list[T] = []
        whole = f"{self.of(repository) if root is None else root}{path}"
        asked: tuple[str, Parameters] = (whole, parameters or {})
        for _ in range(most):
            answer = self.good(repository, self.attempt("GET", asked[0], parameters=asked[1]))
            part = self.read(repository, answer, lambda data: [read(each) for each in data["values"]])
            found += part
            following = self.read(repository, answer, partial(self._next, *asked))
            if following is None or until(part):
                return found, True
            asked = following
        return found, False

    def good(self, repository: str, answer: Answer) -> Answer:
        """The answer, when it is a success."""
        if answer.status in _GOOD:
            return answer
        raise self.failure(repository, answer)

    def read(self, repository: str, answer: Answer, read: Callable[[Any], T]) -> T:
        """Give what `read` makes of an answer; `Malformed` where it cannot."""
        return understood(answer.data, read, what=f"the answer of {self.host} about {repository}")

    def failure(self, repository: str, answer: Answer) -> TagboatError:
        """What an answer that is no success means."""
        where, why = f"{repository} on {self.host}", answer.message
        if answer.status == 409 and answer.exception and "OutOfDate" not in answer.exception:
            return Refused(f"{self.host} refused a request about {where}", why=why)
        return self._manner.failure(where, answer.status, why)


def parts_of(repository: str) -> tuple[str, str]:
    """Workspace or project, and slug; `NotFound` for what cannot be the name of a repository."""
    owner, _, slug = repository.partition("/")
    if not _REPOSITORY.fullmatch(repository) or {".", "..", "~.", "~.."} & {owner, slug}:
        fix = "write WORKSPACE/SLUG, or PROJECT/SLUG"
        raise NotFound(f"{repository[:80]!r} is no repository there", fix=fix)
    return owner, slug
