"""How long a host wants to be left alone, read from the headers of its answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_LONGEST = timedelta(days=1)
_QUOTA = re.compile(r"\s*([0-9]{1,12})\s*(?:;\s*w=([0-9]{1,9}))?\s*(?:[;,].*)?")


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """`Retry-After` in either form (RFC 9110, section 10.2.3), a day at most; None where it says nothing.

    A date counts from the sender's own clock.
    """
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(timedelta(seconds=int(text)), _LONGEST)
    until = _http_date(text)
    if until is None:
        return None
    now = _http_date(headers.get("Date", "")) or datetime.now(UTC)
    return max(timedelta(0), min(until - now, _LONGEST))


def quota_wait(headers: Mapping[str, str]) -> timedelta | None:
    """How long until one more request is free, where the answer says that none is left; else None.

    Docker Hub counts pulls in a window that slides: `RateLimit-Limit: 100;w=21600` and `RateLimit-Remaining:
    0;w=21600` mean that in the mean one more is free every 216 s
    (https://docs.docker.com/docker-hub/usage/pulls/). Its own API names the moment of the reset, in seconds
    since 1970.
    """
    left = _quota(headers.get("RateLimit-Remaining") or headers.get("X-RateLimit-Remaining"))
    if left is None or left[0] > 0:
        return None
    total = _quota(headers.get("RateLimit-Limit") or headers.get("X-RateLimit-Limit"))
    window = left[1] or (total[1] if total else None)
    if window is not None:
        return min(timedelta(seconds=window / max(total[0] if total else 1, 1)), _LONGEST)
    reset = _quota(headers.get("X-RateLimit-Reset"))
    if reset is None:
        return None
    now = _http_date(headers.get("Date", "")) or datetime.now(UTC)
    return max(timedelta(0), min(timedelta(seconds=reset[0] - now.timestamp()), _LONGEST))


def _quota(text: str | None) -> tuple[int, int | None] | None:
    """Number and window in seconds of `100;w=21600`."""
    match = _QUOTA.fullmatch(text[:100]) if text else None
    return (int(match[1]), int(match[2]) if match[2] else None) if match else None


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
