"""The tasks: each unpacks its message, calls one function of the flow, and returns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from celery import Celery

from bot.adapters.queues.celery import ANNOUNCE, CATCH_UP, RECONCILE, SWEEP, TIDY
from bot.flow.announce import announce
from bot.flow.attend import attend
from bot.flow.catch_up import Memory, catch_up
from bot.flow.reconcile import reconcile
from bot.flow.sweep import sweep, tidy
from bot.flow.world import World

_NOTICES = 100
"""Notices told by one message at most: a long outbox is emptied in several tasks."""


def register(application: Celery, world: Callable[[], World], *, look_every: timedelta) -> None:
    """Give the application its tasks. `world` is called in the process that runs them."""
    deliveries = Memory()

    @application.task(name=RECONCILE, shared=False)
    def reconcile_pipeline(name: str) -> None:
        here = world()
        (attend if name in here.attended else reconcile)(here, name)

    @application.task(name=ANNOUNCE, shared=False)
    def announce_notices() -> None:
        here = world()
        announce(here.store, here.notifiers, here.clock, _NOTICES)

    @application.task(name=SWEEP, shared=False)
    def sweep_pipelines() -> None:
        sweep(world(), every=look_every)

    @application.task(name=TIDY, shared=False)
    def forget_what_is_old() -> None:
        tidy(world())

    @application.task(name=CATCH_UP, shared=False)
    def ask_for_lost_deliveries() -> None:
        catch_up(world(), deliveries)
