"""Decoding: what hostile bodies of a MiB cost until refused, beside `json.loads` of an honest one."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from statistics import median

from bot.webhooks.body import decode
from bot.webhooks.reader import Unreadable
from tests.webhooks.hostile_bodies import HOSTILE

_ROUNDS = 5
_LIMIT = 10.0
_HONEST = json.dumps([{"name": f"acme/app-{at}", "tag": f"1.0.{at}"} for at in range(25_000)]).encode()


def run() -> None:
    """Print how many times as long as an honest body each takes."""
    floor = _seconds(json.loads, _HONEST)
    for name, body in HOSTILE.items():
        times = _seconds(_refused, body) / floor
        verdict = "within" if times < _LIMIT else "ABOVE"
        sys.stdout.write(f"  {name}: {times:.2f} times the floor: {verdict} the limit of {_LIMIT:.0f}\n")


def _refused(body: bytes) -> None:
    try:
        decode(body)
    except Unreadable:
        return
    raise RuntimeError("a hostile body was read")


def _seconds(work: Callable[[bytes], object], body: bytes) -> float:
    took = []
    for _ in range(_ROUNDS):
        begun = time.process_time()
        work(body)
        took.append(time.process_time() - begun)
    return median(took)
