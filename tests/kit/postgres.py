"""A real PostgreSQL for tests, on a Unix socket in a folder of its own: no port, no system service.

`initdb` and `postgres` refuse to run as root, so root runs them as the user `postgres`, or as `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

PASSWORD = "canary-p4ssword"
"""The password of the server's only user; no error and no log may ever show it."""

_START_SECONDS = 30.0
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "16MB",
    "max_connections": "60",
    # Nobody waits for a plan, a crash or a second server here.
    "autovacuum": "off",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The socket folder of a running server; skipped where PostgreSQL is not installed."""
    if _programs() is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with postgres() as folder:
        yield folder


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty database of its own."""
    name = f"test_{uuid.uuid4().hex}"
    with connected(database_url(postgres_server, "postgres")) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield database_url(postgres_server, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def connected(url: str) -> psycopg.Connection:
    """A connection whose statements take effect at once."""
    return psycopg.connect(url, autocommit=True)


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server of its own; gives the folder of its socket, which is the `host` of a connection."""
    programs = _programs()
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed")
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as text:
        folder = Path(text)
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (folder, secret):
                os.chown(path, _user().pw_uid, _user().pw_gid)
        options = ["--username=postgres", f"--pwfile={secret}", "--auth=scram-sha-256", "--no-sync"]
        data = folder / "data"
        _run([str(programs / "initdb"), *options, "--encoding=UTF8", "--locale=C", f"--pgdata={data}"])
        settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        command = [str(programs / "postgres"), f"-D{data}", f"-k{folder}", *settings]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(_as_user(command), stdout=log, stderr=log, cwd=folder)
        try:
            _await(server, folder)
            yield text
        finally:
            server.send_signal(signal.SIGINT)  # a fast shutdown: clients are cut off
            _ended(server)


def _programs() -> Path | None:
    found = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    path = Path(found) if found else installed[-1] if installed else None
    return path.resolve().parent if path else None


def database_url(folder: str, database: str) -> str:
    """The URL of a database of the server whose socket is in this folder."""
    return f"postgresql://postgres:{PASSWORD}@/{database}?host={folder}"


def _user() -> pwd.struct_passwd:
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _as_user(command: Sequence[str]) -> Sequence[str]:
    if os.geteuid() != 0:
        return command
    return ["setpriv", f"--reuid={_user().pw_uid}", f"--regid={_user().pw_gid}", "--clear-groups", *command]


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(_as_user(command), capture_output=True, text=True, cwd="/", check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-2000:]}")


def _await(server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            psycopg.connect(database_url(str(folder), "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
            continue
        return
    raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()[-2000:]}")


def _ended(server: subprocess.Popen[bytes]) -> None:
    try:
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
