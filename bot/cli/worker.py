"""`tagboat worker`: what does the work, alone."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bot.cli import opening
from bot.cli.options import DEFAULT_CONFIG, ConfigFile, Format, Level, LogFormat, LogLevel


class Pool(StrEnum):
    """How a worker runs several tasks at once."""

    THREADS = "threads"
    PREFORK = "prefork"


def worker(
    config: ConfigFile = DEFAULT_CONFIG,
    concurrency: Annotated[
        int, typer.Option("--concurrency", "-n", min=1, max=256, help="How many tasks run at once.")
    ] = 8,
    pool: Annotated[
        Pool,
        typer.Option(
            "--pool", help="threads share caches; prefork processes can be ended when a task hangs."
        ),
    ] = Pool.THREADS,
    log_level: Level = LogLevel.INFO,
    log_format: Format = LogFormat.AUTO,
) -> None:
    """Look at pipelines and tell people, as the queue asks.

    Any number of this may run.
    """
    from bot.cli import logs
    from workers import distributed

    settings = opening.settings(config, level=log_level, form=log_format)
    logs.keep_celery_out()
    distributed.run_worker(settings, concurrency=concurrency, pool=pool.value)
