"""What every client of a Git host's REST API shares: safe addresses, patience, words for refusals.

Each host adds its own words and headers. Nothing here knows a vendor.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests

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

UNNAMED_WAIT = timedelta(minutes=1)
"""For how long a host is left alone that asks to slow down and names no time."""

LONGEST_WAIT = timedelta(hours=1)
"""The longest that a host is left alone for: it is looked at again then, whatever it said."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Slowdown:
    """A host that asked to slow down is asked nothing before its time has come. Safe between threads."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._until = 0.0
        self._lock = threading.Lock()

    def require_over(self) -> None:
        """Raise `Limited` while the host wants to be left alone."""
        with self._lock:
            left = self._until - time.monotonic()
        if left > 0:
            raise self.limited(timedelta(seconds=left))

    def begin(self, wait: timedelta, *, why: str = "") -> Limited:
        """Leave the host alone from now on; gives what says so."""
        with self._lock:
            self._until = time.monotonic() + wait.total_seconds()
        return self.limited(wait, why=why)

    def limited(self, wait: timedelta, *, why: str = "") -> Limited:
        """What says that a request has to wait."""
        return Limited(f"{self._host} asked to slow down", why=why, retry_after=wait)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a host's refusals are told: what it and the login are called, and what the login must be given."""

    host: str
    login: str
    rights: str
    renewal: str = "give a new one: it ended, was revoked, or is not for this server"

    def failure(self, where: str, status: int, why: str) -> TagboatError:
        """What an answer that is no success means for a request about `where`."""
        if status == 401:
            return Denied(f"{self.host} does not accept {self.login} for {where}", why=why, fix=self.renewal)
        if status == 403:
            return Denied(f"{self.login} may not do this in {where}", why=why, fix=self.rights)
        if 300 <= status < 400:
            return NotFound(f"{where} was moved", why=why, fix="write its new path in the configuration")
        if status in {404, 410}:
            fix = f"check the path, and that {self.login} may see it"
            return NotFound(f"{where}, or a part of it, is not there", why=why, fix=fix)
        if status == 409:
            return Conflict(f"{where} was changed at the same moment", why=why)
        return Refused(f"{self.host} refused a request about {where}", why=why)


def understood(data: Any, read: Callable[[Any], T], *, what: str) -> T:
    """Give what `read` makes of an answer; `Malformed` where it cannot. `what` names the answer."""
    try:
        return read(data)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
        raise Malformed(
            f"{what} cannot be understood",
            why=f"{type(error).__name__}: {str(error)[:100]}",
            fix="check that the address is the host's own and no proxy answers for it",
        ) from error


def decoded(content: str | bytes) -> Any:
    """An answer's JSON; None where there is none."""
    try:
        return json.loads(content) if content else None
    except (ValueError, RecursionError):
        return None


def private_host(url: str, *, what: str, example: str) -> str:
    """The host of an address that a token may travel to: HTTPS, or this very machine.

    Raises:
        Refused: it is no such address, or holds a login.
    """
    parts = urlsplit(url)
    is_private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if is_private and parts.hostname and not parts.username and not parts.password:
        return parts.hostname
    raise Refused(
        f"{parts.scheme or 'no'}://{parts.hostname or ''} is not the address of {what}",
        fix=f"use {example}, without a login in it",
    )


def named_wait(headers: Mapping[str, str]) -> timedelta | None:
    """For how long `Retry-After` wants the host left alone, within bounds; None where it names no seconds."""
    after = headers.get("retry-after", "")
    seconds = int(after[:9]) if after.isascii() and after.isdecimal() else 0
    return min(timedelta(seconds=seconds), LONGEST_WAIT) if seconds else None


@contextmanager
def own_words(host: str) -> Iterator[None]:
    """Say in our words what `requests` raises where no answer comes.

    Raises:
        Unreachable: no answer came, or not by a certificate that is trusted.
        Refused: the file of the authority's certificate cannot be read.
    """
    try:
        yield
    except requests.exceptions.SSLError as error:
        raise untrusted(host) from error
    except requests.RequestException as error:
        raise unanswered(host, error) from error
    except OSError as error:  # what requests says where the file is gone; its own errors came before
        raise unread_authority(host, error) from error


def untrusted(host: str) -> Unreachable:
    """What says that a host shows a certificate of no authority that is known."""
    fix = "name the file with your authority's certificate as ca_file"
    return Unreachable(f"{host} shows a certificate that is not trusted", fix=fix)


def unanswered(host: str, error: Exception) -> Unreachable:
    """What says that no answer came."""
    return Unreachable(f"{host} did not answer", why=type(error).__name__)


def unread_authority(host: str, error: OSError) -> Refused:
    """What says that there is no using the certificate of the authority."""
    what = f"the authority's certificate for {host} cannot be read"
    return Refused(what, why=type(error).__name__, fix="correct ca_file")


def require_unbroken(host: str, status: int) -> None:
    """Raise `Unreachable` for a fault of the host's own (5xx)."""
    if status >= 500:
        raise Unreachable(f"{host} failed", why=f"HTTP {status}")
