"""Sweep: wake every pipeline whose time has come, and re-enqueue what was lost.

The store knows what is due, so Redis may vanish at any time, and two sweeps at once do no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.flow.receive import ask_for_announcements, wake
from bot.flow.world import World


def sweep(world: World, *, every: timedelta) -> Sequence[str]:
    """Send one message for each pipeline or repository that is due and has none; return their names.

    `every` is how long a pipeline may go unlooked at where no webhook comes. Notices that wait for a new
    try are asked for too.
    """
    now = world.clock.now()
    names = wake(world, world.store.due([*world.pipelines, *world.attended], now=now, every=every))
    if world.store.outbox(now=now, limit=1):
        ask_for_announcements(world)
    return names


def tidy(world: World) -> int:
    """Forget what is too old to matter; return how many rows went."""
    now = world.clock.now()
    orders = world.orders.tidy(now=now) if world.orders else 0
    return world.store.tidy(now=now) + world.catalog.tidy(now=now) + orders
