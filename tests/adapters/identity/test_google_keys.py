"""Google's keys: asked for seldom, kept for as long as they may be, and never guessed at."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bot.adapters.identity.google_keys import GoogleKeys
from bot.adapters.identity.memory import MemoryKeys
from bot.domain.errors import Unreachable
from bot.ports import SigningKeys

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _set(*names: str) -> bytes:
    keys = [
        {"kid": name, "kty": "RSA", "alg": "RS256", "use": "sig", "n": "AQAB", "e": "AQAB"} for name in names
    ]
    return json.dumps({"keys": keys}).encode()


@dataclass
class Host:
    """A host of keys on loopback; it answers as it is told, and counts."""

    body: bytes = field(default_factory=lambda: _set("one"))
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Cache-Control": "public, max-age=3600"})
    asked: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)
    address: str = ""

    def __post_init__(self) -> None:
        self.gate.set()


@dataclass
class Hands:
    """A clock that is set by hand."""

    at: datetime = START

    def now(self) -> datetime:
        """The time that was set."""
        return self.at


@pytest.fixture
def host() -> Iterator[Host]:
    told = Host()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked += 1
            told.entered.set()
            told.gate.wait(10)
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    told.address = f"http://127.0.0.1:{server.server_address[1]}/certs"
    yield told
    told.gate.set()
    server.shutdown()
    thread.join(10)
    server.server_close()


def _keys(host: Host) -> tuple[GoogleKeys, Hands]:
    clock = Hands()
    return GoogleKeys(clock, address=host.address), clock


def test_nothing_is_asked_before_a_key_is_needed(host: Host) -> None:
    _keys(host)
    assert host.asked == 0


def test_a_key_is_asked_for_once_and_kept_as_long_as_the_host_says(host: Host) -> None:
    keys, clock = _keys(host)
    for minutes in (0, 30, 59):
        clock.at = START + timedelta(minutes=minutes)
        found = keys.key("one")
        assert found is not None
        assert (found["kty"], found["n"]) == ("RSA", "AQAB")
    assert host.asked == 1
    clock.at = START + HOUR
    host.body = _set("two")
    assert keys.key("one") is None
    assert host.asked == 2


@pytest.mark.parametrize(
    ("cache_control", "age"),
    [
        ("max-age=7200, must-revalidate", timedelta(hours=2)),
        ("no-store", HOUR),
        ("max-age=0", timedelta(minutes=1)),
        ("max-age=999999999", timedelta(days=1)),
        ("max-age=soon", HOUR),
    ],
)
def test_the_time_that_keys_are_kept_is_bounded(host: Host, cache_control: str, age: timedelta) -> None:
    host.headers = {"Cache-Control": cache_control}
    keys, clock = _keys(host)
    keys.key("one")
    clock.at = START + age - timedelta(seconds=1)
    keys.key("one")
    assert host.asked == 1
    clock.at = START + age
    keys.key("one")
    assert host.asked == 2


def test_ids_that_nobody_knows_make_us_ask_once_a_minute_at_most(host: Host) -> None:
    keys, clock = _keys(host)
    for number in range(100):
        assert keys.key(f"forged-{number}") is None
    assert host.asked == 1
    host.body = _set("one", "two")
    clock.at = START + timedelta(seconds=59)
    assert keys.key("two") is None
    clock.at = START + timedelta(seconds=60)
    assert keys.key("two") is not None
    assert host.asked == 2


ANSWERS = {
    "a fault": (503, b"{}"),
    "a redirect": (302, b""),
    "a page": (200, b"<html>"),
    "a list": (200, b"[]"),
    "no keys": (200, b'{"keys": []}'),
    "keys of another kind": (200, b'{"keys": [{"kid": "one", "kty": "EC"}]}'),
    "keys without ids": (200, b'{"keys": [{"kty": "RSA"}, 1, null]}'),
    "deep": (200, b"[" * 100_000),
    "too large": (200, _set("one") + b" " * 300_000),
}


@pytest.mark.parametrize(("status", "body"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_without_keys_is_no_answer(host: Host, status: int, body: bytes) -> None:
    host.status, host.body = status, body
    host.headers = {"Location": "http://127.0.0.1:1/"} if status == 302 else {}
    keys, clock = _keys(host)
    for _ in range(3):
        with pytest.raises(Unreachable, match="signing keys could not be read"):
            keys.key("one")
    assert host.asked == 1
    host.status, host.body = 200, _set("one")
    clock.at = START + timedelta(minutes=1)
    assert keys.key("one") is not None


def test_old_keys_are_trusted_for_a_day_while_the_host_does_not_answer(host: Host) -> None:
    keys, clock = _keys(host)
    keys.key("one")
    host.status = 500
    clock.at = START + HOUR + timedelta(hours=23)
    assert keys.key("one") is not None
    assert keys.key("two") is None
    clock.at = START + HOUR + timedelta(days=1)
    with pytest.raises(Unreachable):
        keys.key("one")


def test_a_host_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(Unreachable) as caught:
        GoogleKeys(Hands(), address="http://127.0.0.1:1/certs").key("one")
    assert caught.value.retry_after == timedelta(minutes=1)


def test_nobody_waits_for_the_one_who_asks(host: Host) -> None:
    keys, _ = _keys(host)
    host.gate.clear()
    first = threading.Thread(target=keys.key, args=("one",))
    first.start()
    assert host.entered.wait(10)
    with pytest.raises(Unreachable):
        keys.key("one")
    host.gate.set()
    first.join(10)
    assert keys.key("one") is not None
    assert host.asked == 1


def test_the_twin_knows_its_keys_and_is_out_of_reach_without_any() -> None:
    twin: SigningKeys = MemoryKeys({"one": {"kty": "RSA"}})
    assert (twin.key("one"), twin.key("two")) == ({"kty": "RSA"}, None)
    with pytest.raises(Unreachable):
        MemoryKeys({}).key("one")
