"""A real Redis for tests, on a free port of the loopback, keeping nothing: no system service."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

_START_SECONDS = 15.0


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a running server, shared by a test process; skipped where Redis is not installed."""
    if shutil.which("redis-server") is None:
        pytest.skip("Redis is not installed (Debian: apt-get install redis-server)")
    with redis_server() as url:
        yield url


@contextmanager
def redis_server() -> Iterator[str]:
    """Run a server of its own; gives its URL. Leaving the block ends it."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="redis-") as text:
        folder = Path(text)
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", text]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen([*command, "--save", "", "--appendonly", "no"], stdout=log, stderr=log)
        try:
            _await(server, port, folder / "log")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.kill()
            server.wait()


def _await(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    with redis.Redis(port=port, socket_timeout=1) as client:
        while time.monotonic() < deadline and server.poll() is None:
            try:
                client.ping()
            except redis.ConnectionError:
                time.sleep(0.02)
                continue
            return
    raise RuntimeError(f"Redis did not start: {log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
