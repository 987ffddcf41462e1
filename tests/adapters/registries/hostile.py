"""A registry over HTTP that answers whatever a test wants, and remembers every request."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bot.adapters.registries.distribution import DistributionRegistry
from tests.kit.images import Image


@dataclass(frozen=True)
class Call:
    """One request as it came in."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query)

    @property
    def authorization(self) -> str | None:
        return self.headers.get("Authorization")


@dataclass(frozen=True)
class Reply:
    """One answer. `announced` is the Content-Length when it is to differ from the body's length."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    announced: int | None = None


def reply_json(value: object, *, status: int = 200, **headers: str) -> Reply:
    """An answer in JSON; `Www_Authenticate="…"` becomes the header `Www-Authenticate`."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **named})


Answers = Callable[[Call], Reply]


@dataclass
class Server:
    """A running server: where it is, and what it was asked."""

    port: int
    calls: list[Call] = field(default_factory=list)
    connections: set[int] = field(default_factory=set)
    """The clients' ports, one per connection that was made."""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def other_host(self) -> str:
        """The same server by another name, which clients must take for another host."""
        return f"localhost:{self.port}"


@contextmanager
def serving(answers: Answers, *, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve `answers` on loopback while the block runs."""
    server: Server

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet, or each answer takes 40 ms.
        wbufsize = -1

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            call = Call(self.command, self.path, dict(self.headers.items()), body)
            server.calls.append(call)
            server.connections.add(self.client_address[1])
            reply = answers(call)
            self.send_response_only(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            length = len(reply.body) if reply.announced is None else reply.announced
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)
            if length != len(reply.body):
                self.close_connection = True

        def do_GET(self) -> None:
            self._answer()

        def do_HEAD(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the calls are remembered instead."""

        def handle(self) -> None:
            # A client that refuses an answer hangs up in the middle of it.
            try:
                super().handle()
            except OSError:
                self.close_connection = True

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        listener.daemon_threads = True
        if tls is not None:
            # The handshake is left to the connection's own thread, where a failure ends only that.
            listener.socket = tls.wrap_socket(
                listener.socket, server_side=True, do_handshake_on_connect=False
            )
        server = Server(listener.server_address[1])
        thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()


class Shelf:
    """What a well-behaved registry of one repository answers; tests change single answers of it."""

    def __init__(self, path: str = "acme/web") -> None:
        self.path = path
        self.tags: dict[str, str] = {}
        self.manifests: dict[str, Reply] = {}
        self.blobs: dict[str, bytes] = {}

    def put(self, tag: str, image: Image) -> str:
        """Add the image under the tag, and return its digest."""
        for manifest in (*image.manifests, image.top):
            headers = {"Content-Type": manifest.media_type, "Docker-Content-Digest": manifest.digest}
            self.manifests[manifest.digest] = Reply(200, manifest.body, headers)
        self.blobs |= {blob.digest: blob.body for blob in image.blobs}
        self.tags[tag] = image.digest
        return image.digest

    def __call__(self, call: Call) -> Reply:
        kind, _, reference = call.path.removeprefix(f"/v2/{self.path}/").partition("/")
        if call.path == f"/v2/{self.path}/tags/list" and self.tags:
            return reply_json({"name": self.path, "tags": list(self.tags)})
        if kind == "manifests":
            digest = self.tags.get(reference, reference)
            return self.manifests.get(digest, missing())
        if kind == "blobs" and reference in self.blobs:
            return Reply(200, self.blobs[reference])
        return missing()


def missing(_: Call | None = None) -> Reply:
    """The answer for what a registry does not have."""
    return reply_json({"errors": [{"code": "NAME_UNKNOWN"}]}, status=404)


@contextmanager
def reading(answers: Answers, **options: Any) -> Iterator[tuple[DistributionRegistry, Server]]:
    """A client, built with `options`, of a server that gives `answers`."""
    with serving(answers) as server:
        registry = DistributionRegistry(**{"host": server.host, "plain_http": True, **options})
        try:
            yield registry, server
        finally:
            registry.close()
