"""`tagboat hold`, `resume`, `skip`, `rebase`, `promote`, `rollback`: orders; `tagboat orders` shows them.

They do what the commands in comments do, for whoever may read the configuration.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from bot.cli import display, opening
from bot.cli.display import styled
from bot.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from bot.cli.who import me
from bot.domain.people.command import LONGEST_REASON, Command, Place, Verb, parse_length

if TYPE_CHECKING:
    from bot.domain.people.order import Order
    from bot.domain.pipeline import Pipeline
    from bot.ports import Orders

_MOST_SHOWN = 50

PipelineName = Annotated[str, typer.Argument(metavar="PIPELINE", help="The pipeline's name.")]
EnvironmentName = Annotated[str, typer.Argument(metavar="ENVIRONMENT", help="The environment's name.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for people who wonder.")]


def hold(
    pipeline: PipelineName,
    environment: EnvironmentName,
    length: Annotated[str, typer.Option("--for", help="How long: 90m, 2h, 3d. Default: until resume.")] = "",
    reason: Reason = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Keep what runs: nothing is proposed or merged there."""
    _tell(config, Place(pipeline, environment), Command(Verb.HOLD, length=_length(length), reason=reason))


def resume(
    pipeline: PipelineName,
    environment: EnvironmentName,
    reason: Reason = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """End a hold, or a rollback."""
    _tell(config, Place(pipeline, environment), Command(Verb.RESUME, reason=reason))


def skip(
    pipeline: PipelineName,
    environment: EnvironmentName,
    reason: Reason = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Say no to the proposed release; the next is proposed."""
    _tell(config, Place(pipeline, environment), Command(Verb.SKIP, reason=reason))


def rebase(pipeline: PipelineName, environment: EnvironmentName, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Build an open pull request's branch anew on its base."""
    _tell(config, Place(pipeline, environment), Command(Verb.REBASE))


def promote(
    pipeline: PipelineName,
    environment: EnvironmentName,
    force: Annotated[bool, typer.Option("--force", help="Outside its windows too.")] = False,
    reason: Reason = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Let the waiting release go on, unsoaked and unapproved."""
    _tell(config, Place(pipeline, environment), Command(Verb.PROMOTE, reason=reason, is_forced=force))


def rollback(
    pipeline: PipelineName,
    environment: EnvironmentName,
    reason: Reason = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Propose the release that ran before, and hold it."""
    _tell(config, Place(pipeline, environment), Command(Verb.ROLLBACK, reason=reason))


def overwrite(
    pipeline: PipelineName,
    environment: EnvironmentName,
    reason: Reason = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Let the next copy of a directory undo what stops it."""
    _tell(config, Place(pipeline, environment), Command(Verb.OVERWRITE, reason=reason))


def orders(pipeline: PipelineName, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show who told what of a pipeline, refused or not."""
    world = opening.world(config)
    (chosen,) = opening.chosen(world.pipelines, pipeline)
    told = _told(world.orders, chosen) if world.orders else ()
    if as_json:
        display.write_json([_plain(order) for order in told])
        return
    console = display.console()
    if not told:
        console.print("Nobody told anything.")
        return
    table = Table(box=None, pad_edge=False, header_style="bright_black")
    for column in ("when", "environment", "what", "who"):
        table.add_column(column, no_wrap=True)
    table.add_column("why", overflow="fold")
    for order in told:
        when = f"{order.at:%Y-%m-%d %H:%M} UTC"
        why = f"refused: {order.refusal}" if order.refusal else order.reason
        table.add_row(when, *map(styled, (order.environment, _what(order), order.who, why)))
    console.print(table)


VERBS: Sequence[Callable[..., None]] = (hold, resume, skip, rebase, promote, rollback, overwrite)
"""The verbs that give an order."""


def _told(orders: Orders, pipeline: Pipeline) -> Sequence[Order]:
    """What was told of the pipeline, and what was refused in its repository before a pipeline was known."""
    from bot.flow.world import Attended

    elsewhere = orders.told(Attended(pipeline.repository).name, limit=_MOST_SHOWN)
    refused = (order for order in elsewhere if order.refusal)
    told = [*orders.told(pipeline.name, limit=_MOST_SHOWN), *refused]
    return sorted(told, key=lambda order: order.at, reverse=True)[:_MOST_SHOWN]


def _what(order: Order) -> str:
    """`hold until 2026-11-23 09:00 UTC`, `promote 1.1.0 by force`; nothing where it was not understood."""
    if not order.environment:
        return ""
    until = f"until {order.until:%Y-%m-%d %H:%M} UTC" if order.until else ""
    force = "by force" if order.is_forced else ""
    return " ".join(text for text in (order.verb, order.version, until, force) if text)


def _tell(config: Path, place: Place, command: Command) -> None:
    from bot.flow.tell import Teller, sentence_for, tell

    world = opening.world(config)
    (pipeline,) = opening.chosen(world.pipelines, place.pipeline)
    names = [each.name for each in pipeline.environments]
    if place.environment not in names:
        known = ", ".join(names)
        what = f"{place.pipeline} has no environment {place.environment!r} (one of {known})"
        raise typer.BadParameter(what, param_hint="ENVIRONMENT")
    if len(command.reason) > LONGEST_REASON or not command.reason.isprintable():
        what = f"a reason is one line of at most {LONGEST_REASON} characters"
        raise typer.BadParameter(what, param_hint="--reason")
    teller = Teller(f"cli/{uuid.uuid4().hex}", me(), world.clock.now())
    order = tell(world, place, command, teller)
    resume = f"tagboat resume {place.pipeline} {place.environment}"
    display.console().print(styled(sentence_for(order, resume=resume).replace("`", "")), soft_wrap=True)


def _length(text: str) -> timedelta | None:
    try:
        return parse_length(text) if text else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--for") from error


def _plain(order: Order) -> dict[str, object]:
    return {
        "at": order.at.isoformat(),
        "environment": order.environment,
        "verb": str(order.verb),
        "who": order.who,
        "reason": order.reason,
        "until": order.until.isoformat() if order.until else None,
        "version": order.version,
        "forced": order.is_forced,
        "refusal": order.refusal,
        "where": order.where,
    }
