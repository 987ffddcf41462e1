"""The schedule: beat only ticks "sweep"; what is due stands in the store, so two beats do no harm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from celery import Celery

from bot.adapters.queues.celery import CATCH_UP, SWEEP, TIDY

_TICK = timedelta(seconds=2)
"""How late a `wake_at` may be met; a sweep that finds nothing is one query."""

_CLEANING = timedelta(hours=6)
"""How often old deliveries and notices are forgotten."""

_CATCHING_UP = timedelta(minutes=10)
"""How often lost webhooks are looked for; the first time at once, since an outage may just have ended."""

_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


def add_schedule(application: Celery) -> None:
    """Let beat ask for a sweep; a tick that no worker took expires, so that none pile up."""
    application.conf.beat_schedule = {
        "sweep": {"task": SWEEP, "schedule": _TICK, "options": {"expires": _TICK.total_seconds() * 2}},
        "tidy": {"task": TIDY, "schedule": _CLEANING, "options": {"expires": _CLEANING.total_seconds()}},
        "catch up": {
            "task": CATCH_UP,
            "schedule": _CATCHING_UP,
            "last_run_at": _NEVER,
            "options": {"expires": _CATCHING_UP.total_seconds()},
        },
    }
