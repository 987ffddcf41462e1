"""Sweep: wake every pipeline whose time has come, and re-enqueue what was lost.

The store knows what is due, so Redis may vanish at any time, and two sweeps at once do no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.flow.receive import wake
from bot.flow.world import World


def sweep(world: World, *, every: timedelta) -> Sequence[str]:
    """Send one message for each pipeline that is due and return their names.

    `every` is how long a pipeline may go unlooked at where no webhook comes.
    """
    names = world.store.due(list(world.pipelines), now=world.clock.now(), every=every)
    wake(world, names)
    world.queue.announce()
    return names
