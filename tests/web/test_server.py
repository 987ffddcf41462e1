"""A real server: slow, endless and too many requests are bounded, and it ends in good order."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from bot.domain.errors import Refused
from bot.domain.status import State
from bot.web import connection, incoming, live
from bot.web.board import Board
from bot.web.live import Live
from bot.web.metrics import Metrics
from bot.web.server import serve
from tests.flow.worlds import Bench
from tests.web.site import Site, environment, secret_of, served, show, shown, watched

ROOT = Path(__file__).parents[2]
HEAD = b"POST /webhooks/registry HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
ENDLESS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    """A bare connection to the server."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as bare:
        yield bare


def answered(bare: socket.socket) -> bytes:
    """All that the server says until it closes the connection."""
    said = b""
    while part := bare.recv(65536):
        said += part
    return said


@contextmanager
def get(address: str, path: str) -> Iterator[HTTPResponse]:
    """An answer whose body is not read yet."""
    parts = urlsplit(address)
    with closing(HTTPConnection(parts.hostname or "", parts.port, timeout=20)) as asked:
        asked.request("GET", path)
        with asked.getresponse() as answer:
            yield answer


def status_of(address: str, path: str) -> int:
    """The status of an answer."""
    with get(address, path) as answer:
        return answer.status


def next_event(stream: HTTPResponse) -> dict[str, str]:
    """The next event of a stream, its data in one text; comments and pauses are passed over."""
    event: dict[str, str] = {}
    while True:
        line = stream.readline().decode().rstrip("\n")
        if not line and "event" in event:
            return event
        name, _, value = line.partition(": ")
        if name in {"event", "id"}:
            event[name] = value
        elif name == "data":
            event["data"] = event.get("data", "") + value + "\n"


def test_a_body_without_length_is_cut_off_at_the_limit_and_the_connection_closed() -> None:
    with served(Site().app) as address, connected(address) as bare:
        # The registry's body would be cut, so that the registry can be told that it was taken.
        bare.sendall(ENDLESS.replace(b"/registry ", b"/forge "))
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        for _ in range(16):
            bare.sendall(chunk)
        bare.sendall(b"1\r\n \r\n")
        said = answered(bare)
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in said.lower()


def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent() -> None:
    with served(Site().app) as address, connected(address) as bare:
        bare.sendall(HEAD + b"Content-Length: 99999999999\r\n\r\n")
        assert answered(bare).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_does_not_come_is_given_up_while_others_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(incoming, "READ_SECONDS", 1.0)
    with served(Site().app) as address, connected(address) as bare:
        bare.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
        assert status_of(address, "/healthz") == 200
        said = answered(bare)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in said.lower()


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"", id="nothing at all"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: ", id="half a head"),
    ],
)
def test_a_head_that_does_not_come_is_given_up(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    with served(Site().app) as address, connected(address) as bare:
        bare.sendall(begun)
        assert answered(bare) == b""


def test_half_a_head_on_a_kept_connection_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    with served(Site().app) as address, connected(address) as bare:
        bare.sendall(REQUEST)
        assert bare.recv(65536).startswith(b"HTTP/1.1 200 OK")
        bare.sendall(b"GET /")
        assert answered(bare).count(b"HTTP/1.1") == 0


def test_a_kept_connection_serves_one_request_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.5)
    with served(Site().app) as address, connected(address) as bare:
        for _ in range(3):
            bare.sendall(REQUEST)
            said = b""
            while not said.endswith(b'{"alive":true}'):
                said += bare.recv(65536)
            assert said.startswith(b"HTTP/1.1 200 OK")
        bare.sendall(REQUEST[:-2] + b"Connection: close\r\n\r\n")
        assert answered(bare).startswith(b"HTTP/1.1 200 OK")


def test_the_server_does_not_say_what_it_is() -> None:
    with served(Site().app) as address, get(address, "/healthz") as answer:
        assert answer.getheader("Server") is None


def test_a_delivery_is_taken_in_pieces() -> None:
    body = json.dumps({"events": []}).encode()
    token = f"Authorization: Bearer {secret_of('registry')}\r\nConnection: close\r\n".encode()
    with served(Site().app) as address, connected(address) as bare:
        bare.sendall(HEAD + token + f"Content-Length: {len(body)}\r\n\r\n".encode())
        for byte in body:
            bare.sendall(bytes([byte]))
        assert answered(bare).startswith(b"HTTP/1.1 202 ")


def test_watchers_are_sent_the_board_whenever_it_changes() -> None:
    bench = watched(Bench())
    show(bench.store, shown(environment("dev")))
    with served(Site(bench).app) as address, get(address, "/events") as stream:
        assert stream.getheader("Content-Type") == "text/event-stream; charset=utf-8"
        first = next_event(stream)
        assert (first["event"], first["id"]) == ("board", str(bench.store.revision()))
        assert '<p class="pill live">live</p>' in first["data"]
        show(bench.store, shown(environment("dev", State.DEGRADED)))
        second = next_event(stream)
        assert '<p class="pill degraded">degraded</p>' in second["data"]
        assert second["id"] == str(bench.store.revision())


def test_a_browser_that_shows_the_newest_board_is_sent_only_what_is_newer() -> None:
    bench = watched(Bench())
    show(bench.store, shown(environment("dev")))
    with (
        served(Site(bench).app) as address,
        get(address, f"/events?since={bench.store.revision()}") as stream,
    ):
        assert stream.readline() == b"retry: 2000\n"
        show(bench.store, shown(environment("dev", State.BLOCKED)))
        assert "blocked" in next_event(stream)["data"]


def test_watchers_are_told_when_the_board_cannot_be_read_and_when_it_can_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = watched(Bench())
    with served(Site(bench).app) as address, get(address, "/events") as stream:
        assert next_event(stream)["event"] == "board"
        with monkeypatch.context() as lost:
            lost.setattr(bench.store, "revision", _lost)
            assert next_event(stream) == {"event": "trouble", "data": "the store does not answer\n"}
        assert next_event(stream) == {"event": "trouble", "data": "\n"}


def _lost() -> int:
    raise Refused("the store does not answer")


def test_a_silent_stream_is_kept_alive_beyond_all_limits_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_HEARTBEAT_SECONDS", 0.5)
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.2)
    with served(Site().app) as address, get(address, "/events") as stream:
        next_event(stream)
        assert stream.readline() == b": still here\n"


def test_only_so_many_browsers_follow_and_each_that_leaves_makes_room() -> None:
    world = Site().world
    metrics = Metrics(world)
    app = Starlette()
    app.state.live = Live(Board(world), metrics, most_watchers=1)
    app.routes.append(Route("/events", app.state.live.events))
    with served(app) as address:
        with get(address, "/events") as first:
            next_event(first)
            with get(address, "/events") as refused:
                assert (refused.status, refused.getheader("Retry-After")) == (503, "30")
        assert any(status_of(address, "/events") == 200 for _ in range(200))


def test_a_server_that_is_stopped_ends_its_streams() -> None:
    with ExitStack() as opened:
        with served(Site().app) as address:
            stream = opened.enter_context(get(address, "/events"))
            next_event(stream)
        assert stream.read() == b""


def test_an_address_that_is_taken_is_refused_with_what_to_change() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=rf"cannot listen at 127\.0\.0\.1:{port}.*web\.listen"):
            serve(Site().app, "127.0.0.1", port, on_ready=pytest.fail)


@pytest.mark.parametrize(
    ("host", "shown_host"), [("0.0.0.0", "127.0.0.1"), ("localhost", "localhost"), ("127.0.0.1", "127.0.0.1")]
)
def test_the_address_that_is_told_can_be_opened(host: str, shown_host: str) -> None:
    stop, told = threading.Event(), list[str]()

    def ready(address: str) -> None:
        told.append(address)
        stop.set()

    serve(Site().app, host, 0, on_ready=ready, stop=stop)
    assert urlsplit(told[0]).hostname == shown_host


_PROGRAM = """
from tests.web.site import Site
from bot.web.board import Board
from bot.web.live import Live
from bot.web.metrics import Metrics
from bot.web.server import serve
serve(Site().app, "127.0.0.1", 0, on_ready=lambda address: print(address, flush=True))
print("ended in order", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_server_and_leaves_the_rest_to_its_caller(number: signal.Signals) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    with program:
        assert program.stdout is not None
        address = program.stdout.readline().strip()
        with get(address, "/events") as stream:
            next_event(stream)
            program.send_signal(number)
            rest = program.stdout.read()
        assert program.wait(20) == 0
    assert rest.endswith("ended in order\n")
