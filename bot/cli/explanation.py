"""What `tagboat explain` found out, as values, and how it is shown: to people, and to scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.cli.diff import coloured
from bot.cli.display import styled
from bot.domain.image import ImageRef
from bot.domain.pipeline import Environment, PipelineImage, Target
from bot.domain.snapshot import ImageChoice

Sight = tuple[str, datetime]
"""The digest of a tag, and when it was first seen."""


@dataclass(frozen=True, slots=True)
class Place:
    """One target of the image in one environment: its file, and what stands there (None: no such file)."""

    environment: Environment
    target: Target
    content: bytes | None
    now: ImageRef | None

    @property
    def keys(self) -> list[str]:
        """What is written there."""
        return list(self.target.place.keys)


@dataclass(frozen=True, slots=True)
class Written:
    """What would happen at one place, in words, and the diff of its file."""

    place: Place
    sentence: str
    diff: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """The choice for one environment that comes after none, and what is remembered of the tags."""

    environment: str
    choice: ImageChoice
    sights: Mapping[str, Sight]


@dataclass(frozen=True, slots=True)
class Explained:
    """One image of one pipeline; `pipeline` None: no pipeline carries it.

    `copies` are the environments to which it comes with a directory.
    """

    pipeline: str | None
    image: PipelineImage
    choices: Sequence[Chosen]
    written: Sequence[Written]
    copies: Sequence[Environment] = ()


def as_json(explained: Explained) -> dict[str, Any]:
    """Everything, as JSON-able values."""
    policy = explained.image.policy
    return {
        "pipeline": explained.pipeline,
        "alias": explained.image.alias or None,
        "image": str(explained.image.name),
        "strategy": policy.strategy.value,
        "constraint": policy.constraint,
        "choices": [_choice_json(each) for each in explained.choices],
        "places": [
            {
                "environment": each.place.environment.name,
                "file": each.place.target.file,
                "keys": each.place.keys,
                "now": str(each.place.now) if each.place.now else None,
                "sentence": each.sentence,
                "diff": list(each.diff),
            }
            for each in explained.written
        ],
        "copies": [_copy_json(each) for each in explained.copies],
    }


def _copy_json(environment: Environment) -> dict[str, Any]:
    promotion = environment.promote
    return {
        "environment": environment.name,
        "from": environment.after[0],
        "directory": promotion.directory if promotion else None,
        "to": promotion.to if promotion else None,
        "keep": [str(rule) for rule in promotion.keep] if promotion else [],
    }


def _choice_json(chosen: Chosen) -> dict[str, Any]:
    choice = chosen.choice.choice
    return {
        "environment": chosen.environment or None,
        "tag": choice.tag,
        "digest": chosen.choice.digest,
        "reason": choice.reason,
        "note": chosen.choice.note,
        "waiting": choice.is_waiting,
        "wake_at": choice.wake_at.isoformat() if choice.wake_at else None,
        "tags": [
            {
                "tag": verdict.tag,
                "chosen": verdict.is_chosen,
                "reason": verdict.reason,
                "digest": sight[0] if sight else None,
                "first_seen": sight[1].isoformat() if sight else None,
            }
            for verdict in choice.verdicts
            for sight in [chosen.sights.get(verdict.tag)]
        ],
    }


def show(console: Console, explained: Explained) -> None:
    """Everything, for people."""
    image = explained.image
    policy = f"{image.policy.strategy} {image.policy.constraint}".strip()
    if explained.pipeline is None:
        head = styled(f"{image.name}", "bold")
        head.append_text(styled(f"  in no pipeline; by {policy}", "bright_black"))
    else:
        head = styled(f"{explained.pipeline}/{image.alias}", "bold")
        head.append_text(styled(f"  {image.name}  {policy}", "bright_black"))
    console.print(head, soft_wrap=True)
    for choice in explained.choices:
        _show_choice(console, choice, is_aged=bool(image.policy.min_age))
    console.print()
    places = [each.place.environment for each in explained.written]
    width = max((len(each.name) for each in (*places, *explained.copies)), default=0)
    for each in explained.written:
        _show_written(console, each, width)
    for environment in explained.copies:
        _show_copy(console, environment, width)


def _show_written(console: Console, written: Written, width: int) -> None:
    place = written.place
    keys = ", ".join(place.keys)
    line = styled(f"  {place.environment.name:<{width}}  {place.target.file}  {keys}: ", "bright_black")
    line.append_text(styled(written.sentence))
    console.print(line, soft_wrap=True)
    if written.diff:
        console.print(coloured(written.diff, indent=4), soft_wrap=True)


def _show_copy(console: Console, environment: Environment, width: int) -> None:
    promotion = environment.promote
    if promotion is None:
        return
    line = styled(f"  {environment.name:<{width}}  {promotion.to}/: ", "bright_black")
    kept = ", ".join(str(rule) for rule in promotion.keep)
    sentence = f"copied from {promotion.directory}/ as it is proved in {environment.after[0]}"
    line.append_text(styled(f"{sentence}, but for {kept}" if kept else sentence))
    console.print(line, soft_wrap=True)


def _show_choice(console: Console, chosen: Chosen, *, is_aged: bool) -> None:
    choice = chosen.choice.choice
    digest = f"  {chosen.choice.digest}" if chosen.choice.digest else ""
    chose = f"{choice.tag}{digest}" if choice.tag else "not yet" if choice.is_waiting else "nothing"
    line = styled(f"  {chosen.environment} → " if chosen.environment else "  → ")
    line.append_text(styled(chose, "green" if choice.tag else "yellow"))
    console.print()
    console.print(line, soft_wrap=True)
    again = f"looked at again by itself at {_minute(choice.wake_at)}" if choice.wake_at else ""
    for text in (choice.reason, chosen.choice.note, again):
        if text:
            console.print(styled(f"  {text}"), soft_wrap=True)
    if choice.verdicts:
        console.print(_table(chosen, is_aged=is_aged))


def _table(chosen: Chosen, *, is_aged: bool) -> Table:
    table = Table(box=None, pad_edge=True, header_style="bright_black")
    table.add_column("", no_wrap=True)
    table.add_column("tag", no_wrap=True, overflow="fold")
    if is_aged:
        table.add_column("first seen", no_wrap=True)
    table.add_column("why", overflow="fold")
    for each in chosen.choice.choice.verdicts:
        mark = styled("✓" if each.is_chosen else "", "green")
        sight = chosen.sights.get(each.tag)
        seen = [styled(_minute(sight[1]) if sight else "")] if is_aged else []
        table.add_row(mark, styled(each.tag, "green" if each.is_chosen else ""), *seen, styled(each.reason))
    return table


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
