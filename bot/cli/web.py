"""`tagboat web`: the page and the webhooks alone."""

from __future__ import annotations

from bot.cli import opening
from bot.cli.options import DEFAULT_CONFIG, ConfigFile, Format, Level, LogFormat, LogLevel


def web(
    config: ConfigFile = DEFAULT_CONFIG,
    log_level: Level = LogLevel.INFO,
    log_format: Format = LogFormat.AUTO,
) -> None:
    """Serve the page, the API and the webhooks.

    Workers and beat run elsewhere; any number of this may run.
    """
    from bot.cli import logs
    from workers import distributed

    settings = opening.settings(config, level=log_level, form=log_format)
    distributed.run_web(settings, on_ready=logs.tell_address)
