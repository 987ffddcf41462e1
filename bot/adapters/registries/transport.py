"""One HTTP exchange with a registry: bounded in time, size and redirects; faults become Tagboat's errors.

Knows nothing of logins but this: a header handed in goes to the registry's own origin and nowhere else.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3
from urllib3 import exceptions as faults

from bot.adapters.registries.hosts import is_loopback_name, pool_manager
from bot.domain.errors import Limited, Malformed, Refused, Unreachable

_HOPS = 3
_USER_AGENT = f"tagboat/{version('tagboat')}"
_CHUNK = 64 * 1024
_LARGEST_ERROR = 64 * 1024
# The read timeout of the pool restarts with every byte; this one does not.
_LONGEST_BODY_SECONDS = 60.0
# How long a thread waits for one of the pool's connections while others use them all.
_LONGEST_QUEUE_SECONDS = 60.0
_LONGEST_RETRY_AFTER = timedelta(days=1)
# Limits are often lifted early, by a login or another address: look at least this often.
_LONGEST_SILENCE = timedelta(minutes=15)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Seconds before the second and the third try; short, as a worker is waiting. Longer faults are the caller's
# to try again, and so are timeouts, which have cost enough. The tries are made here and not by urllib3,
# whose log shows whole URLs, and with them the signatures of storage hosts.
_PAUSES = (0.0, 0.2)
_PASSING_STATUSES = frozenset({502, 503, 504})
_PASSING_FAULTS = (faults.NewConnectionError, faults.ProtocolError)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: `limit` is the largest body in bytes that is taken for an answer."""

    url: str
    limit: int
    method: str = "GET"
    accept: str = "*/*"
    form: Mapping[str, str] | None = field(default=None, repr=False)


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
        self, *, base: str, ca_file: Path | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.base = base
        self.origin = origin(base)
        self._own = pool_manager(loopback=True, ca_file=ca_file)
        self._others = pool_manager(loopback=is_loopback_name(self.origin[1]), ca_file=ca_file)
        self._monotonic = monotonic
        self._limited_until: dict[str, float] = {}

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
        answer = self._send(self._own, request, authorization)
        for _ in range(_HOPS):
            if answer.status not in _REDIRECTS:
                return answer
            answer = self.ask_other(replace(request, url=self._target(answer)))
        if answer.status in _REDIRECTS:
            raise Refused(f"{self.origin[1]} redirects more than {_HOPS} times", fix="check its proxy")
        return answer

    def ask_other(self, request: Request, *, authorization: str | None = None) -> Answer:
        """Send to the host that the request names, be it the registry or a token server; no redirects.

        Raises:
            Unreachable, Limited, Malformed, Refused: as for `ask`.
        """
        pools = self._own if origin(request.url) == self.origin else self._others
        return self._send(pools, request, authorization)

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

    def _send(self, pools: urllib3.PoolManager, request: Request, authorization: str | None) -> Answer:
        host = urlsplit(request.url).netloc
        self._check_limit(host)
        pauses = list(_PAUSES) if request.method in {"GET", "HEAD"} else []
        while True:
            try:
                answer = self._exchange(pools, request, authorization)
            except faults.HTTPError as error:
                if not pauses or not isinstance(error, _PASSING_FAULTS):
                    raise Unreachable(
                        f"{host} cannot be reached", why=_why(error), fix=_fix(error)
                    ) from error
            else:
                if not pauses or answer.status not in _PASSING_STATUSES:
                    self._raise_for_fault(answer, host)
                    return answer
            time.sleep(pauses.pop(0))

    def _check_limit(self, host: str) -> None:
        """Ask nothing before the time that the host named; whoever comes earlier only prolongs the limit."""
        left = self._limited_until.get(host, 0.0) - self._monotonic()
        if left > 0:
            raise _limited(host, timedelta(seconds=left))

    def _raise_for_fault(self, answer: Answer, host: str) -> None:
        wait = _retry_after(answer.headers)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            named = min(wait or timedelta(0), _LONGEST_SILENCE)
            self._limited_until[host] = self._monotonic() + named.total_seconds()
            raise _limited(host, wait)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status == HTTPStatus.REQUEST_TIMEOUT:
            raise Unreachable(f"{host} is out of order", why=f"HTTP {answer.status}", retry_after=wait)

    def _exchange(self, pools: urllib3.PoolManager, request: Request, authorization: str | None) -> Answer:
        headers = {"Accept": request.accept, "Accept-Encoding": "identity", "User-Agent": _USER_AGENT}
        if authorization:
            headers["Authorization"] = authorization
        if request.form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        response = pools.request(
            request.method,
            request.url,
            headers=headers,
            body=urlencode(request.form) if request.form is not None else None,
            redirect=False,
            retries=False,
            preload_content=False,
            pool_timeout=_LONGEST_QUEUE_SECONDS,
        )
        return self._read(response, request)

    def _read(self, response: urllib3.BaseHTTPResponse, request: Request) -> Answer:
        host = urlsplit(request.url).netloc
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
        return Answer(request.url, response.status, urllib3.HTTPHeaderDict(response.headers), kept)


def _limited(host: str, wait: timedelta | None) -> Limited:
    return Limited(
        f"{host} asks to slow down",
        why="too many requests (HTTP 429)",
        fix="a login raises most registries' limits",
        retry_after=wait,
    )


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """`Retry-After` in either form (RFC 9110, section 10.2.3); a date counts from the sender's own clock."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(timedelta(seconds=int(text)), _LONGEST_RETRY_AFTER)
    until = _http_date(text)
    if until is None:
        return None
    now = _http_date(headers.get("Date", "")) or datetime.now(UTC)
    return max(timedelta(0), min(until - now, _LONGEST_RETRY_AFTER))


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _why(error: Exception) -> str:
    return next((words for kind, words in _REASONS if isinstance(error, kind)), type(error).__name__)


# The first that fits counts: urllib3 derives some of these from others.
_REASONS: Sequence[tuple[type[Exception], str]] = (
    (faults.NameResolutionError, "its name does not resolve"),
    (faults.NewConnectionError, "the connection was refused"),
    (faults.ConnectTimeoutError, "no connection within 5 s"),
    (faults.TimeoutError, "no answer within 30 s"),
    (faults.SSLError, "its certificate is not trusted, or it does not speak TLS"),
    (faults.EmptyPoolError, "all connections to it stayed busy"),
    (faults.ProtocolError, "the connection was cut in the middle of an answer"),
)


def _fix(error: Exception) -> str:
    if isinstance(error, faults.SSLError):
        return "give ca_file for a private authority, or plain_http for a registry without TLS"
    return ""
