"""The Celery application with its tasks and schedule, built for one configuration.

The world (database connections, HTTP pools) is built in the process that runs the tasks: a forked child
must not share its parent's sockets.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from celery import Celery

from bot import wiring
from bot.adapters.queues.celery import celery_application
from bot.configuration.settings import Settings
from bot.flow.world import World
from workers.schedule import add_schedule
from workers.tasks import register


def application(settings: Settings, world: Callable[[], World] | None = None) -> Celery:
    """The Celery application of this configuration; `world` is given where it was built already."""
    app = celery_application(settings.broker.get_secret_value())
    register(app, world or _once_per_process(lambda: wiring.world(settings)), look_every=settings.poll)
    add_schedule(app)
    app.set_default()  # a pool looks its tasks up in the process's default application
    return app


def _once_per_process(build: Callable[[], World]) -> Callable[[], World]:
    built: dict[int, World] = {}
    lock = threading.Lock()

    def world() -> World:
        with lock:
            if os.getpid() not in built:
                built.clear()  # a forked child drops what it inherited from its parent
                built[os.getpid()] = build()
            return built[os.getpid()]

    return world
