"""HTTP to one GitHub through PyGithub: connections, retries, pace, and the limits that GitHub sets.

Only PyGithub's requester is used, not its objects: those complete themselves by calls that nobody counts,
and show neither ETags nor redirects. What an answer means is said in `api`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary, WeakSet

import github
import requests
from github.Auth import Auth
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

from bot.adapters.forges.bounded import BoundedAdapter
from bot.adapters.forges.rest import (
    LONGEST_WAIT,
    UNNAMED_WAIT,
    Slowdown,
    decoded,
    named_wait,
    own_words,
    private_host,
    require_unbroken,
)
from bot.domain.errors import Limited, Refused, Unreachable

PUBLIC_API = "https://api.github.com"

GRAPHQL = "/graphql"
"""The path that stands for the GraphQL API, which Enterprise Server has beside its REST API."""

# https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
_LIMIT_MESSAGES = ("rate limit exceeded", "secondary rate limit", "abuse detection")
_USER_AGENT = "Tagboat"
_LONGEST_PAUSE = 5.0
"""Seconds that a write may wait for its turn; a longer wait is the caller's, not a thread's."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What GitHub answered: `data` is decoded JSON, None where there was none; `size` is in characters."""

    status: int
    headers: Mapping[str, str]
    data: Any
    size: int = 0

    @property
    def message(self) -> str:
        """GitHub's own words on what went wrong, on one line."""
        data = self.data if isinstance(self.data, dict) else {}
        texts = [data.get("message"), *(_detail(error) for error in _list(data.get("errors")))]
        said = "; ".join(text.strip().rstrip(".") for text in texts if isinstance(text, str) and text.strip())
        return " ".join(said.split())[:300] or f"HTTP {self.status}"


class Transport:
    """Requests to the API at `api_url`; safe to share between threads.

    Raises:
        Refused: the address is no HTTPS address; a token never travels in the clear.
    """

    def __init__(
        self, api_url: str, *, ca_bundle: str | None, timeout_seconds: int, seconds_between_writes: float
    ) -> None:
        self.host = private_host(api_url, what="a GitHub API", example=f"{PUBLIC_API} or https://HOST/api/v3")
        self._who = f"GitHub at {self.host}"
        self._options: dict[str, Any] = {
            "base_url": api_url.rstrip("/"),
            "user_agent": _USER_AGENT,
            "seconds_between_requests": None,
            "seconds_between_writes": None,
            "lazy": True,
        }
        self._connect = partial(_connection, api_url, self._who, ca_bundle or True, timeout_seconds)
        self._own = threading.local()
        self._connections: WeakSet[_Connection] = WeakSet()
        self._lock = threading.Lock()
        self._pause = seconds_between_writes
        self._next_write = 0.0
        self._slowdown = Slowdown(self._who)
        self._graphql_slowdown = Slowdown(f"the GraphQL API of {self._who}")

    def send(
        self,
        auth: Auth,
        verb: str,
        path: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        is_write: bool | None = None,
    ) -> Answer:
        """Ask once; only reads are asked again when the other side fails.

        `is_write` None takes all but GET for a write, which waits for its turn.

        Raises:
            Unreachable: no answer came, or a fault of GitHub's own (5xx).
            Limited: GitHub asked to slow down, now or a moment ago.
            Refused: the answer is larger than Tagboat reads.
        """
        is_change = verb != "GET" if is_write is None else is_write
        if path == GRAPHQL:
            self._graphql_slowdown.require_over()
        self._keep_pace(is_write=is_change)
        self._own.changes = self.changes + is_change
        requester, connection = self._requester(auth)
        url = requester.graphql_url if path == GRAPHQL else path
        with own_words(self._who):
            try:
                status, received, text = requester.requestJson(
                    verb, url, dict(parameters or {}), dict(headers or {}), body, connection
                )
            except RuntimeError as error:  # PyGithub's word for a redirect to another host
                raise Refused(f"{self._who} sends us elsewhere", why=str(error)) from error
        answer = Answer(status, received, decoded(text), len(text))
        require_unbroken(self._who, status)
        if _is_limited(answer):
            if path == GRAPHQL and _is_spent(answer.headers):
                raise self.limited_graphql(answer.headers, why=answer.message)
            raise self._slowdown.begin(_wait(answer.headers))
        return answer

    def limited_graphql(self, headers: Mapping[str, str], *, why: str) -> Limited:
        """Leave the GraphQL API alone for as long as an answer's headers say; gives what says so.

        It has a limit of its own, told by an answer of status 200 too: the REST API may go on meanwhile.
        https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
        """
        return self._graphql_slowdown.begin(_wait(headers), why=why)

    @property
    def changes(self) -> int:
        """How many requests of this thread meant to change something."""
        return int(getattr(self._own, "changes", 0))

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.close()

    def _requester(self, auth: Auth) -> tuple[Requester, _Connection]:
        """This thread's own: neither is made for several. Its connection serves every login."""
        own = self._own
        if not hasattr(own, "connection"):
            own.requesters = WeakKeyDictionary()
            own.connection = self._connect()
            with self._lock:
                self._connections.add(own.connection)
        if auth not in own.requesters:
            own.requesters[auth] = github.Github(auth=auth, **self._options).requester
        return own.requesters[auth], own.connection

    def _keep_pace(self, *, is_write: bool) -> None:
        """GitHub asks for writes one after the other, with a pause: so all threads share one pace."""
        self._slowdown.require_over()
        if not is_write:
            return
        now = time.monotonic()
        with self._lock:
            begin = max(now, self._next_write)
            if begin - now > _LONGEST_PAUSE:
                raise self._slowdown.limited(timedelta(seconds=begin - now))
            self._next_write = begin + self._pause
        time.sleep(max(0.0, begin - time.monotonic()))


_Connection = HTTPRequestsConnectionClass | HTTPSRequestsConnectionClass


def _connection(api_url: str, who: str, verify: str | bool, timeout_seconds: int) -> _Connection:
    """PyGithub's connection to the API, kept from one request to the next; its answers are bounded."""
    parts = urlsplit(api_url)
    kind = HTTPSRequestsConnectionClass if parts.scheme == "https" else HTTPRequestsConnectionClass
    connection = kind(parts.hostname or "", parts.port, timeout=timeout_seconds, verify=verify)
    connection.session.mount(f"{parts.scheme}://", _Adapter(who))
    return connection


class _Adapter(BoundedAdapter):
    """Answers of GitHub; "not ready yet" is none, for PyGithub would wait and ask again without an end."""

    def send(self, request: requests.PreparedRequest, *about: Any, **more: Any) -> requests.Response:
        response = super().send(request, *about, **more)
        if response.status_code == 202 and request.method == "GET":
            raise Unreachable(f"{self.host} has no answer yet", why="HTTP 202")
        return response


def served_at(headers: Mapping[str, str]) -> datetime:
    """GitHub's own time when it answered, so that a wrong clock here does not matter."""
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.now(UTC)


def _is_limited(answer: Answer) -> bool:
    if answer.status not in {403, 429}:
        return False
    is_named = _is_spent(answer.headers) or "retry-after" in answer.headers
    return is_named or answer.status == 429 or any(text in answer.message.lower() for text in _LIMIT_MESSAGES)


def _is_spent(headers: Mapping[str, str]) -> bool:
    return headers.get("x-ratelimit-remaining") == "0"


def _wait(headers: Mapping[str, str]) -> timedelta:
    named, reset = named_wait(headers), headers.get("x-ratelimit-reset", "")
    if named is None and _is_spent(headers) and reset.isdecimal():
        left = timedelta(seconds=int(reset[:12]) - served_at(headers).timestamp() + 1)
        return min(max(left, timedelta(seconds=1)), LONGEST_WAIT)
    return named or UNNAMED_WAIT


def _list(value: Any) -> list[Any]:
    return value[:5] if isinstance(value, list) else []


def _detail(error: Any) -> str | None:
    if isinstance(error, dict):
        text = error.get("message") or " ".join(str(error.get(key, "")) for key in ("field", "code"))
        return str(text)
    return error if isinstance(error, str) else None
