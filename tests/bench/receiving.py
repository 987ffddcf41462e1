"""Receiving: webhook deliveries made durable on SQLite, against plain inserts of the same rows one by one.

The floor writes what must be written (the delivery, and the wake of a pipeline) by prepared statements, each
pair in a transaction of its own, as the store did if Python and SQLAlchemy cost nothing.
"""

from __future__ import annotations

import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from bot.adapters.stores import codec
from bot.adapters.stores.sql import SqlStore
from bot.domain.image import ImageName
from bot.ports import Delivery

_DELIVERIES = 3000
_PIPELINES = 100
_THREADS = 8
_ROUNDS = 3
_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_INSERT = "INSERT INTO deliveries (sender, key, received_at, facts) VALUES (?, ?, ?, ?)"
_WAKE = (
    "INSERT INTO pipelines (name, wake_seq, woken_at) VALUES (?, 1, ?)"
    " ON CONFLICT (name) DO UPDATE SET wake_seq = wake_seq + 1, woken_at = excluded.woken_at"
)


def run() -> None:
    """Print deliveries a second, the median of some rounds, and how the floor compares."""
    ways: dict[str, Callable[[Path], None]] = {
        "plain inserts": _plain,
        "received by 1 thread": lambda path: _received(path, threads=1, announces=False),
        f"received by {_THREADS} threads": lambda path: _received(path, threads=_THREADS, announces=False),
        f"announced and received by {_THREADS}": lambda path: _received(
            path, threads=_THREADS, announces=True
        ),
    }
    rounds = [{name: _rate(way) for name, way in ways.items()} for _ in range(_ROUNDS)]
    rates = {name: statistics.median(each[name] for each in rounds) for name in ways}
    floor = rates["plain inserts"]
    for name, rate in rates.items():
        sys.stdout.write(f"  {name}: {rate:,.0f} a second, {floor / rate:.1f} times the floor's time\n")


def _rate(way: Callable[[Path], None]) -> float:
    with tempfile.TemporaryDirectory(prefix="tagboat-bench-") as folder:
        path = Path(folder) / "tagboat.db"
        SqlStore(f"sqlite:///{path}").close()
        begun = time.perf_counter()
        way(path)
        return _DELIVERIES / (time.perf_counter() - begun)


def _plain(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = NORMAL")
    for number in range(_DELIVERIES):
        delivery = _delivery(number)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_INSERT, (delivery.sender, delivery.key, number, codec.encode(delivery.facts)))
        connection.execute(_WAKE, (f"app-{number % _PIPELINES}", number))
        connection.execute("COMMIT")
    connection.close()


def _received(path: Path, *, threads: int, announces: bool) -> None:
    store = SqlStore(f"sqlite:///{path}")

    def receive(number: int) -> bool:
        name = f"app-{number % _PIPELINES}"
        if announces:
            store.catalog.announce({ImageName("ghcr.io", f"acme/{name}"): [f"1.0.{number}"]}, now=_NOW)
        return store.receive(_delivery(number), pipelines=[name], now=_NOW)

    with ThreadPoolExecutor(threads) as pool:
        if not all(pool.map(receive, range(_DELIVERIES))):
            raise RuntimeError("a delivery that came once was taken for a repeat")
    store.close()


def _delivery(number: int) -> Delivery:
    fact = {
        "kind": "image_pushed",
        "image": f"ghcr.io/acme/app-{number % _PIPELINES}",
        "tag": f"1.0.{number}",
        "digest": f"sha256:{number:064}",
    }
    return Delivery("registry", f"key-{number}", (fact,))
