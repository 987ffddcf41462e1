"""One HTTP exchange with a registry: bounded in time, size and redirects; faults become Tagboat's errors.

Knows nothing of logins but this: a header handed in goes to the registry's own origin and nowhere else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http import HTTPStatus
from importlib.metadata import version
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3
from urllib3 import exceptions as faults

from bot.adapters.registries.hosts import is_loopback_name
from bot.adapters.registries.limits import quota_wait, retry_after
from bot.adapters.registries.pools import CONNECT_SECONDS, READ_SECONDS, Network, Pools, send
from bot.adapters.registries.throttle import Throttle
from bot.domain.errors import Limited, Malformed, Refused, Unreachable

_HOPS = 3
_CHUNK = 64 * 1024
_LARGEST_ERROR = 64 * 1024
# The read timeout of the pool restarts with every byte; this one does not.
_LONGEST_BODY_SECONDS = 60.0
# What is kept where a host says that it is too much, but not for how long.
_USUAL_SILENCE = timedelta(seconds=10)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Seconds before the second and the third try; short, as a worker is waiting. Longer faults are the caller's
# to try again, and so are timeouts, which have cost enough. The tries are made here and not by urllib3,
# whose log shows whole URLs, and with them the signatures of storage hosts.
_PAUSES = (0.0, 0.2)
_PASSING_STATUSES = frozenset({502, 503, 504})
_PASSING_FAULTS = (faults.NewConnectionError, faults.ProtocolError)
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": f"tagboat/{version('tagboat')}"}


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: `limit` is the largest body in bytes that is taken for an answer.

    `etag` is that of an answer that is known already: where it still holds, status 304 says so.
    """

    url: str
    limit: int
    method: str = "GET"
    accept: str = "*/*"
    form: Mapping[str, str] | None = field(default=None, repr=False)
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, from `url` (another one than asked for after a redirect)."""

    url: str
    status: int
    headers: urllib3.HTTPHeaderDict
    body: bytes

    @property
    def is_html(self) -> bool:
        """Whether this is a page for humans, as proxies and login walls send it."""
        return self.headers.get("Content-Type", "").lower().startswith(("text/html", "application/xhtml"))


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL.

    Raises:
        ValueError: the URL is no absolute http or https URL, or carries a user.
    """
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    if default is None or not parts.hostname or parts.username is not None:
        raise ValueError("no plain http or https URL")
    return parts.scheme, parts.hostname, parts.port or default


class Transport:
    """Speaks to the registry at `base` (`https://ghcr.io`), and to the hosts that it points to."""

    def __init__(
        self,
        *,
        base: str,
        network: Network | None = None,
        throttle: Throttle | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.base = base
        self.origin = origin(base)
        self._host = urlsplit(base).netloc
        self._root = base[: len(base) - len(urlsplit(base).path)]
        network = network or Network()
        self._own = Pools(network, loopback=True)
        self._others = Pools(network, loopback=is_loopback_name(self.origin[1]))
        self._pool = self._own.pool(self.origin)
        self._throttle = throttle or Throttle(self._host)
        self._monotonic = monotonic

    def close(self) -> None:
        """Close all connections that wait for use."""
        self._own.clear()
        self._others.clear()

    def ask(self, request: Request, *, authorization: str | None = None) -> Answer:
        """Send to the registry itself and follow redirects; `authorization` never travels with those.

        Raises:
            Unreachable, Limited: no usable answer now.
            Malformed: the answer is larger than the request's limit, or is packed.
            Refused: a redirect leads where nothing may be sent.
        """
        self._throttle.take()
        answer = self._send(request, authorization)
        for _ in range(_HOPS):
            if answer.status not in _REDIRECTS:
                return answer
            answer = self._send(replace(request, url=self._target(answer), etag=None), None)
        if answer.status in _REDIRECTS:
            raise Refused(f"{self.origin[1]} redirects more than {_HOPS} times", fix="check its proxy")
        return answer

    def ask_other(self, request: Request, *, authorization: str | None = None) -> Answer:
        """Send to the host that the request names, be it the registry or a token server; no redirects.

        It counts as a request to the registry: without a token there is none.

        Raises:
            Unreachable, Limited, Malformed, Refused: as for `ask`.
        """
        self._throttle.take()
        return self._send(request, authorization)

    def _target(self, answer: Answer) -> str:
        """Where a redirect leads, when it may lead there: https, or http when the registry is http itself."""
        try:
            target = urljoin(answer.url, answer.headers.get("Location", ""))
            scheme, _, _ = origin(target)
        except ValueError as error:
            raise Refused(f"{self.origin[1]} redirects to something that is no URL") from error
        if scheme not in {"https", self.origin[0]}:
            raise Refused(
                f"{self.origin[1]} redirects to {urlsplit(target).hostname} without TLS",
                fix="let the registry's storage answer over https",
            )
        return target

    def _send(self, request: Request, authorization: str | None) -> Answer:
        is_own = request.url.startswith(self._root + "/")
        host = self._host if is_own else urlsplit(request.url).netloc
        pauses = list(_PAUSES) if request.method in {"GET", "HEAD"} else []
        while True:
            try:
                answer = self._read(self._open(request, authorization, is_own=is_own), request, host)
            except faults.HTTPError as error:
                if not pauses or not isinstance(error, _PASSING_FAULTS):
                    raise Unreachable(
                        f"{host} cannot be reached", why=_why(error), fix=_fix(error)
                    ) from error
            else:
                if not pauses or answer.status not in _PASSING_STATUSES or "Retry-After" in answer.headers:
                    self._heed(answer, host)
                    return answer
            time.sleep(pauses.pop(0))

    def _heed(self, answer: Answer, host: str) -> None:
        """Keep the silence that the answer asks for, and raise where it is a fault."""
        status, quota = answer.status, quota_wait(answer.headers)
        if quota is not None:
            self._throttle.pause(quota)
        if status < HTTPStatus.BAD_REQUEST or status in {401, 403, 404}:
            return
        wait = retry_after(answer.headers)
        is_busy = status == HTTPStatus.SERVICE_UNAVAILABLE and wait is not None
        if status == HTTPStatus.TOO_MANY_REQUESTS or is_busy:
            wait = wait if wait is not None else quota or _USUAL_SILENCE
            self._throttle.pause(wait)
            raise Limited(
                f"{host} asks to slow down",
                why=f"too many requests (HTTP {status})",
                fix="a login raises most registries' limits",
                retry_after=wait,
            )
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
            raise Unreachable(f"{host} is out of order", why=f"HTTP {status}", retry_after=wait)

    def _open(self, request: Request, authorization: str | None, *, is_own: bool) -> urllib3.BaseHTTPResponse:
        headers = {**_HEADERS, "Accept": request.accept}
        if authorization:
            headers["Authorization"] = authorization
        if request.etag:
            headers["If-None-Match"] = request.etag
        body = None
        if request.form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(request.form)
        if is_own and self._pool is not None:
            return send(self._pool, request.method, request.url[len(self._root) :], headers, body)
        place = origin(request.url)
        pools = self._own if place == self.origin else self._others
        return pools.open(request.method, request.url, place, headers, body)

    def _read(self, response: urllib3.BaseHTTPResponse, request: Request, host: str) -> Answer:
        is_success = response.status == HTTPStatus.OK
        limit = request.limit if is_success else _LARGEST_ERROR
        body = bytearray()
        deadline = self._monotonic() + _LONGEST_BODY_SECONDS
        try:
            while len(body) <= limit and (chunk := response.read1(_CHUNK, decode_content=False)):
                body += chunk
                if self._monotonic() > deadline:
                    raise Unreachable(
                        f"{host} is too slow", why=f"one answer took over {_LONGEST_BODY_SECONDS:.0f} s"
                    )
        finally:
            # A connection whose answer was read to its end is used again, any other is not.
            if len(body) <= limit and response.closed:
                response.release_conn()
            else:
                response.close()
        if is_success and len(body) > limit:
            raise Malformed(
                f"{host} answers with more than {limit} bytes", why="that is the limit for what was asked"
            )
        if is_success and body and response.headers.get("Content-Encoding", "identity") != "identity":
            raise Malformed(f"{host} answers with a packed body", why="nobody asked for one")
        kept = bytes(body) if len(body) <= limit else b""
        return Answer(request.url, response.status, response.headers, kept)


def _why(error: Exception) -> str:
    return next((words for kind, words in _REASONS if isinstance(error, kind)), type(error).__name__)


# The first that fits counts: urllib3 derives some of these from others.
_REASONS: Sequence[tuple[type[Exception], str]] = (
    (faults.ProxyError, "the proxy before it cannot be reached, or does not let us through"),
    (faults.NameResolutionError, "its name does not resolve"),
    (faults.NewConnectionError, "the connection was refused"),
    (faults.ConnectTimeoutError, f"no connection within {CONNECT_SECONDS:.0f} s"),
    (faults.TimeoutError, f"no answer within {READ_SECONDS:.0f} s"),
    (faults.SSLError, "its certificate is not trusted, or it does not speak TLS"),
    (faults.EmptyPoolError, "all connections to it stayed busy"),
    (faults.ProtocolError, "the connection was cut in the middle of an answer"),
)


def _fix(error: Exception) -> str:
    if isinstance(error, faults.ProxyError):
        return "check the address and the login of the proxy"
    if isinstance(error, faults.SSLError):
        return "give ca_file for a private authority, or plain_http for a registry without TLS"
    return ""
