"""A server that sends prepared bytes, however wrong, and remembers the requests that it got."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class RawServer:
    """`url` is where it listens; `requests` are the heads of the requests, as text."""

    url: str
    requests: list[str] = field(default_factory=list)


@contextmanager
def raw_server(*pieces: bytes, silent: bool = False) -> Iterator[RawServer]:
    """Send the pieces to whoever connects and hang up; or, when silent, send nothing until the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = RawServer(f"http://127.0.0.1:{listener.getsockname()[1]}")
    over = threading.Event()
    thread = threading.Thread(target=_serve, args=(listener, server, pieces, over if silent else None))
    thread.start()
    try:
        yield server
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """The bytes of a whole answer, with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def _serve(
    listener: socket.socket, server: RawServer, pieces: Sequence[bytes], hold: threading.Event | None
) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            server.requests.append(connection.recv(65536).decode("latin-1"))
            if hold:
                hold.wait()
            _send(connection, pieces)


def _send(connection: socket.socket, pieces: Sequence[bytes]) -> None:
    try:
        for piece in pieces:
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the client has seen enough and went away
