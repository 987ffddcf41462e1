"""What every fake of a Git host has: an address, a script of faults, and the log of what it was asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import ClassVar, Self

from tests.fakes.http_host import Exchange, Faults, HttpHost, Request, Response


class Served(ABC):
    """A fake that runs while its block does; `api` is what stands in the path of each request to its API."""

    api: ClassVar[str] = ""

    def __init__(self) -> None:
        self._http = HttpHost(self._answer)

    @abstractmethod
    def _answer(self, request: Request) -> Response:
        """What the host says."""

    @property
    def url(self) -> str:
        """Where people see it."""
        return self._http.url

    @property
    def faults(self) -> Faults:
        """The script of what goes wrong."""
        return self._http.faults

    @property
    def exchanges(self) -> Sequence[Exchange]:
        """The requests so far with their answers."""
        return self._http.exchanges

    def asked(self, method: str = "", path: str = "") -> Sequence[Request]:
        """The requests to the API so far, of that method, with that regular expression in their path."""
        return [each for each in self._http.asked(method, path) if self.api in each.path]

    def forget_requests(self) -> None:
        """Begin to count anew."""
        self._http.requests.clear()
        self._http.exchanges.clear()

    def __enter__(self) -> Self:
        self._http.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.stop()
