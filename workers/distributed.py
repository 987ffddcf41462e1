"""The parts in processes of their own: any number of `web` and `worker`, and `beat`."""

from __future__ import annotations

from collections.abc import Callable

from bot import wiring
from bot.adapters.queues.celery import QUEUES
from bot.configuration.settings import Settings
from bot.domain.errors import Refused
from bot.web.app import application as web_application
from bot.web.server import serve
from workers.app import application

_SCHEDULER = "celery.beat:Scheduler"
"""Keeps the time of the last tick in memory: what is due stands in the store, so no file is needed."""


def run_web(settings: Settings, *, on_ready: Callable[[str], None]) -> None:
    """Serve the page and the webhooks until a signal stops it."""
    page = web_application(wiring.world(settings), settings)
    serve(page, settings.web.host, settings.web.port, on_ready=on_ready)


def run_worker(settings: Settings, *, concurrency: int, pool: str) -> None:
    """Run tasks until a signal stops it; `Refused` without a broker that processes can share.

    `pool` is Celery's: `threads` shares caches and connections and suits work that waits for others;
    `prefork` adds hard time limits for each task.
    """
    _require_shared_broker(settings)
    worker = application(settings).Worker(
        pool=pool,
        concurrency=concurrency,
        queues=list(QUEUES),
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    worker.start()
    raise SystemExit(worker.exitcode)


def run_beat(settings: Settings) -> None:
    """Tick until a signal stops it; two of them do no harm. `Refused` as `run_worker`."""
    _require_shared_broker(settings)
    application(settings).Beat(scheduler_cls=_SCHEDULER, quiet=True).run()


def _require_shared_broker(settings: Settings) -> None:
    if settings.broker.get_secret_value().startswith("memory:"):
        raise Refused(
            "this part of Tagboat cannot run by itself",
            why="the broker is memory://, which ends at this process",
            fix="set `broker` to redis://…, or run everything in one process with `tagboat up`",
        )
