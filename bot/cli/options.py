"""The options that several verbs share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_CONFIG = Path("tagboat.yaml")
"""Where the configuration is looked for when nobody says."""


class LogFormat(StrEnum):
    """How log lines are written."""

    AUTO = "auto"
    """Text on a terminal, JSON elsewhere."""
    JSON = "json"
    TEXT = "text"


class LogLevel(StrEnum):
    """The least important log line that is written; libraries are kept one level quieter."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _given(context: typer.Context, value: Path) -> Path:
    """What was given after the verb, or before it, or by the environment, or the default: in this order."""
    source = context.get_parameter_source("config")
    before_verb: Path | None = context.find_root().params.get("config")
    is_written_here = source is not None and source.name == "COMMANDLINE"
    return value if is_written_here or before_verb is None else before_verb


ConfigFile = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        envvar="TAGBOAT_CONFIG",
        callback=_given,
        help="The configuration: a YAML file, or a folder of them.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for scripts instead of text.")]
ExitCode = Annotated[
    bool,
    typer.Option("--exit-code", help="Exit with 3 when something waits for a human, 1 when unknown."),
]
Level = Annotated[LogLevel, typer.Option("--log-level", help="The least important line to log.")]
Format = Annotated[
    LogFormat, typer.Option("--log-format", help="auto: text on a terminal, JSON lines elsewhere.")
]
