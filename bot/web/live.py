"""The board while it changes: server-sent events, one reading and one rendering for all who watch.

Events are `board` (the changed part of the page, with the store's revision as its id) and `trouble` (why the
board is out of date, or nothing when it is not). https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import anyio
import anyio.to_thread
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from bot.domain.errors import TagboatError
from bot.web.board import Board
from bot.web.metrics import Metrics

MOST_WATCHERS = 64
"""Browsers that may follow the board at once; the next one is told to come back, and its page still works."""

_PAUSE_SECONDS = 0.5
_HEARTBEAT_SECONDS = 15.0
"""Shorter than the minute after which proxies cut a silent answer."""

_HEADERS = {"X-Accel-Buffering": "no"}
"""Keeps nginx from holding events back."""

_MEDIA_TYPE = "text/event-stream"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _View:
    """What watchers should see; `revision` is -1 before the first look."""

    revision: int = -1
    html: str = ""
    trouble: str = ""


class Live:
    """All who watch the board of one web process."""

    def __init__(self, board: Board, metrics: Metrics, *, most_watchers: int = MOST_WATCHERS) -> None:
        self._board = board
        self._metrics = metrics
        self._free = most_watchers
        self._closed = False
        self._view = _View()
        self._looked_at = float("-inf")
        self._looking = anyio.Lock()

    def close(self) -> None:
        """End every stream, soon. Safe from any thread."""
        self._closed = True

    async def events(self, request: Request) -> Response:
        """Answer `GET /events`; `since`, or the last event's id, says which revision is shown already."""
        if request.method == "HEAD":
            return Response(media_type=_MEDIA_TYPE)
        if not self._free:
            sentence = "too many browsers follow the board; reload it to see changes"
            return JSONResponse({"error": sentence}, 503, {"Retry-After": "30"})
        return _Stream(self, _revision(request))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count one watcher while the block runs."""
        self._free -= 1
        try:
            with self._metrics.watchers.track_inprogress():
                yield
        finally:
            self._free += 1

    async def stream(self, revision: int) -> AsyncIterator[str]:
        """The events that a browser which shows this revision has to be sent."""
        shown = _View(revision)
        silent = 0.0
        yield "retry: 2000\n\n"
        while not self._closed:
            view = await self._look()
            for event in _events(shown, view):
                yield event
                silent = 0.0
            shown = view
            if silent >= _HEARTBEAT_SECONDS:
                yield ": still here\n\n"
                silent = 0.0
            await anyio.sleep(_PAUSE_SECONDS)
            silent += _PAUSE_SECONDS

    async def _look(self) -> _View:
        async with self._looking:
            if anyio.current_time() - self._looked_at >= _PAUSE_SECONDS:
                self._view = await anyio.to_thread.run_sync(self._next_view, self._view)
                self._looked_at = anyio.current_time()
            return self._view

    def _next_view(self, view: _View) -> _View:
        try:
            if self._board.revision() == view.revision:
                return replace(view, trouble="")
            look = self._board.look()
        except TagboatError as error:
            if not view.trouble:
                log.warning("board_not_read", reason=str(error))
            return replace(view, trouble=str(error))
        return _View(look.revision, self._board.fragment(look))


class _Stream(StreamingResponse):
    """One browser's stream; counted from the first byte to the last, however it ends."""

    def __init__(self, live: Live, revision: int) -> None:
        super().__init__(live.stream(revision), headers=_HEADERS, media_type=_MEDIA_TYPE)
        self._live = live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._live.watching():
            await super().__call__(scope, receive, send)


def _events(shown: _View, view: _View) -> Iterator[str]:
    if view.trouble != shown.trouble:
        yield _event("trouble", view.trouble)
    if view.revision not in {shown.revision, -1}:
        yield _event("board", view.html, str(view.revision))


def _event(kind: str, data: str, identity: str = "") -> str:
    lines = [f"event: {kind}", *(f"data: {line}" for line in data.splitlines() or [""])]
    return "\n".join([*lines, *([f"id: {identity}"] if identity else []), "", ""])


def _revision(request: Request) -> int:
    given = request.headers.get("Last-Event-ID") or request.query_params.get("since", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else -1
