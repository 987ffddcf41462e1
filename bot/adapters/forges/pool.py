"""HTTP to one Git host through urllib3 alone, where no vendor's client is used: login, patience, bounds."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

from bot.adapters.forges.bounded import bounded, reads_again
from bot.adapters.forges.rest import (
    UNNAMED_WAIT,
    Slowdown,
    decoded,
    named_wait,
    require_unbroken,
    unanswered,
    unread_authority,
    untrusted,
)

_CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Received:
    """What the host answered: `data` is decoded JSON, None where there was none."""

    status: int
    headers: Mapping[str, str]
    data: Any


class Pool:
    """Requests to `host` below `url`, each with `headers`; safe to share between threads.

    Raises:
        Refused: `ca_bundle` cannot be read.
    """

    def __init__(
        self, host: str, url: str, *, headers: Mapping[str, str], ca_bundle: str | None, timeout_seconds: int
    ) -> None:
        self._host = host
        self._url = url
        self._headers = {"Accept": "application/json", "User-Agent": "Tagboat", **headers}
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(total=timeout_seconds),
            ssl_context=_trusting(host, ca_bundle) if ca_bundle else None,
            maxsize=_CONNECTIONS,
        )
        self._slowdown = Slowdown(host)

    def close(self) -> None:
        """Close every connection."""
        self._pool.clear()

    def send(self, verb: str, path: str, body: Mapping[str, Any] | None = None) -> Received:
        """Ask once and give the answer, refusals too; only reads are asked again when the other side fails.

        Raises:
            Unreachable: no answer came, or a fault of the host's own (5xx).
            Limited: the host asked to slow down, now or a moment ago.
            Refused: the answer is larger than Tagboat reads.
        """
        self._slowdown.require_over()
        response, data = self._exchange(verb, path, body)
        require_unbroken(self._host, response.status)
        if response.status == 429:
            raise self._slowdown.begin(named_wait(response.headers) or UNNAMED_WAIT)
        return Received(response.status, response.headers, decoded(data))

    def _exchange(
        self, verb: str, path: str, body: Mapping[str, Any] | None
    ) -> tuple[urllib3.BaseHTTPResponse, bytes]:
        written = {"Content-Type": "application/json"} if body is not None else {}
        try:
            response = self._pool.request(
                verb,
                f"{self._url}{path}",
                body=json.dumps(body).encode() if body is not None else None,
                headers=self._headers | written,
                redirect=False,
                retries=reads_again(),
                preload_content=False,
            )
            return response, bounded(response, self._host)
        except urllib3.exceptions.HTTPError as error:
            reason = getattr(error, "reason", None)  # what lies behind "the retries are used up"
            cause = reason if isinstance(reason, Exception) else error
            if isinstance(cause, urllib3.exceptions.SSLError):
                raise untrusted(self._host) from error
            raise unanswered(self._host, cause) from error


def _trusting(host: str, ca_bundle: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:  # ssl's own errors are such, too
        raise unread_authority(host, error) from error
