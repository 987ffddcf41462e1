"""Everything in one process: web, worker threads and schedule, over the in-memory transport.

The same tasks and the same store as in the distributed form; losing the queue with the process loses
nothing, because the sweep finds what is due.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery
from celery.beat import EmbeddedService, Scheduler

from bot import wiring
from bot.adapters.queues.celery import QUEUES
from bot.configuration.settings import Settings
from bot.web.app import application as web_application
from bot.web.server import serve
from workers.app import application

_THREADS = 8
"""Reconciles and posts wait for others most of the time; eight at once keep two cores busy."""

_GRACE = 30.0
"""Seconds that a running task gets to end when Tagboat stops; the next start goes on from any point."""


def run(settings: Settings, *, on_ready: Callable[[str], None]) -> None:
    """Serve until a signal stops it; `on_ready` is given the page's address once it answers."""
    world = wiring.world(settings)
    page = web_application(world, settings)
    with background(application(settings, lambda: world)):
        serve(page, settings.web.host, settings.web.port, on_ready=on_ready)


@contextmanager
def background(app: Celery) -> Iterator[None]:
    """Run a worker and the schedule of the application in threads of this process."""
    worker = app.WorkController(
        pool_cls="threads",
        concurrency=_THREADS,
        queues=list(QUEUES),
        without_heartbeat=True,
        without_gossip=True,
        without_mingle=True,
    )
    thread = threading.Thread(target=worker.start, name="worker", daemon=True)
    beat: Any = EmbeddedService(app, thread=True, scheduler_cls=Scheduler)
    thread.start()
    beat.start()
    try:
        yield
    finally:
        beat.stop()
        worker.stop()
        thread.join(_GRACE)
