"""The queue over Celery: messages carry a pipeline's name and nothing else.

The tasks themselves are in `workers.tasks`; here they are only called by name. Settings that keep a message
from being lost or run twice are a convenience, not a promise: the store knows what is due.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.exceptions import OperationalError as CeleryOperationalError
from kombu.exceptions import OperationalError

from bot.domain.errors import Unreachable

RECONCILE = "tagboat.reconcile"
ANNOUNCE = "tagboat.announce"
SWEEP = "tagboat.sweep"
TIDY = "tagboat.tidy"
CATCH_UP = "tagboat.catch_up"

_WORK, _NEWS = "tagboat", "tagboat-announce"
QUEUES = (_WORK, _NEWS)
"""What a worker takes from. Notices have a queue of their own: they do not stand in line behind looks."""

_VISIBILITY = 900
"""Seconds after which Redis gives a message that no worker acknowledged to another: longer than any task."""

_PAUSE = 5.0
"""Seconds in which a broker that did not answer is not asked again."""

_MASTER = re.compile(r"\?master_name=(?P<name>[A-Za-z0-9._-]+)$")

_EXPIRES = 30
"""Seconds after which a wake is not worth doing: the sweep has sent others by then."""


def celery_application(broker_url: str) -> Celery:
    """A Celery application with the settings that Tagboat relies on; it has no tasks yet.

    A Sentinel names its master in the URL: `sentinel://one:26379;sentinel://two:26379?master_name=tagboat`
    (`mymaster`, Redis's own default, where it does not).
    """
    address, options = _transport(broker_url)
    application = Celery("tagboat", broker=address, set_as_current=False)
    application.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_default_queue=_WORK,
        task_routes={ANNOUNCE: {"queue": _NEWS}},
        task_soft_time_limit=240,
        task_time_limit=300,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_pool_limit=4,
        broker_transport_options=options,
    )
    return application


class CeleryQueue:
    """Port `Queue` over a Celery application.

    An unreachable broker raises `Unreachable`: the first call takes as long as the client tries (about 6 s),
    those of the next seconds fail at once. `monotonic` gives seconds.
    """

    def __init__(self, application: Celery, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._application = application
        self._monotonic = monotonic
        self._down_until = 0.0

    def reconcile(self, pipeline: str) -> None:
        """Send one message with the pipeline's name."""
        self._send(RECONCILE, [pipeline])

    def announce(self) -> None:
        """Send one message that asks for the outbox to be emptied."""
        self._send(ANNOUNCE, [])

    def _send(self, task: str, args: list[str]) -> None:
        if self._monotonic() < self._down_until:
            raise _unreachable("it did not answer a moment ago")
        try:
            self._application.send_task(task, args=args, expires=_EXPIRES, retry=False)
        except (OperationalError, CeleryOperationalError, OSError) as error:
            self._down_until = self._monotonic() + _PAUSE
            raise _unreachable(type(error).__name__) from error


def _unreachable(why: str) -> Unreachable:
    return Unreachable(
        "the message broker cannot be reached",
        why=why,
        fix="nothing is lost: the sweep sends it again once the broker answers",
    )


def _transport(broker_url: str) -> tuple[str, dict[str, Any]]:
    """The URL as the transport takes it, and the transport's options."""
    if broker_url.startswith("memory:"):
        return broker_url, {"polling_interval": 0.02}
    options: dict[str, Any] = {
        "visibility_timeout": _VISIBILITY,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_keepalive": True,
        "socket_connect_timeout": 2,
        "health_check_interval": 25,
        "global_keyprefix": "tagboat:",
    }
    if broker_url.startswith("sentinel:"):
        named = _MASTER.search(broker_url)
        options["master_name"] = named["name"] if named else "mymaster"
        return _MASTER.sub("", broker_url), options
    return broker_url, options
