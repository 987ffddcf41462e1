"""`tagboat explain`: every tag of an image with its verdict, and what would be written where.

The choice is made by the very code that decides in the loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.cli import display, opening
from bot.cli.diff import coloured, unified
from bot.cli.display import styled
from bot.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from bot.domain.errors import NotFound, TagboatError
from bot.domain.image import ImageName, ImageRef, parse_image_ref
from bot.domain.pipeline import Environment, Pipeline, PipelineImage, Target
from bot.domain.selection import Strategy
from bot.domain.snapshot import ImageChoice

if TYPE_CHECKING:
    from bot.flow.world import World


@dataclass(frozen=True, slots=True)
class _Place:
    """One target of the image in one environment: its file, and what stands there (None: no such file)."""

    environment: Environment
    target: Target
    content: bytes | None
    now: ImageRef | None


@dataclass(frozen=True, slots=True)
class _Written:
    """What would happen at one place, in words, and the diff of its file."""

    place: _Place
    sentence: str
    diff: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The choice for one environment that comes after none."""

    environment: str
    choice: ImageChoice


@dataclass(frozen=True, slots=True)
class _Explained:
    """One image of one pipeline."""

    pipeline: Pipeline
    image: PipelineImage
    choices: Sequence[_Chosen]
    written: Sequence[_Written]


def explain(
    image: Annotated[str, typer.Argument(help="PIPELINE/ALIAS, or an image's name as in the configuration.")],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show every tag of an image and why it was chosen or not.

    And what would be written where.
    """
    world = opening.world(config)
    explained = [_explained(world, *each) for each in _named(world.pipelines, image)]
    if as_json:
        display.write_json([_as_json(each) for each in explained])
        return
    console = display.console()
    for each in explained:
        _show(console, each)


def _named(pipelines: Mapping[str, Pipeline], text: str) -> Sequence[tuple[Pipeline, PipelineImage]]:
    """The images that are meant: one by its alias, or each pipeline's one of that name."""
    everything = [(pipeline, image) for pipeline in pipelines.values() for image in pipeline.images]
    by_alias = [each for each in everything if f"{each[0].name}/{each[1].alias}" == text]
    name = _name(text)
    found = by_alias or [each for each in everything if each[1].name == name]
    if found:
        return found
    known = {f"{pipeline.name}/{image.alias}" for pipeline, image in everything}
    known |= {str(image.name) for _, image in everything}
    close = get_close_matches(text, sorted(known), n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else "see `tagboat status` for the pipelines"
    raise typer.BadParameter(f"no pipeline carries {text[:200]!r} ({hint})", param_hint="IMAGE")


def _name(text: str) -> ImageName | None:
    """The image's name; a tag or digest behind it may stand there and changes nothing."""
    try:
        return parse_image_ref(text).name
    except ValueError:
        return None


def _explained(world: World, pipeline: Pipeline, image: PipelineImage) -> _Explained:
    from bot.flow.choose import Asking, choose_image
    from bot.flow.observe import remembered

    record = world.store.load(pipeline.name)
    found = _places(world, pipeline, image)
    choices: list[_Chosen] = []
    for environment in pipeline.environments:
        here = [each for each in found if each.environment is environment]
        if here and not environment.after:
            before = remembered(record.environment(environment.name), image.alias)
            asking = Asking(here[0].now, before, renews=True)
            choice = choose_image(world, image, asking, now=world.clock.now())
            choices.append(_Chosen(environment.name, choice))
    by_environment = {each.environment: each.choice for each in choices}
    written = [_written(each, image, by_environment.get(each.environment.name)) for each in found]
    return _Explained(pipeline, image, choices, written)


def _places(world: World, pipeline: Pipeline, image: PipelineImage) -> Sequence[_Place]:
    """What the base branch says at every target of the image."""
    from bot.domain.edit.targets import read_target

    forge, path = world.forges[pipeline.repository.forge], pipeline.repository.path
    branch = pipeline.branch or forge.default_branch(path)
    head = forge.head(path, branch)
    if head is None:
        raise NotFound(f"branch {branch} is not in {path}", fix="correct `branch` in the configuration")
    places: list[_Place] = []
    for environment in pipeline.environments:
        for target in environment.targets:
            if target.alias != image.alias:
                continue
            content = forge.read(path, head, target.file)
            now = read_target(content, target, image.name) if content is not None else None
            places.append(_Place(environment, target, content, now))
    return places


def _written(place: _Place, image: PipelineImage, choice: ImageChoice | None) -> _Written:
    """What the loop would write here, by the code that writes."""
    from bot.domain.edit.targets import write_target

    if place.content is None or place.now is None:
        return _Written(place, "the file is not there: nothing can be written")
    if choice is None:
        upstream = " and ".join(place.environment.after)
        return _Written(place, f"holds {place.now.version}; follows what is proved in {upstream}")
    if choice.choice.tag is None:
        return _Written(place, f"holds {place.now.version}; nothing is chosen, so it stays")
    ref = ImageRef(image.name, choice.choice.tag, choice.digest)
    pin = image.policy.strategy is Strategy.DIGEST
    try:
        changed = write_target(place.content, place.target, ref, pin_digest=pin)
    except TagboatError as error:
        return _Written(place, f"cannot be written: {error}")
    if changed == place.content:
        return _Written(place, f"holds {place.now.version} already")
    diff = unified(place.target.file, place.content, changed)
    return _Written(place, f"{place.now.version} → {ref.version}", diff)


def _keys(target: Target) -> list[str]:
    keys = (target.tag, target.digest, target.repository, target.reference)
    return [key for key in keys if key]


def _as_json(explained: _Explained) -> dict[str, Any]:
    policy = explained.image.policy
    return {
        "pipeline": explained.pipeline.name,
        "alias": explained.image.alias,
        "image": str(explained.image.name),
        "strategy": policy.strategy.value,
        "constraint": policy.constraint,
        "choices": [
            {
                "environment": each.environment,
                "tag": each.choice.choice.tag,
                "digest": each.choice.digest,
                "reason": each.choice.choice.reason,
                "waiting": each.choice.choice.is_waiting,
                "tags": [
                    {"tag": verdict.tag, "chosen": verdict.is_chosen, "reason": verdict.reason}
                    for verdict in each.choice.choice.verdicts
                ],
            }
            for each in explained.choices
        ],
        "places": [
            {
                "environment": each.place.environment.name,
                "file": each.place.target.file,
                "keys": _keys(each.place.target),
                "now": str(each.place.now) if each.place.now else None,
                "sentence": each.sentence,
                "diff": list(each.diff),
            }
            for each in explained.written
        ],
    }


def _show(console: Console, explained: _Explained) -> None:
    image = explained.image
    head = styled(f"{explained.pipeline.name}/{image.alias}", "bold")
    policy = f"{image.policy.strategy} {image.policy.constraint}".strip()
    head.append_text(styled(f"  {image.name}  {policy}", "bright_black"))
    console.print(head, soft_wrap=True)
    for choice in explained.choices:
        _show_choice(console, choice)
    console.print()
    width = max((len(each.place.environment.name) for each in explained.written), default=0)
    for each in explained.written:
        _show_written(console, each, width)


def _show_written(console: Console, written: _Written, width: int) -> None:
    place = written.place
    keys = ", ".join(_keys(place.target))
    line = styled(f"  {place.environment.name:<{width}}  {place.target.file}  {keys}: ", "bright_black")
    line.append_text(styled(written.sentence))
    console.print(line, soft_wrap=True)
    if written.diff:
        console.print(coloured(written.diff, indent=4), soft_wrap=True)


def _show_choice(console: Console, chosen: _Chosen) -> None:
    choice = chosen.choice.choice
    digest = f"  {chosen.choice.digest}" if chosen.choice.digest else ""
    chose = f"{choice.tag}{digest}" if choice.tag else "not yet" if choice.is_waiting else "nothing"
    style = "green" if choice.tag else "yellow"
    line = styled(f"  {chosen.environment} → ")
    line.append_text(styled(chose, style))
    console.print()
    console.print(line, soft_wrap=True)
    console.print(styled(f"  {choice.reason}"), soft_wrap=True)
    if not choice.verdicts:
        return
    table = Table(box=None, pad_edge=True, header_style="bright_black")
    table.add_column("", no_wrap=True)
    table.add_column("tag", no_wrap=True, overflow="fold")
    table.add_column("why", overflow="fold")
    for each in choice.verdicts:
        mark = styled("✓" if each.is_chosen else "", "green")
        table.add_row(mark, styled(each.tag, "green" if each.is_chosen else ""), styled(each.reason))
    console.print(table)
