"""Parts that run by themselves need a broker that they share."""

from __future__ import annotations

import pytest

from bot.domain.errors import Refused
from tests.workers.test_embedded import settings
from workers.distributed import run_beat, run_worker


def test_a_worker_without_a_shared_broker_says_what_to_do() -> None:
    with pytest.raises(Refused, match="run everything in one process with `tagboat up`"):
        run_worker(settings(), concurrency=1, pool="threads")


def test_a_beat_without_a_shared_broker_says_what_to_do() -> None:
    with pytest.raises(Refused, match="set `broker` to redis"):
        run_beat(settings())
