"""HTTP to one Bitbucket: its login, and its words for what went wrong.

The client on PyPI, `atlassian-python-api`, is not used: it reads answers of any size and logs them whole,
sleeps for up to half an hour when it is told to slow down, follows redirects, and takes the address of a
list's next page from the answer, wherever that leads, with the token.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.adapters.forges.pool import Pool
from bot.adapters.forges.rest import private_host
from bot.domain.errors import Malformed

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
        self._pool = Pool(
            self.host,
            self._url,
            headers={
                "Authorization": authorization,
                # Data Center takes some changes for forged without it:
                # https://developer.atlassian.com/platform/marketplace/enabling-xsrf-protection-for-your-app/
                "X-Atlassian-Token": "no-check",
            },
            ca_bundle=ca_bundle,
            timeout_seconds=timeout_seconds,
        )

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

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
        """See `Pool.send`."""
        received = self._pool.send(verb, path, body)
        return Answer(received.status, received.data, received.headers)


def bearer(token: str) -> str:
    """The login by a token that is nobody's own, or that says itself whose it is."""
    return f"Bearer {token}"


def basic(name: str, token: str) -> str:
    """The login by a person's token."""
    return f"Basic {base64.b64encode(f'{name}:{token}'.encode()).decode()}"


def _texts(data: Any) -> list[str]:
    """Cloud says what is wrong as `error.message`, Data Center as `errors[].message`."""
    if not isinstance(data, dict):
        return []
    listed = data.get("errors")
    found = [*(listed[:_MOST_MESSAGES] if isinstance(listed, list) else []), data.get("error")]
    return [
        each["message"] for each in found if isinstance(each, dict) and isinstance(each.get("message"), str)
    ]
