"""HTTP to one Bitbucket: login, connections, retries, limits, and how large answers get.

The client on PyPI, `atlassian-python-api`, is not used: it reads answers of any size and logs them whole,
sleeps for up to half an hour when it is told to slow down, follows redirects, and takes the address of a
list's next page from the answer, wherever that leads, with the token.
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import urllib3

from bot.adapters.forges.rest import (
    LARGEST_ANSWER,
    UNNAMED_WAIT,
    Slowdown,
    decoded,
    named_wait,
    private_host,
    reads_again,
    require_unbroken,
    unanswered,
    unread_authority,
    untrusted,
)
from bot.domain.errors import Malformed, Refused

_MOST_MESSAGES = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What the host answered: `data` is decoded JSON, None where there was none."""

    status: int
    data: Any
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def message(self) -> str:
        """The host's own words on what went wrong, on one line."""
        texts = [" ".join(each.split()) for each in _texts(self.data)[:_MOST_MESSAGES]]
        return "; ".join(text for text in texts if text)[:300] or f"HTTP {self.status}"

    @property
    def exception(self) -> str:
        """The name of the first error, which Data Center tells."""
        errors = self.data.get("errors") if isinstance(self.data, dict) else None
        first = errors[0] if isinstance(errors, list) and errors else None
        return str(first.get("exceptionName") or "") if isinstance(first, dict) else ""


class Transport:
    """Requests below `url`, which may have a path; safe to share between threads.

    Raises:
        Refused: the address is no HTTPS address; a token never travels in the clear.
    """

    def __init__(self, url: str, authorization: str, *, ca_bundle: str | None, timeout_seconds: int) -> None:
        self.host = private_host(url, what="a Bitbucket", example="https://HOST")
        self._url = url.rstrip("/")
        self._headers = {
            "Authorization": authorization,
            "Accept": "application/json",
            "User-Agent": "Tagboat",
            # Data Center takes some changes for forged without it:
            # https://developer.atlassian.com/platform/marketplace/enabling-xsrf-protection-for-your-app/
            "X-Atlassian-Token": "no-check",
        }
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(total=timeout_seconds),
            ssl_context=_trusting(self.host, ca_bundle) if ca_bundle else None,
            maxsize=8,
        )
        self._slowdown = Slowdown(self.host)

    def close(self) -> None:
        """Close every connection."""
        self._pool.clear()

    def path_of(self, address: str) -> str:
        """The path below `url` that an address in an answer leads to.

        Raises:
            Malformed: it leads elsewhere, where the token is not to go.
        """
        prefix = f"{self._url}/"
        if not address.startswith(prefix) or not address.isprintable():
            raise Malformed(
                f"{self.host} names an address that is not its own",
                why=address[:100],
                fix="check that the address is the host's own and no proxy answers for it",
            )
        return address[len(prefix) - 1 :]

    def send(self, verb: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Ask once and give the answer, refusals too; only reads are asked again when the other side fails.

        Raises:
            Unreachable: no answer came, or a fault of the host's own (5xx).
            Limited: the host asked to slow down, now or a moment ago.
            Refused: the answer is larger than Tagboat reads.
        """
        self._slowdown.require_over()
        response, data = self._response(verb, f"{self._url}{path}", body)
        require_unbroken(self.host, response.status)
        if response.status == 429:
            raise self._slowdown.begin(named_wait(response.headers) or UNNAMED_WAIT)
        return Answer(response.status, decoded(data), response.headers)

    def _response(
        self, verb: str, url: str, body: Mapping[str, Any] | None
    ) -> tuple[urllib3.BaseHTTPResponse, bytes]:
        headers = self._headers | ({"Content-Type": "application/json"} if body is not None else {})
        data = json.dumps(body).encode() if body is not None else None
        try:
            response = self._pool.request(
                verb,
                url,
                body=data,
                headers=headers,
                redirect=False,
                retries=reads_again(),
                preload_content=False,
            )
            return response, self._bounded(response)
        except urllib3.exceptions.HTTPError as error:
            reason = getattr(error, "reason", None)  # what lies behind "the retries are used up"
            cause = reason if isinstance(reason, Exception) else error
            if isinstance(cause, urllib3.exceptions.SSLError):
                raise untrusted(self.host) from error
            raise unanswered(self.host, cause) from error

    def _bounded(self, response: urllib3.BaseHTTPResponse) -> bytes:
        data = response.read(LARGEST_ANSWER + 1, decode_content=True)
        if len(data) > LARGEST_ANSWER:
            response.close()
            raise Refused(f"{self.host} answers with more than {LARGEST_ANSWER} bytes")
        response.release_conn()
        return data


def bearer(token: str) -> str:
    """The login by a token that is nobody's own, or that says itself whose it is."""
    return f"Bearer {token}"


def basic(name: str, token: str) -> str:
    """The login by a person's token."""
    return f"Basic {base64.b64encode(f'{name}:{token}'.encode()).decode()}"


def _trusting(host: str, ca_bundle: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:  # ssl's own errors are such, too
        raise unread_authority(host, error) from error


def _texts(data: Any) -> list[str]:
    """Cloud says what is wrong as `error.message`, Data Center as `errors[].message`."""
    if not isinstance(data, dict):
        return []
    listed = data.get("errors")
    found = [*(listed[:_MOST_MESSAGES] if isinstance(listed, list) else []), data.get("error")]
    return [
        each["message"] for each in found if isinstance(each, dict) and isinstance(each.get("message"), str)
    ]
