"""`tagboat explain`: every tag of an image with its verdict, and what would be written where.

The choice is made by the very code that decides in the loop; `bot.cli.explanation` shows it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bot.cli import display, explanation, opening
from bot.cli.diff import unified
from bot.cli.explanation import Chosen, Explained, Place, Written
from bot.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from bot.domain.choosing.selection import SelectionPolicy, Strategy
from bot.domain.errors import NotFound, TagboatError
from bot.domain.image import ImageName, ImageRef, parse_image_ref
from bot.domain.pipeline import Pipeline, PipelineImage
from bot.domain.snapshot import ImageChoice

if TYPE_CHECKING:
    from bot.flow.choose import Asking
    from bot.flow.world import World

_LONG = 50
"""Tags to read from which on progress is shown: fewer take a moment."""


def explain(
    image: Annotated[str, typer.Argument(help="PIPELINE/ALIAS, or an image's name, in a pipeline or not.")],
    strategy: Annotated[
        str, typer.Option(help="For an image that no pipeline carries: how to choose.")
    ] = Strategy.SEMVER.value,
    constraint: Annotated[str, typer.Option(help="The same: the constraint of that strategy.")] = "",
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show every tag of an image and why it was chosen or not.

    And what would be written where.
    """
    name = _whole_name(image)
    world = opening.world(config, host=name.registry if name else "")
    with _progress() as tell:
        carried = _carried(world.pipelines, image)
        if carried:
            explained = [_explained(world, pipeline, each, tell) for pipeline, each in carried]
        else:
            alone = PipelineImage("", _name_alone(world, image), _policy(strategy, constraint))
            explained = [_explained_alone(world, alone, tell)]
    if as_json:
        display.write_json([explanation.as_json(each) for each in explained])
        return
    console = display.console()
    for each in explained:
        explanation.show(console, each)


def _carried(pipelines: Mapping[str, Pipeline], text: str) -> Sequence[tuple[Pipeline, PipelineImage]]:
    """The images of pipelines that are meant: one by its alias, or each pipeline's one of that name."""
    everything = [(pipeline, image) for pipeline in pipelines.values() for image in pipeline.images]
    by_alias = [each for each in everything if f"{each[0].name}/{each[1].alias}" == text]
    name = _name(text)
    return by_alias or [each for each in everything if each[1].name == name]


def _name(text: str) -> ImageName | None:
    """The image's name; a tag or digest behind it may stand there and changes nothing."""
    try:
        return parse_image_ref(text).name
    except ValueError:
        return None


def _whole_name(text: str) -> ImageName | None:
    """The image's name where the text says its registry: others may be aliases, which have slashes too."""
    name = _name(text)
    return name if name and text.lower().startswith(f"{name.registry}/") else None


def _name_alone(world: World, text: str) -> ImageName:
    """The name of an image that no pipeline carries.

    Raises:
        typer.BadParameter: it does not say its registry; the message names what may be meant.
    """
    name = _whole_name(text)
    if name is not None:
        return name
    hint = f"{_hint(world, text)}; any image is looked at by its whole name, such as docker.io/library/nginx"
    raise typer.BadParameter(f"no pipeline carries {text[:200]!r} ({hint})", param_hint="IMAGE")


def _hint(world: World, text: str) -> str:
    everything = [(each, image) for each in world.pipelines.values() for image in each.images]
    known = {f"{pipeline.name}/{image.alias}" for pipeline, image in everything}
    known |= {str(image.name) for _, image in everything}
    close = get_close_matches(text, sorted(known), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else "see `tagboat status` for the pipelines"


def _policy(strategy: str, constraint: str) -> SelectionPolicy:
    try:
        return SelectionPolicy(Strategy.parse(strategy), constraint)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--strategy, --constraint") from error


def _explained_alone(world: World, image: PipelineImage, tell: Callable[[int, int], None]) -> Explained:
    from bot.flow.choose import Asking

    try:
        answer = _chosen(world, image, Asking(renews=True, progress=tell))
    except NotFound as error:
        raise NotFound(error.what, why=error.why, fix=_hint(world, str(image.name))) from error
    return Explained(None, image, [Chosen("", answer, _sights(world, image, answer))], [])


def _explained(
    world: World, pipeline: Pipeline, image: PipelineImage, tell: Callable[[int, int], None]
) -> Explained:
    from bot.flow.choose import Asking
    from bot.flow.observe import remembered

    record = world.store.load(pipeline.name)
    found = _places(world, pipeline, image)
    choices: list[Chosen] = []
    for environment in pipeline.environments:
        here = [each for each in found if each.environment is environment]
        if here and not environment.after:
            before = remembered(record.environment(environment.name), image.alias)
            answer = _chosen(world, image, Asking(here[0].now, before, renews=True, progress=tell))
            choices.append(Chosen(environment.name, answer, _sights(world, image, answer)))
    by_environment = {each.environment: each.choice for each in choices}
    written = [_written(each, image, by_environment.get(each.environment.name)) for each in found]
    copies = [each for each in pipeline.environments if each.promote]
    return Explained(pipeline.name, image, choices, written, copies)


def _chosen(world: World, image: PipelineImage, asking: Asking) -> ImageChoice:
    """The choice, with everything read that it takes."""
    from bot.flow.choose import choose_image

    answer = choose_image(world, image, asking, now=world.clock.now())
    while answer.is_reading:
        answer = choose_image(world, image, replace(asking, renews=False), now=world.clock.now())
    return answer


def _sights(world: World, image: PipelineImage, answer: ImageChoice) -> Mapping[str, explanation.Sight]:
    from bot.flow.images import Images

    tags = [verdict.tag for verdict in answer.choice.verdicts]
    return Images(world, image.name, world.clock.now()).sights(tags)


def _places(world: World, pipeline: Pipeline, image: PipelineImage) -> Sequence[Place]:
    """What the base branch says at every target of the image."""
    from bot.domain.edit.targets import read_target

    forge, path = world.forges[pipeline.repository.forge], pipeline.repository.path
    branch = pipeline.branch or forge.default_branch(path)
    head = forge.head(path, branch)
    if head is None:
        raise NotFound(f"branch {branch} is not in {path}", fix="correct `branch` in the configuration")
    places: list[Place] = []
    for environment in pipeline.environments:
        for target in environment.targets:
            if target.alias != image.alias:
                continue
            content = forge.read(path, head, target.file)
            if content is None and target.creates_file:
                content = b""
            now = read_target(content, target, image.name) if content is not None else None
            places.append(Place(environment, target, content, now))
    return places


def _written(place: Place, image: PipelineImage, choice: ImageChoice | None) -> Written:
    """What the loop would write here, by the code that writes."""
    from bot.domain.edit.targets import write_target

    if place.content is None or place.now is None:
        return Written(place, "the file is not there: nothing can be written")
    if choice is None:
        upstream = " and ".join(place.environment.after)
        return Written(place, f"holds {place.now.version}; follows what is proved in {upstream}")
    if choice.choice.tag is None:
        return Written(place, f"holds {place.now.version}; nothing is chosen, so it stays")
    ref = ImageRef(image.name, choice.choice.tag, choice.digest)
    pin = image.policy.strategy is Strategy.DIGEST
    try:
        changed = write_target(place.content, place.target, ref, pin_digest=pin)
    except TagboatError as error:
        return Written(place, f"cannot be written: {error}")
    if changed == place.content:
        return Written(place, f"holds {place.now.version} already")
    diff = unified(place.target.file, place.content, changed)
    return Written(place, f"{place.now.version} → {ref.version}", diff)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Shows on a terminal how many tags are read, where there are many."""
    columns = TextColumn("reading tags"), BarColumn(), MofNCompleteColumn()
    shown = Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    task = shown.add_task("", total=None, visible=False)

    def tell(done: int, total: int) -> None:
        shown.update(task, completed=done, total=total, visible=total >= _LONG)

    with shown:
        yield tell
