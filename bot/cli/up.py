"""`tagboat up`: everything in one process."""

from __future__ import annotations

from bot.cli import opening
from bot.cli.options import DEFAULT_CONFIG, ConfigFile, Format, Level, LogFormat, LogLevel


def up(
    config: ConfigFile = DEFAULT_CONFIG,
    log_level: Level = LogLevel.INFO,
    log_format: Format = LogFormat.AUTO,
) -> None:
    """Run all of Tagboat in one process.

    The page, the webhooks, workers and the schedule, until Ctrl-C or SIGTERM.
    """
    from bot.cli import logs
    from workers import embedded

    settings = opening.settings(config, level=log_level, form=log_format)
    embedded.run(settings, on_ready=logs.tell_address)
