"""`tagboat beat`: the schedule alone."""

from __future__ import annotations

from bot.cli import opening
from bot.cli.options import DEFAULT_CONFIG, ConfigFile, Format, Level, LogFormat, LogLevel


def beat(
    config: ConfigFile = DEFAULT_CONFIG,
    log_level: Level = LogLevel.INFO,
    log_format: Format = LogFormat.AUTO,
) -> None:
    """Keep time: ask workers for what is due.

    One is enough, two do no harm.
    """
    from bot.cli import logs
    from workers import distributed

    settings = opening.settings(config, level=log_level, form=log_format)
    logs.keep_celery_out()
    distributed.run_beat(settings)
