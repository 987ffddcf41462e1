"""Requests to one Gitea or Forgejo: logged in, answers checked and read, failures in our words.

There is no client library to lean on: the one on PyPI reads what nobody asked for, and knows no timeouts.
https://docs.gitea.com/api and https://codeberg.org/api/swagger describe the same API, `/api/v1`.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import urllib3

from bot.domain.errors import (
    Conflict,
    Denied,
    Limited,
    Malformed,
    NotFound,
    Refused,
    TagboatError,
    Unreachable,
)

T = TypeVar("T")

LISTED = 50
"""Entries of a page: the most that a server gives where its operator set nothing else."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
_LARGEST_ANSWER = 16 * 1024 * 1024
_UNNAMED_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=1)


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
        self.host = _checked_host(url)
        self._url = f"{url.rstrip('/')}/api/v1"
        self._headers = {
            "Authorization": f"token {token}",
            "Accept": "application/json",
            "User-Agent": "Tagboat",
        }
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(total=timeout_seconds),
            ssl_context=_trusting(self.host, ca_bundle) if ca_bundle else None,
            maxsize=8,
        )
        self._limited_until = 0.0
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close every connection."""
        self._pool.clear()

    def get(
        self,
        repository: str,
        path: str,
        read: Callable[[Any], T],
        *,
        parameters: Mapping[str, Any] | None = None,
    ) -> T:
        """Ask, and give what `read` makes of the answer; a missing key is `Malformed`."""
        return self.read(
            repository,
            self._good(repository, self.attempt("GET", repository, path, parameters=parameters)),
            read,
        )

    def send(self, verb: str, repository: str, path: str, body: Mapping[str, Any]) -> Any:
        """Change something, once; the caller looks again when no answer came."""
        return self._good(repository, self.attempt(verb, repository, path, body)).data

    def pages(
        self, repository: str, path: str, *, parameters: Mapping[str, Any] | None = None, most: int
    ) -> tuple[Sequence[Any], bool]:
        """The entries of a list, page after page, and whether these are all; `most` pages are read."""
        found: list[Any] = []
        for page in range(1, most + 1):
            query = {**(parameters or {}), "limit": LISTED, "page": page}
            part = self.get(repository, path, list, parameters=query)
            found += part
            if not part or len(part) < LISTED:
                return found, True
        return found, False

    def account(self) -> str:
        """Whose token it is, by the login."""
        received = self._response("GET", f"{self._url}/user", None)
        data = _decoded(received.data)
        if received.status != 200:
            why = Answer(received.status, data).message
            fix = "give it the scope read:user"
            raise Denied(f"the access token may not ask {self.host} whose it is", why=why, fix=fix)
        if not isinstance(data, dict) or not isinstance(data.get("login"), str):
            raise Malformed(f"{self.host} does not say whose access token it is")
        return str(data["login"])

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
        left = self._limited_until - time.monotonic()
        if left > 0:
            raise self._limited(timedelta(seconds=left))
        query = f"?{urlencode(parameters)}" if parameters else ""
        response = self._response(verb, f"{self._url}/repos/{repository}{path}{query}", body)
        if response.status >= 500:
            raise Unreachable(f"{self.host} failed", why=f"HTTP {response.status}")
        if response.status == 429:
            raise self._slowed(response.headers)
        return Answer(response.status, _decoded(response.data))

    def read(self, repository: str, answer: Answer, read: Callable[[Any], T]) -> T:
        """Give what `read` makes of an answer; `Malformed` where it cannot."""
        try:
            return read(answer.data)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise Malformed(
                f"the answer of {self.host} about {repository} cannot be understood",
                why=f"{type(error).__name__}: {str(error)[:100]}",
                fix="check that the address is the host's own and no proxy answers for it",
            ) from error

    def failure(self, repository: str, answer: Answer) -> TagboatError:
        """What an answer that is no success means."""
        where, why = f"{repository} on {self.host}", answer.message
        if answer.status == 401:
            return Denied(
                f"{self.host} does not accept the access token for {where}", why=why, fix="give a new one"
            )
        if answer.status == 403:
            fix = "it needs the scopes write:repository and write:issue, and to write there"
            return Denied(f"the access token may not do this in {where}", why=why, fix=fix)
        if 300 <= answer.status < 400:
            return NotFound(f"{where} was moved", why=why, fix="write its new name in the configuration")
        if answer.status in {404, 410}:
            fix = "check the name, and that the access token may see it"
            return NotFound(f"{where}, or a part of it, is not there", why=why, fix=fix)
        if answer.status == 409:
            return Conflict(f"{where} was changed at the same moment", why=why)
        return Refused(f"{self.host} refused a request about {where}", why=why)

    def _good(self, repository: str, answer: Answer) -> Answer:
        if answer.status in {200, 201, 202, 204, 205}:
            return answer
        raise self.failure(repository, answer)

    def _response(self, verb: str, url: str, body: Mapping[str, Any] | None) -> _Received:
        headers = self._headers | ({"Content-Type": "application/json"} if body is not None else {})
        data = json.dumps(body).encode() if body is not None else None
        try:
            response = self._pool.request(
                verb, url, body=data, headers=headers, redirect=False, retries=_retry(), preload_content=False
            )
            return _Received(response.status, response.headers, self._bounded(response))
        except urllib3.exceptions.HTTPError as error:
            if isinstance(_reason(error), urllib3.exceptions.SSLError):
                raise Unreachable(
                    f"{self.host} shows a certificate that is not trusted",
                    fix="name the file with your authority's certificate as ca_file",
                ) from error
            raise Unreachable(f"{self.host} did not answer", why=type(_reason(error)).__name__) from error

    def _bounded(self, response: urllib3.BaseHTTPResponse) -> bytes:
        data = response.read(_LARGEST_ANSWER + 1, decode_content=True)
        if len(data) > _LARGEST_ANSWER:
            response.close()
            raise Refused(f"{self.host} answers with more than {_LARGEST_ANSWER} bytes")
        response.release_conn()
        return data

    def _slowed(self, headers: Mapping[str, str]) -> Limited:
        after = headers.get("retry-after", "")
        is_named = after.isdecimal() and int(after[:9]) > 0
        wait = min(timedelta(seconds=int(after[:9])), _LONGEST_WAIT) if is_named else _UNNAMED_WAIT
        with self._lock:
            self._limited_until = time.monotonic() + wait.total_seconds()
        return self._limited(wait)

    def _limited(self, wait: timedelta) -> Limited:
        return Limited(f"{self.host} asked to slow down", retry_after=wait)


@dataclass(frozen=True, slots=True)
class _Received:
    status: int
    headers: Mapping[str, str]
    data: bytes


def _reason(error: Exception) -> Exception:
    """What lies behind "the retries are used up"."""
    reason = getattr(error, "reason", None)
    return reason if isinstance(reason, Exception) else error


def _retry() -> urllib3.Retry:
    """Reads are tried again within seconds; writes never, for they may have been done."""
    return urllib3.Retry(
        total=2,
        allowed_methods=frozenset({"GET"}),
        status_forcelist=(500, 502, 503, 504),
        backoff_factor=0.2,
        backoff_max=2,
        respect_retry_after_header=False,
        raise_on_status=False,
        redirect=False,
    )


def _checked_host(url: str) -> str:
    parts = urlsplit(url)
    is_private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if is_private and parts.hostname and not parts.username and not parts.password:
        return parts.hostname
    raise Refused(
        f"{parts.scheme or 'no'}://{parts.hostname or ''} is not the address of a Gitea or Forgejo",
        fix="use https://HOST, without a login in it",
    )


def _trusting(host: str, ca_bundle: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:  # ssl's own errors are such, too
        raise Refused(
            f"the authority's certificate for {host} cannot be read",
            why=type(error).__name__,
            fix="correct ca_file",
        ) from error


def _decoded(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except (ValueError, RecursionError):
        return None
