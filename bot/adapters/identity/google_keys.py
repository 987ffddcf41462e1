"""Google's public keys, by which the tokens of Pub/Sub are checked.

https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken
The set is kept for as long as `Cache-Control` says. Whoever sends a token with an unknown id can make us ask
again: at most once a minute. One thread asks at a time, and nobody else waits for it.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
import urllib3

from bot.domain.errors import Unreachable
from bot.ports import Clock

ADDRESS = "https://www.googleapis.com/oauth2/v3/certs"

_TIMEOUT = urllib3.Timeout(connect=3, read=5)
_LARGEST = 256 * 1024
_MOST_KEYS = 50
_LONGEST_TEXT = 2000
_USUAL_AGE = timedelta(hours=1)
_AGES = (timedelta(minutes=1), timedelta(days=1))
_ASK_AGAIN = timedelta(minutes=1)
_GRACE = timedelta(days=1)
"""How long keys are still trusted while Google does not answer."""
_MAX_AGE = re.compile(r"max-age=([0-9]{1,9})")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known: keys by id, until when they are fresh, and when to ask at the earliest."""

    keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fresh_until: datetime = _LONG_AGO
    ask_at: datetime = _LONG_AGO


class GoogleKeys:
    """The keys that Google publishes; safe between threads."""

    def __init__(self, clock: Clock, *, address: str = ADDRESS) -> None:
        self._clock = clock
        self._address = address
        self._pool = urllib3.PoolManager(maxsize=1, timeout=_TIMEOUT, retries=False)
        self._asking = threading.Lock()
        self._kept = _Kept()

    def key(self, key_id: str) -> Mapping[str, str] | None:
        """See `bot.ports.SigningKeys`."""
        now = self._clock.now()
        if key_id not in self._kept.keys or now >= self._kept.fresh_until:
            self._ask(now)
        kept = self._kept
        if not kept.keys or now >= kept.fresh_until + _GRACE:
            raise Unreachable(
                "Google's signing keys could not be read",
                fix=f"let Tagboat reach {self._address}",
                retry_after=_ASK_AGAIN,
            )
        return kept.keys.get(key_id)

    def _ask(self, now: datetime) -> None:
        """Read the keys anew, unless that was tried just now or another thread does it."""
        if now < self._kept.ask_at or not self._asking.acquire(blocking=False):
            return
        try:
            self._kept = replace(self._kept, ask_at=now + _ASK_AGAIN)
            keys, age = self._read()
            self._kept = replace(self._kept, keys=keys, fresh_until=now + age)
        except (urllib3.exceptions.HTTPError, _Unusable) as error:
            log.warning(
                "signing_keys_not_read", address=self._address, reason=f"{type(error).__name__}: {error}"
            )
        finally:
            self._asking.release()

    def _read(self) -> tuple[Mapping[str, Mapping[str, str]], timedelta]:
        answer = self._pool.request("GET", self._address, preload_content=False, redirect=False)
        try:
            body = answer.read(_LARGEST + 1)
        finally:
            answer.close()
        if answer.status != 200 or len(body) > _LARGEST:
            raise _Unusable(f"answered {answer.status} with {len(body)} bytes")
        return _keys(body), _age(answer.headers.get("Cache-Control", ""))


class _Unusable(Exception):
    """An answer that holds no keys."""


def _keys(body: bytes) -> Mapping[str, Mapping[str, str]]:
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise _Unusable("not JSON") from None
    listed = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise _Unusable("no list of keys")
    keys = [_key(each) for each in listed[:_MOST_KEYS] if isinstance(each, dict)]
    known = {each["kid"]: each for each in keys if each.get("kid") and each.get("kty") == "RSA"}
    if not known:
        raise _Unusable("no RSA key")
    return known


def _key(given: Mapping[str, Any]) -> Mapping[str, str]:
    return {
        name: value for name, value in given.items() if isinstance(value, str) and len(value) < _LONGEST_TEXT
    }


def _age(cache_control: str) -> timedelta:
    found = _MAX_AGE.search(cache_control)
    wish = timedelta(seconds=int(found[1])) if found else _USUAL_AGE
    return min(max(wish, _AGES[0]), _AGES[1])
