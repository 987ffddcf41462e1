"""A worker and the schedule in threads of this process do what they are asked, and end when told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.adapters.clock import SystemClock
from bot.adapters.queues.celery import CeleryQueue, celery_application
from bot.configuration.settings import Settings, WebSettings
from bot.domain.status import State
from tests.flow.worlds import Bench
from workers.app import application
from workers.embedded import background


def settings() -> Settings:
    return Settings(
        store=SecretStr("sqlite://"),
        broker=SecretStr("memory://"),
        cache=Path("unused"),
        poll=timedelta(hours=1),
        web=WebSettings(),
        registries={},
        forges={},
        argocd={},
        notifiers={},
        endpoints={},
    )


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    bench.world = replace(bench.world, clock=SystemClock())
    with background(application(settings(), lambda: bench.world)):
        yield bench


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_message_is_taken_by_the_worker_of_this_process(bench: Bench) -> None:
    CeleryQueue(celery_application("memory://")).reconcile("shop")
    until(lambda: bool(bench.store.board()))
    assert bench.status("dev").state is State.LIVE


def test_the_schedule_finds_what_is_due_without_any_message(bench: Bench) -> None:
    until(lambda: "shop" in bench.queue.pipelines)


def test_nothing_is_left_running() -> None:
    before = threading.active_count()
    with background(application(settings(), lambda: Bench().world)):
        pass
    until(lambda: threading.active_count() <= before + 1)
