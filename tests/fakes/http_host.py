"""An HTTP server in a thread for fakes: JSON in and out, a log of every request, and faults by script.

What the requests mean is the fake's own; it gives a function from `Request` to `Response`.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived; `path` is without its query, still quoted; headers have lower-case names.

    Of a parameter that comes several times `query` has the last; `all_of` has each.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    query_text: str = ""

    def all_of(self, name: str) -> Sequence[str]:
        """Every value of a parameter."""
        return parse_qs(self.query_text).get(name, [])

    @property
    def data(self) -> Any:
        """The body as JSON; raises ValueError."""
        return json.loads(self.body)

    @property
    def call(self) -> str:
        """The path, and of a GraphQL request the kind: `/graphql query` or `/graphql mutation`."""
        is_graphql = self.path.endswith("/graphql") and self.body
        return f"{self.path} {re.split(r'[^a-z]', self.data['query'])[0]}" if is_graphql else self.path

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered: `data` as JSON (None: no body), or the bytes of `raw` as they are."""

    status: int
    data: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what the fake answered; what a fault answered is not here."""

    request: Request
    response: Response


@dataclass(frozen=True, slots=True)
class Answer:
    """A fault: answer this instead. With `after`, the work is done first."""

    status: int
    data: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    after: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """A fault: end the connection without an answer. With `after`, the work is done first."""

    after: bool = False


@dataclass(frozen=True, slots=True)
class Delay:
    """A fault: wait before the work is done."""

    seconds: float


Fault = Answer | Cut | Delay


@dataclass
class _Rule:
    method: str
    path: re.Pattern[str]
    fault: Fault
    skip: int
    left: int


class Faults:
    """A script of faults: "the second POST of a pull request is done, and then the line is cut"."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()

    def add(self, method: str, path: str, fault: Fault, *, nth: int = 1, times: int = 1) -> None:
        """Let the nth request from now on (and the `times` - 1 after it) meet the fault.

        `path` is a regular expression that must be found in the quoted path, or in the request's `call`.
        """
        with self._lock:
            self._rules.append(_Rule(method, re.compile(path), fault, nth - 1, times))

    def clear(self) -> None:
        """Forget what has not happened yet."""
        with self._lock:
            self._rules.clear()

    def take(self, request: Request) -> Fault | None:
        """The fault that this request meets, used up by it."""
        with self._lock:
            fault = None
            for rule in self._rules:
                is_meant = rule.path.search(request.path) or rule.path.search(request.call)
                if rule.method != request.method or not is_meant or rule.left == 0:
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                elif fault is None:
                    rule.left -= 1
                    fault = rule.fault
            return fault


class HttpHost:
    """Serves `handle` on a free port of the loopback from `start` to `stop`."""

    def __init__(self, handle: Callable[[Request], Response]) -> None:
        self.handle = handle
        self.faults = Faults()
        self.requests: list[Request] = []
        self.exchanges: list[Exchange] = []
        self.mistakes: list[str] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.host = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The address, without a last slash."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """End every connection and answer no more; a mistake of the fake itself fails the test."""
        self._server.shutdown()
        self._thread.join()
        self._server.cut_all()
        self._server.server_close()
        assert not self.mistakes, self.mistakes[0]

    def asked(self, method: str = "", path: str = "") -> Sequence[Request]:
        """The requests so far, of that method, with that regular expression in their path."""
        return [r for r in self.requests if method in ("", r.method) and re.search(path, r.path)]


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 64
    host: HttpHost

    def __init__(self, *arguments: Any) -> None:
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut_all(self) -> None:
        """Wake the threads that wait for a next request on a connection that is kept."""
        with self._lock:
            for connection in self._open:
                _shut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        self.do_GET = self.do_POST = self.do_PUT = self.do_PATCH = self.do_DELETE = self._serve
        super().handle_one_request()

    def log_message(self, format: str, *args: Any) -> None:
        """The log is `HttpHost.requests`."""

    def _serve(self) -> None:
        host, request = self.server.host, self._read()
        host.requests.append(request)
        fault = host.faults.take(request)
        if isinstance(fault, Delay):
            time.sleep(fault.seconds)
        if isinstance(fault, Cut | Answer) and not fault.after:
            return self._meet(fault)
        response = self._work(request)
        if isinstance(fault, Cut | Answer):
            return self._meet(fault)
        response = _conditional(request, response)
        host.exchanges.append(Exchange(request, response))
        return self._send(response)

    def _work(self, request: Request) -> Response:
        try:
            return self.server.host.handle(request)
        except Exception:  # noqa: BLE001 - a fake that breaks must not pass for a host that fails
            self.server.host.mistakes.append(f"{request}\n{traceback.format_exc()}")
            return Response(500, {"message": "the fake is wrong"})

    def _meet(self, fault: Cut | Answer) -> None:
        if isinstance(fault, Answer):
            return self._send(Response(fault.status, fault.data, fault.headers))
        self.close_connection = True
        return _shut(self.connection)

    def _read(self) -> Request:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        return Request(self.command, parts.path, query, headers, body, parts.query)

    def _send(self, response: Response) -> None:
        body = b"" if response.data is None else json.dumps(response.data).encode()
        body = body if response.raw is None else response.raw
        self.send_response_only(response.status)
        for name, value in {"Content-Type": "application/json; charset=utf-8", **response.headers}.items():
            self.send_header(name, value)
        if response.status not in {204, 304}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _conditional(request: Request, response: Response) -> Response:
    if request.method != "GET" or response.status != 200 or response.raw is not None:
        return response
    digest = hashlib.sha256(json.dumps(response.data).encode()).hexdigest()
    etag = {**response.headers, "ETag": f'W/"{digest}"'}
    if request.headers.get("if-none-match") == etag["ETag"]:
        return Response(304, None, etag)
    return Response(200, response.data, etag)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was faster
