"""The server under the application: uvicorn, with limits, from the main thread or any other."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import uvicorn
from starlette.applications import Starlette

from bot.domain.errors import Refused
from bot.web.connection import TimedConnection

_MOST_CONNECTIONS = 512
"""Above it every request is answered 503. Half of the file handles that a process commonly gets."""

_BACKLOG = 512
_LARGEST_HEAD = 32 * 1024
_IDLE_SECONDS = 5
_GRACE_SECONDS = 10


def serve(
    app: Starlette,
    host: str,
    port: int,
    *,
    on_ready: Callable[[str], None],
    stop: threading.Event | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM comes (main thread only) or `stop` is set, then end what was begun.

    `on_ready` is given the address once it answers; port 0 takes a free one.

    Raises:
        Refused: the address cannot be listened at.
    """
    listener = _listen(host, port)
    with listener:
        config = uvicorn.Config(
            app,
            http=TimedConnection,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_MOST_CONNECTIONS,
            backlog=_BACKLOG,
            h11_max_incomplete_event_size=_LARGEST_HEAD,
            timeout_keep_alive=_IDLE_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        address = _address(host, listener.getsockname()[1])
        server = _Server(config, app, lambda: on_ready(address), stop or threading.Event())
        server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn, which tells when it is ready and ends the streams of the board before it waits for them."""

    def __init__(
        self, config: uvicorn.Config, app: Starlette, on_ready: Callable[[], None], stop: threading.Event
    ) -> None:
        super().__init__(config)
        self._app = app
        self._on_ready = on_ready
        self._stop = stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._stop.is_set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.live.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals as a wish to end. Unlike uvicorn's own, they are not raised again afterwards: whoever
        called `serve` still has workers to end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler or signal.SIG_DFL)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise Refused(
            f"cannot listen at {host}:{port}",
            why=error.strerror or type(error).__name__,
            fix="end what listens there, or let web.listen name a free address of this machine",
        ) from error


def _address(host: str, port: int) -> str:
    """An address that a browser on this machine can open."""
    try:
        found = ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if found.is_unspecified:
        return f"http://127.0.0.1:{port}"
    return f"http://[{host}]:{port}" if found.version == 6 else f"http://{host}:{port}"
