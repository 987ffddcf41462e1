"""Shapes of the simulation: pipelines with features drawn at random, and the files that they write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

from bot.domain.choosing.selection import MovedTags, SelectionPolicy
from bot.domain.directories.keep import DirectoryPromotion, Keep
from bot.domain.image import ImageName
from bot.domain.pipeline import (
    Application,
    Environment,
    Merge,
    MergeMethod,
    MergeRules,
    Pipeline,
    PipelineImage,
    Repository,
    Target,
)
from bot.domain.place import HelmValues
from bot.domain.pull_request.policy import Pace, PullRequestPolicy, Texts
from bot.domain.pull_request.templates import Template
from bot.domain.window import Window, WindowKind
from tests.flow.worlds import REPOSITORY, WEB

FIRST = "1.0.0"
"""The version with which everything begins."""

URL = "https://git.example.com/acme/infra"
HOUR = timedelta(hours=1)
_NAMES = ("dev", "test", "stage", "prod")
_GROUP = "live"
_PER_RELEASE = Texts(branch=Template("updates-{{ pipeline }}-{{ environment }}-{{ version }}"))


@dataclass
class Shape:
    """Some pipelines of one repository, as the configuration says them now."""

    pipelines: tuple[Pipeline, ...]
    behind: int
    """For how many calls after a change the Git host's lists are behind."""
    grouped: frozenset[tuple[str, str]] = field(init=False)
    """Who was in the group at the beginning, and may come back."""

    def __post_init__(self) -> None:
        self.grouped = frozenset((pipeline.name, each.name) for pipeline, each in self.places if each.group)

    @property
    def places(self) -> list[tuple[Pipeline, Environment]]:
        """Every environment with its pipeline."""
        return [(pipeline, each) for pipeline in self.pipelines for each in pipeline.environments]

    def pipeline(self, name: str) -> Pipeline:
        """The pipeline of that name."""
        return next(each for each in self.pipelines if each.name == name)

    def change(self, pipeline: Pipeline) -> None:
        """The configuration says this of a pipeline from now on."""
        self.pipelines = tuple(pipeline if each.name == pipeline.name else each for each in self.pipelines)

    def files(self, digests: Mapping[ImageName, str]) -> dict[str, bytes]:
        """The repository at the beginning: everything at the first version."""
        found = {"README.md": b"# infra\n"}
        for pipeline, environment in self.places:
            folder = folder_of(pipeline.name, environment.name)
            found[f"{folder}/values.yaml"] = _values(pipeline, digests)
            found[f"{folder}/app.yaml"] = b"kind: App\nsize: 1\n"
        return found


def folder_of(pipeline: str, environment: str) -> str:
    """Where the files of an environment are."""
    return f"envs/{pipeline}/{environment}"


def file_of(pipeline: str, environment: str) -> str:
    """The file that holds an environment's images."""
    return f"{folder_of(pipeline, environment)}/values.yaml"


def other_branch(environment: Environment) -> Environment:
    """The environment with a branch for each release, or without; that of a group stays as it is."""
    policy = environment.pull_request
    if environment.group:
        return environment
    texts = Texts() if policy.texts == _PER_RELEASE else _PER_RELEASE
    return replace(environment, pull_request=replace(policy, texts=texts))


def other_group(environment: Environment) -> Environment:
    """The environment out of the group, or in it again."""
    if environment.group:
        return replace(environment, group="")
    return replace(environment, group=_GROUP, pull_request=replace(environment.pull_request, texts=Texts()))


def shape(draw: Random) -> Shape:
    """One to three pipelines of one to four environments."""
    names = ("shop", "blog", "mail")[: draw.choice((1, 1, 2, 2, 3))]
    is_grouped = len(names) > 1 and draw.random() < 0.5
    pipelines = tuple(_pipeline(draw, name, is_grouped=is_grouped) for name in names)
    return Shape(pipelines, draw.choice((0, 0, 0, 0, 1, 2)))


def _pipeline(draw: Random, name: str, *, is_grouped: bool) -> Pipeline:
    aliases = ("web", "api") if draw.random() < 0.25 else ("web",)
    policy = SelectionPolicy(
        constraint=">=1.0",
        moved_tags=draw.choice((MovedTags.IGNORE, MovedTags.IGNORE, MovedTags.FOLLOW)),
        min_age=draw.choice((timedelta(0),) * 5 + (HOUR,)),
    )
    images = tuple(PipelineImage(each, ImageName(WEB.registry, f"{name}/{each}"), policy) for each in aliases)
    keeps_digest = draw.random() < 0.4
    count = draw.choice((1, 2, 2, 3, 3, 4))
    environments: list[Environment] = []
    for place in range(count):
        is_last = place == count - 1
        made = _environment(draw, name, place, aliases, keeps_digest=keeps_digest)
        if is_grouped and is_last:
            made = _grouped(draw, made)
        environments.append(made)
    return Pipeline(
        name, Repository("forge", REPOSITORY), images, tuple(environments), repository_urls=(URL,)
    )


def _environment(
    draw: Random, pipeline: str, place: int, aliases: tuple[str, ...], *, keeps_digest: bool
) -> Environment:
    name, after = _NAMES[place], _after(draw, place)
    file = file_of(pipeline, name)
    targets = tuple(
        Target(
            alias, file, HelmValues(tag=f"{alias}.tag", digest=f"{alias}.digest" if keeps_digest else None)
        )
        for alias in aliases
    )
    promote = None
    if place and draw.random() < 0.15:
        source, target = folder_of(pipeline, after[0]), folder_of(pipeline, name)
        promote = DirectoryPromotion(source, target, (Keep.parse("values.yaml:replicas"),))
        targets = draw.choice((targets, ()))
    watched = (Application("main", f"{pipeline}-{name}"),) if draw.random() < 0.6 else ()
    return Environment(
        name,
        targets,
        after=after,
        merge=draw.choice((*(Merge.AUTO, Merge.MANUAL) * 2, Merge.AUTO if promote else Merge.DIRECT)),
        merging=_rules(draw),
        applications=watched,
        soak=draw.choice((timedelta(0), timedelta(0), HOUR, timedelta(days=1))) if place else timedelta(0),
        windows=_windows(draw, 0.2),
        settle=timedelta(0),
        pull_request=PullRequestPolicy(
            texts=_PER_RELEASE if draw.random() < 0.2 else Texts(), pace=_pace(draw), notes=False
        ),
        promote=promote,
    )


def _after(draw: Random, place: int) -> tuple[str, ...]:
    if place == 0:
        return ()
    if place > 1 and draw.random() < 0.25:
        return (_NAMES[place - 2], _NAMES[place - 1])
    return (_NAMES[draw.randrange(place)],) if draw.random() < 0.2 else (_NAMES[place - 1],)


def _grouped(draw: Random, made: Environment) -> Environment:
    """The environment in the group: its branch is the group's, and its files are its own."""
    targets = made.targets if made.promote is None else ()
    merge = made.merge if made.merge is not Merge.DIRECT else Merge.AUTO
    if not targets:
        return made
    policy = PullRequestPolicy(pace=made.pull_request.pace, notes=False)
    return Environment(
        made.name,
        targets,
        after=made.after,
        merge=draw.choice((merge, Merge.AUTO)),
        merging=made.merging,
        applications=made.applications,
        soak=made.soak,
        windows=made.windows,
        settle=made.settle,
        group=_GROUP,
        pull_request=policy,
    )


def _rules(draw: Random) -> MergeRules:
    return MergeRules(
        approvals=draw.choice((0, 0, 0, 1)),
        checks=draw.choice(((), (), (), ("ci",))),
        method=draw.choice((None, MergeMethod.SQUASH)),
        platform=draw.random() < 0.1,
        delete_branch=draw.random() < 0.3,
    )


def _windows(draw: Random, share: float) -> tuple[Window, ...]:
    if draw.random() >= share:
        return ()
    return draw.choice(
        (
            (Window(WindowKind.DENY, "0 10 * * *", timedelta(hours=2), reason="lunch"),),
            (Window(WindowKind.ALLOW, "0 8 * * *", timedelta(hours=9), reason="office hours"),),
        )
    )


def _pace(draw: Random) -> Pace:
    if draw.random() < 0.6:
        return Pace()
    return draw.choice(
        (
            Pace(most_open=1),
            Pace(per_hour=1),
            Pace(debounce=timedelta(minutes=10)),
            Pace(windows=_windows(draw, 1)),
        )
    )


def _values(pipeline: Pipeline, digests: Mapping[ImageName, str]) -> bytes:
    lines = [f"# the images of {pipeline.name}"]
    for image in pipeline.images:
        lines += [f"{image.alias}:", f"  tag: {FIRST}  # moved by Tagboat"]
        if any(target.place.keeps_digest for each in pipeline.environments for target in each.targets):
            lines += [f"  digest: {digests[image.name]}"]
    return "\n".join([*lines, "replicas: 1", ""]).encode()
