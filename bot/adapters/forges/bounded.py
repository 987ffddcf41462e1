"""How much of a Git host's answer is read, and for how long, whichever client asked.

No client bounds this by itself: urllib3 and requests read what comes, for as long as something comes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Self

import requests
import urllib3
from requests.adapters import HTTPAdapter

from bot.domain.errors import Refused, Unreachable

LARGEST_ANSWER = 16 * 1024 * 1024
"""Bytes: the largest file that is read (`rules.LARGEST_FILE`), in Base64 and with what stands around it."""

LONGEST_ANSWER = 60.0
"""Seconds from an answer's headers to its end."""

_CHUNK = 64 * 1024


def bounded(
    response: urllib3.BaseHTTPResponse, host: str, *, monotonic: Callable[[], float] = time.monotonic
) -> bytes:
    """The body of an answer, unpacked; a connection that was read to its end is used again.

    Raises:
        Refused: it is larger than `LARGEST_ANSWER`.
        Unreachable: it takes longer than `LONGEST_ANSWER`.
    """
    deadline = monotonic() + LONGEST_ANSWER
    body = bytearray()
    try:
        # `read1` gives what is there; `read` would wait for a whole chunk, drop by drop.
        while chunk := response.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > LARGEST_ANSWER:
                raise Refused(
                    f"{host} answers with more than {LARGEST_ANSWER} bytes",
                    fix="keep the values that Tagboat changes in a small file of their own",
                )
            if monotonic() > deadline:
                raise Unreachable(f"{host} is too slow", why=f"one answer took over {LONGEST_ANSWER:.0f} s")
    finally:
        if response.closed:
            response.release_conn()
        else:
            response.close()
    return bytes(body)


def reads_again() -> urllib3.Retry:
    """Reads are tried again within seconds; writes never, for they may have been done."""
    return _Retry(
        total=2,
        allowed_methods=frozenset({"GET"}),
        status_forcelist=(500, 502, 503, 504),
        backoff_factor=0.2,
        backoff_max=2,
        respect_retry_after_header=False,
        raise_on_status=False,
        redirect=False,
    )


class _Retry(urllib3.Retry):
    """Closes what failed: urllib3 would read it to its end, whenever that is, before it asks again."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: urllib3.BaseHTTPResponse | None = None,
        *about: Any,
        **more: Any,
    ) -> Self:
        following = super().increment(method, url, response, *about, **more)
        if response is not None:
            response.close()
        return following


class BoundedAdapter(HTTPAdapter):
    """The connections of one session of `requests`; what they answer is whole.

    Raises, beside what requests raises, what `bounded` does.
    """

    def __init__(self, host: str, *, connections: int = 1) -> None:
        super().__init__(max_retries=reads_again(), pool_connections=1, pool_maxsize=connections)
        self.host = host

    def send(self, request: requests.PreparedRequest, *about: Any, **more: Any) -> requests.Response:
        """One exchange; the answer holds its body, which requests would read otherwise."""
        response = super().send(request, *about, **{**more, "stream": True})
        try:
            response._content = bounded(response.raw, self.host)
        except urllib3.exceptions.HTTPError as error:
            raise requests.exceptions.ConnectionError(error, request=request) from error
        return response
