"""How a verb begins: the configuration is read, logs are set up, and the world is built."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.cli.options import LogFormat, LogLevel

if TYPE_CHECKING:
    from bot.configuration.settings import Settings
    from bot.domain.pipeline import Pipeline
    from bot.flow.world import World


def settings(config: Path, *, level: LogLevel = LogLevel.ERROR, form: LogFormat = LogFormat.AUTO) -> Settings:
    """Read the configuration and set up logs, which mask its secrets.

    Raises:
        ConfigurationError: it cannot be used; all its problems at once.
    """
    from bot.cli import logs
    from bot.configuration.build import load

    loaded = load(config, os.environ)
    logs.set_up(loaded, level=level, form=form)
    return loaded


def world(config: Path, *, host: str = "") -> World:
    """Everything that the configuration names, for a verb that asks once and ends.

    `host` is a registry to be asked too, though the configuration may not name it.

    Raises:
        ConfigurationError: the configuration cannot be used.
        TagboatError: the store cannot be opened, or a setting cannot be used.
    """
    from bot import wiring
    from bot.configuration.registries import unlisted

    loaded = settings(config)
    further = {host: unlisted(host)} if host else {}
    return wiring.world(replace(loaded, registries={**further, **loaded.registries}))


def chosen(pipelines: Mapping[str, Pipeline], name: str | None) -> Sequence[Pipeline]:
    """The pipeline of that name, or all of them.

    Raises:
        typer.BadParameter: there is none of that name.
    """
    if name is None:
        return list(pipelines.values())
    if name not in pipelines:
        known = f"one of {', '.join(sorted(pipelines)[:20])}" if pipelines else "the configuration has none"
        raise typer.BadParameter(f"there is no pipeline {name!r} ({known})", param_hint="PIPELINE")
    return [pipelines[name]]
