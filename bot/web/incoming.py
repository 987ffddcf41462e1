"""Bodies of requests: read within a size and a time, before anything looks at them."""

from __future__ import annotations

from typing import Final

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

READ_SECONDS = 10.0
"""How long a whole body may take: the time after which the slowest sender, GitHub, gives up by itself."""

_DISCARDED = 16
"""How many times the limit a body may have that is cut."""

_CLOSE: Final = {"Connection": "close"}
"""What was not read to its end must not be taken for the next request of the connection."""


async def read_body(request: Request, *, limit: int, may_cut: bool = False) -> bytes:
    """Read the whole body of up to `limit` bytes.

    With `may_cut` a longer one is cut after one byte more, so that its sender can be recognised and told that
    it was taken; the rest is discarded as it comes.

    Raises:
        HTTPException: 413 too large, 415 compressed, 408 too slow, 400 cut short.
    """
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise HTTPException(415, "content encoding not accepted", _CLOSE)
    most = limit * _DISCARDED if may_cut else limit
    if _announced(request) > most:
        raise _too_large(most)
    try:
        with anyio.fail_after(READ_SECONDS):
            return await _read(request, limit, most)
    except TimeoutError:
        raise HTTPException(408, f"the body did not arrive within {READ_SECONDS:g} seconds", _CLOSE) from None
    except ClientDisconnect:
        raise HTTPException(400, "the body was cut short", _CLOSE) from None


async def _read(request: Request, limit: int, most: int) -> bytes:
    body, length = bytearray(), 0
    async for chunk in request.stream():
        length += len(chunk)
        if length > most:
            raise _too_large(most)
        body += chunk[: limit + 1 - len(body)]
    return bytes(body)


def _announced(request: Request) -> int:
    given = request.headers.get("Content-Length", "")
    # The length is cut before it is read as a number: a longer one is over every limit anyhow.
    return int(given[:18]) if given.isascii() and given.isdigit() else 0


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"body too large (at most {limit} bytes)", _CLOSE)
