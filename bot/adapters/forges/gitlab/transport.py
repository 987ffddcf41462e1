"""HTTP to one GitLab through python-gitlab: login, connections, retries, limits, and how large answers get.

Only python-gitlab's `http_request` is used, not its objects: those ask for more than was said, and show no
headers. It may neither wait for a limit nor repeat a request; reads are repeated below it, within seconds.
What an answer means is said in `gitlab_api`.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakSet

import gitlab
import requests
import urllib3
from requests.adapters import HTTPAdapter

from bot.domain.errors import Limited, Refused, Unreachable

PUBLIC_URL = "https://gitlab.com"

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_LARGEST_ANSWER = 16 * 1024 * 1024
"""Bytes: the largest file that is read (`rules.LARGEST_FILE`), in Base64 and with what stands around it."""
_CHUNK = 64 * 1024
_UNNAMED_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=1)
_USER_AGENT = "Tagboat"


@dataclass(frozen=True, slots=True)
class Answer:
    """What GitLab answered: `data` is decoded JSON, None where there was none."""

    status: int
    data: Any

    @property
    def message(self) -> str:
        """GitLab's own words on what went wrong, on one line."""
        data = self.data if isinstance(self.data, dict) else {}
        texts = [*_texts(data.get("message")), *_texts(data.get("error"))]
        said = "; ".join(text.strip().rstrip(".") for text in texts[:5] if text.strip())
        return " ".join(said.split())[:300] or f"HTTP {self.status}"


class Transport:
    """Requests to the GitLab at `url`, which may have a path; safe to share between threads.

    Raises:
        Refused: the address is no HTTPS address; a token never travels in the clear.
    """

    def __init__(self, url: str, token: str, *, ca_bundle: str | None, timeout_seconds: int) -> None:
        self.host = _checked_host(url)
        self._token = token
        self._options: dict[str, Any] = {
            "url": url.rstrip("/"),
            "ssl_verify": ca_bundle or True,
            "timeout": timeout_seconds,
            "user_agent": _USER_AGENT,
            "retry_transient_errors": False,
        }
        self._own = threading.local()
        self._sessions: WeakSet[_Session] = WeakSet()
        self._lock = threading.Lock()
        self._limited_until = 0.0

    def send(
        self,
        verb: str,
        path: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Ask once and give the answer, refusals too; only reads are asked again when the other side fails.

        Raises:
            Unreachable: no answer came, or a fault of GitLab's own (5xx).
            Limited: GitLab asked to slow down, now or a moment ago.
            Refused: the answer is larger than Tagboat reads.
        """
        left = self._limited_until - time.monotonic()
        if left > 0:
            raise self._limited(timedelta(seconds=left))
        try:
            response = self._response(verb, path, dict(parameters or {}), dict(body) if body else None)
        except requests.exceptions.SSLError as error:
            raise Unreachable(
                f"GitLab at {self.host} shows a certificate that is not trusted",
                fix="name the file with your authority's certificate as ca_file",
            ) from error
        except requests.RequestException as error:
            raise Unreachable(f"GitLab at {self.host} did not answer", why=type(error).__name__) from error
        except OSError as error:  # what requests says where the file is gone; its own errors came before
            raise Refused(
                f"the authority's certificate for GitLab at {self.host} cannot be read",
                why=type(error).__name__,
                fix="correct ca_file",
            ) from error
        if response.status_code >= 500:
            raise Unreachable(f"GitLab at {self.host} failed", why=f"HTTP {response.status_code}")
        if response.status_code == 429:
            raise self._slowed(response.headers)
        return Answer(response.status_code, _decoded(response.content))

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            sessions = list(self._sessions)
        for session in sessions:
            session.close()

    def _response(
        self, verb: str, path: str, parameters: dict[str, Any], body: dict[str, Any] | None
    ) -> requests.Response:
        client, session = self._client()
        try:
            return client.http_request(
                verb, path, query_data=parameters, post_data=body, obey_rate_limit=False, max_retries=0
            )
        except gitlab.exceptions.GitlabError:
            # The vendor's error lacks the headers; what came is kept by the session.
            if session.received is None:
                raise
            return session.received

    def _client(self) -> tuple[gitlab.Gitlab, _Session]:
        """This thread's own client: a session of requests is not made for several."""
        own: tuple[gitlab.Gitlab, _Session] | None = getattr(self._own, "client", None)
        if own is None:
            session = _Session(self.host)
            client = gitlab.Gitlab(private_token=self._token, session=session, **self._options)
            own = self._own.client = (client, session)
            with self._lock:
                self._sessions.add(session)
        return own

    def _slowed(self, headers: Mapping[str, str]) -> Limited:
        wait = _wait(headers)
        self._limited_until = time.monotonic() + wait.total_seconds()
        return self._limited(wait)

    def _limited(self, wait: timedelta) -> Limited:
        return Limited(f"GitLab at {self.host} asked to slow down", retry_after=wait)


class _Session(requests.Session):
    """One thread's connections; `received` is the last answer, whole.

    Redirects are not followed: requests would show a token in `PRIVATE-TOKEN` to whatever host they name.
    """

    def __init__(self, host: str) -> None:
        super().__init__()
        self.received: requests.Response | None = None
        self._host = host
        for scheme in ("https://", "http://"):
            self.mount(scheme, HTTPAdapter(max_retries=_retry()))

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - requests calls it so
        return None

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        self.received = None
        response = super().send(request, **{**kwargs, "stream": True})
        # What `Response.content` gives; read here, since there it would be read without a bound.
        response._content = self._bounded(response)
        self.received = response
        return response

    def _bounded(self, response: requests.Response) -> bytes:
        read = bytearray()
        for chunk in response.iter_content(_CHUNK):
            read += chunk
            if len(read) > _LARGEST_ANSWER:
                response.close()
                raise Refused(
                    f"GitLab at {self._host} answers with more than {_LARGEST_ANSWER} bytes",
                    fix="keep the values that Tagboat changes in a small file of their own",
                )
        return bytes(read)


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
    )


def _checked_host(url: str) -> str:
    parts = urlsplit(url)
    is_private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if is_private and parts.hostname and not parts.username and not parts.password:
        return parts.hostname
    raise Refused(
        f"{parts.scheme or 'no'}://{parts.hostname or ''} is not the address of a GitLab",
        fix=f"use {PUBLIC_URL} or https://HOST, without a login in it",
    )


def _wait(headers: Mapping[str, str]) -> timedelta:
    """How long: https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers."""
    after = headers.get("retry-after", "")
    if after.isdecimal() and int(after[:9]) > 0:
        return min(timedelta(seconds=int(after[:9])), _LONGEST_WAIT)
    return _UNNAMED_WAIT


def _decoded(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except (ValueError, RecursionError):
        return None


def _texts(said: Any) -> list[str]:
    """GitLab says what is wrong as a text, as a list, or by field."""
    if isinstance(said, str):
        return [said]
    if isinstance(said, list):
        return [str(each) for each in said[:5] if isinstance(each, str | int)]
    if isinstance(said, dict):
        return [f"{key} {text}" for key, value in list(said.items())[:5] for text in _texts(value)]
    return []
