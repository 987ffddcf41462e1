"""Around every request: security headers, one line in the log, and no fault of ours shown to anybody.

The query never reaches the log: some senders can only put their secret there.
"""

from __future__ import annotations

from time import perf_counter
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer. `no-referrer` would make browsers hide the origin of our own forms, which is checked."""

_LONGEST_PATH = 200
_ROUTINE = ("/static/", "/api/status", "/healthz", "/readyz", "/metrics")

log = structlog.get_logger(__name__)


class Shield:
    """Outermost middleware of the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, cache="no-cache" if scope["path"].startswith("/static/") else "no-store")
        began = perf_counter()
        try:
            await self._app(scope, receive, answer.send)
        except Exception:
            log.exception("request_broke", method=scope["method"], path=_path(scope))
            if not answer.status:
                refusal = JSONResponse({"error": "something broke in Tagboat; its log says what"}, 500)
                await refusal(scope, receive, answer.send)
        write = log.debug if scope["path"].startswith(_ROUTINE) else log.info
        write(
            "request",
            method=scope["method"],
            path=_path(scope),
            status=answer.status,
            milliseconds=round((perf_counter() - began) * 1000),
        )


class _Answer:
    """The way out, which adds headers and remembers the status (0: none was sent)."""

    def __init__(self, send: Send, cache: str) -> None:
        self._send = send
        self._cache = cache
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers.update(SECURITY_HEADERS)
            headers.setdefault("Cache-Control", self._cache)
        await self._send(message)


def _path(scope: Scope) -> str:
    return ascii(scope["path"][:_LONGEST_PATH])[1:-1]
