"""One Argo CD's address and token, and bounded GET requests to it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import msgspec
import urllib3

from bot.adapters.tls import system_tls
from bot.domain.errors import Malformed, Refused, Unreachable
from bot.domain.harmless import shown
from bot.domain.loopback import is_loopback

_CONNECT = 5.0
_READ = 20.0
_WHOLE = 60.0
_LARGEST = 32 * 1024 * 1024
_PIECE = 64 * 1024
_CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the body (at most 32 MiB), and two headers."""

    status: int
    body: bytes
    content_type: str = ""
    retry_after: str = ""

    @property
    def error(self) -> Mapping[str, Any]:
        """Argo CD's error object (`error`, `code`, `message`), or an empty one when the body is not that."""
        try:
            value = msgspec.json.decode(self.body[:_PIECE])
        except (msgspec.DecodeError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


class Connection:
    """GET requests to one base URL (root path included) with a bearer token, over verified TLS.

    Plain http is for loopback, or for those who say so (`plain_http`): the token travels in the clear.

    Raises:
        Refused: URL, token or CA bundle cannot be used; the sentence never holds the token.
    """

    def __init__(
        self, url: str, *, token: str, ca_bundle: str | None = None, plain_http: bool = False
    ) -> None:
        self._base = _checked_url(url, plain_http=plain_http)
        self._headers = {"Authorization": f"Bearer {_checked_token(token)}", "Accept": "application/json"}
        self._pool = urllib3.PoolManager(
            num_pools=1, maxsize=_CONNECTIONS, ssl_context=_tls(ca_bundle), retries=False
        )

    def __repr__(self) -> str:
        return f"Connection({self._base!r})"

    @property
    def host(self) -> str:
        """Host and port of the base URL, for sentences."""
        return urlsplit(self._base).netloc

    def get(self, path: str, *, read_timeout: float = _READ, with_body: bool = True) -> Answer:
        """One GET. `read_timeout` is in seconds. Without body only errors are read to their end.

        Raises:
            Unreachable: no connection, no answer in time, or an answer cut short; the cause is urllib3's.
            Refused: the answer is a redirect, which is never followed, because the token would travel.
            Malformed: the answer is larger than 32 MiB.
        """
        deadline = time.monotonic() + _WHOLE
        try:
            response = self._pool.request(
                "GET",
                self._base + path,
                headers=self._headers,
                timeout=urllib3.Timeout(connect=_CONNECT, read=read_timeout),
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            try:
                self._check_redirect(response)
                body = self._read(response, deadline) if with_body or response.status >= 400 else b""
            finally:
                response.close()
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(
                f"Argo CD at {self._base} did not answer", why=_why(error), fix=_fix(error)
            ) from error
        headers = response.headers
        return Answer(
            response.status, body, headers.get("Content-Type", ""), headers.get("Retry-After", "").strip()
        )

    def _check_redirect(self, response: urllib3.BaseHTTPResponse) -> None:
        if not 300 <= response.status < 400:
            return
        raise Refused(
            f"Argo CD at {self._base} redirects to {_goal(self._base, response.headers.get('Location', ''))}",
            why="the token is sent to the configured address only",
            fix="make `url` the final address, with https and the root path where it has them",
        )

    def _read(self, response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
        body = bytearray()
        while piece := response.read1(_PIECE):
            body += piece
            if len(body) > _LARGEST:
                raise Malformed(f"Argo CD at {self._base} answered with more than {_LARGEST >> 20} MiB")
            if time.monotonic() > deadline:
                raise Unreachable(f"Argo CD at {self._base} took more than {_WHOLE:.0f} s to answer")
        return bytes(body)


def _checked_url(url: str, *, plain_http: bool) -> str:
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise Refused("the Argo CD url is not an address", fix="write https://argocd.example.com") from error
    if parts.scheme not in ("http", "https") or not host:
        raise Refused("the Argo CD url is not an address", fix="write https://argocd.example.com")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Refused(
            f"the Argo CD url for {host} has more than scheme, host, port and root path",
            fix="give the token as `token`",
        )
    if parts.scheme == "http" and not plain_http and not is_loopback(host):
        raise Refused(
            f"the Argo CD url for {host} is plain http",
            why="the token would travel in the clear",
            fix="use https, or set `plain_http: true` where the network is trusted",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _goal(base: str, location: str) -> str:
    """Where a redirect leads, without a query, which may hold secrets."""
    try:
        goal = urlsplit(urljoin(base, location))
        return shown(f"{goal.scheme}://{goal.hostname}{goal.path}")
    except ValueError:
        return "an address that cannot be read"


def _checked_token(token: str) -> str:
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise Refused("the Argo CD token is empty or has characters that no token has", fix="give it anew")
    return token


def _tls(ca_bundle: str | None) -> ssl.SSLContext:
    if ca_bundle is None:
        return system_tls()
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:  # ssl.SSLError is one too
        raise Refused(
            f"the CA bundle {ca_bundle} cannot be read",
            why=error.strerror or type(error).__name__,
            fix="give the path of a file with certificates in PEM form",
        ) from error


def _why(error: urllib3.exceptions.HTTPError) -> str:
    match error:  # the narrow ones first: urllib3 derives "no connection" from "not in time"
        case urllib3.exceptions.NameResolutionError():
            return "the host name is not known"
        case urllib3.exceptions.NewConnectionError():
            return "no connection"
        case urllib3.exceptions.ConnectTimeoutError():
            return "no connection in time"
        case urllib3.exceptions.ReadTimeoutError():
            return "no answer in time"
        case urllib3.exceptions.SSLError():
            return shown(f"TLS: {error}")
        case _:
            return f"the answer broke off ({type(error).__name__})"


def _fix(error: urllib3.exceptions.HTTPError) -> str:
    if isinstance(error, urllib3.exceptions.SSLError):
        return "give the path of the right certificates as `ca_bundle`"
    return "looked at again soon"
