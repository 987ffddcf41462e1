"""`tagboat status`: the board in the terminal, with the same data as the page and the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli import display, exit_codes, opening
from bot.cli.display import STYLES, styled, versions
from bot.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, ExitCode
from bot.domain.status import EnvironmentStatus, PipelineStatus

_NEVER = "never looked at (is `tagboat up` running with this configuration?)"


def status(
    pipeline: Annotated[str | None, typer.Argument(help="Default: every pipeline.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
    exit_code: ExitCode = False,
) -> None:
    """Show which version is where, what waits, and why.

    The same as the page shows, as of the last look.
    """
    from bot.flow.status import board, status_json

    world = opening.world(config)
    pipelines = opening.chosen(world.pipelines, pipeline)
    names = {each.name for each in pipelines}
    shown = [each for each in board(world) if each.name in names]
    now = world.clock.now()
    if as_json:
        display.write_json(status_json(shown))
    else:
        _show(display.console(), shown, now)
    if exit_code:
        raise typer.Exit(exit_codes.code_for(shown, pipelines, now=now))


def _show(console: Console, shown: Sequence[PipelineStatus], now: datetime) -> None:
    if not shown:
        console.print("No pipeline is configured: add one under `pipelines` and run `tagboat check`.")
    for each in shown:
        head = styled(each.name, "bold")
        head.append_text(styled(f"  {each.repository}  {_looked(each, now)}", "bright_black"))
        console.print(head, soft_wrap=True)
        if each.problem:
            console.print(styled(f"cannot be looked at: {each.problem}", "bold red"), soft_wrap=True)
        if each.untold:
            console.print(styled(f"people are not told: {each.untold}", "bold red"), soft_wrap=True)
        console.print(_table(each, now))


def _table(shown: PipelineStatus, now: datetime) -> Table:
    table = Table(box=None, pad_edge=True, header_style="bright_black")
    for name, is_free in (
        ("environment", False),
        ("state", False),
        ("version", False),
        ("since", False),
        ("pull request", False),
        ("why", True),
    ):
        table.add_column(name, no_wrap=not is_free, overflow="fold")
    for each in shown.environments:
        table.add_row(
            styled(each.name, "bold"),
            styled(str(each.state), STYLES[each.state]),
            Text("\n").join(styled(line) for line in versions(each).split(", ")),
            styled(_ago(each.live_since, now) if each.live_since else ""),
            styled(str(each.pull_request.number) if each.pull_request else ""),
            _why(shown.name, each),
        )
    return table


def _why(pipeline: str, status: EnvironmentStatus) -> Text:
    """The reason, where to see the pull request, and each Application with its verdict, a line each."""
    lines = [styled(status.reason)] if status.reason else []
    if status.pull_request:
        shown_by_us = f"tagboat pr show {pipeline} {status.name}"
        lines.append(styled(status.pull_request.url or shown_by_us, "underline"))
    for each in status.applications:
        reason = f": {each.reason}" if each.reason else ""
        lines.append(styled(f"{each.name} {each.verdict}{reason}", "bright_black"))
    return Text("\n").join(lines)


def _looked(status: PipelineStatus, now: datetime) -> str:
    return f"looked at {_ago(status.looked_at, now)} ago" if status.looked_at else _NEVER


def _ago(moment: datetime, now: datetime) -> str:
    """The largest unit is enough: `3d`, `2h`, `5m`, `12s`."""
    seconds = max(0, int((now - moment).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
