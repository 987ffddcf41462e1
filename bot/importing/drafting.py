"""Applications and their environments, as pipelines of a draft, with notes on what was guessed."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from bot.domain.image import ImageName
from bot.importing.carry import followed
from bot.importing.draft import DraftEnvironment, DraftImage, DraftPipeline, DraftTarget, literal, unique
from bot.importing.layout import Member, Part
from bot.importing.policy import Told, policy
from bot.importing.stage import stage_of

_PLAIN_WORDS = {
    *("env", "envs", "environment", "environments", "overlays", "values", "config", "configs", "deploy"),
    *("helm", "k8s", "kubernetes", "apps", "applications", "charts", "clusters", "manifests", "base"),
    *(
        "kustomization",
        "deployment",
        "deployments",
        "argocd",
        "gitops",
        "infra",
        "image",
        "images",
        "app",
        "",
    ),
    *("release", "helmrelease", "statefulset", "cronjob", "pod", "application", "source"),
}


class Drafting:
    """Makes pipelines of applications; `settings` are the repository and branch of each."""

    def __init__(self, settings: Mapping[str, Any], told: Told, control: str) -> None:
        self._settings = settings
        self._told = told
        self._control = control

    def pipelines(self, groups: Mapping[str, Sequence[Member]]) -> Iterator[DraftPipeline]:
        """A pipeline for each application."""
        wanted = [_pipeline_name(key, members) for key, members in groups.items()]
        names = unique(wanted, otherwise="pipeline")
        for name, members in zip(names, groups.values(), strict=True):
            yield self._pipeline(name, members)

    def _pipeline(self, name: str, members: Sequence[Member]) -> DraftPipeline:
        names = sorted({each for member in members for each in member.names})
        aliases = dict(zip(names, unique([_alias(each) for each in names], otherwise="image"), strict=True))
        shared = {image: _shared_write(members, image) for image in names}
        is_short = all(write is not None for write in shared.values())
        is_short = is_short and all(member.names == set(names) for member in members)
        is_short = is_short and all(_has_each_once(member) for member in members)
        images = tuple(self._image(image, alias, members, shared[image]) for image, alias in aliases.items())
        labels = unique([member.stage.name for member in members], otherwise="environment")
        named = list(zip(labels, members, strict=True))
        environments = []
        for label, member in named:
            after, notes = _after(named, member)
            targets = _short_targets(member) if is_short else _targets(member, aliases, shared)
            applications = tuple(
                followed(each, self._control) for each in member.applications if not each.is_parent
            )
            notes = (*notes, *_about(member))
            environments.append(DraftEnvironment(label, tuple(targets), applications, after, notes=notes))
        return DraftPipeline(name, self._settings, images, tuple(environments), tuple(_together(named)))

    def _image(
        self, name: ImageName, alias: str, members: Sequence[Member], write: Mapping[str, Any] | None
    ) -> DraftImage:
        settings, notes = policy(name, members, self._told)
        section = {"image": literal(str(name))} | settings | ({"write": dict(write)} if write else {})
        return DraftImage(alias, section, notes)


def _pipeline_name(key: str, members: Sequence[Member]) -> str:
    """The element, or the last telling word of the path that the files share, or the first image's name."""
    path, _, element = key.partition("#")
    if element:
        return element
    words = (_telling(word) for word in posixpath.splitext(path)[0].split("/") if not stage_of(word))
    telling = [word for word in words if word]
    own = min(members[0].names, key=lambda name: (name.path.startswith("library/"), name))
    return telling[-1] if telling else _alias(own)


def _telling(word: str) -> str:
    """A word of a path without what says nothing of an application: `podinfo-values` is `podinfo`."""
    return "-".join(part for part in re.split(r"[-_.*]+", word) if part.lower() not in _PLAIN_WORDS)


def _alias(name: ImageName) -> str:
    return name.path.rpartition("/")[2]


def _shared_write(members: Sequence[Member], image: ImageName) -> Mapping[str, Any] | None:
    """Where an image stands, when that is one place and the same in every file; None when it is not."""
    found = [
        [each.write for each in part.standings if each.ref.name == image]
        for member in members
        for part in member.parts
    ]
    writes = [each for each in found if each]
    return writes[0][0] if all(each == writes[0] and len(each) == 1 for each in writes) else None


def _has_each_once(member: Member) -> bool:
    """Whether every image stands in every file of an environment, so that the file says it all."""
    return all({each.ref.name for each in part.standings} == member.names for part in member.parts)


def _together(named: Sequence[tuple[str, Member]]) -> Iterator[str]:
    """What was guessed of environments that nothing puts in order, for people."""
    for _, each in groupby(named, key=lambda each: each[1].stage.rank):
        labels = [label for label, _ in each]
        if len(labels) > 1:
            together = " and ".join(labels)
            yield f"{together} have files of their own and go at the same time; `after` would order them."


def _about(member: Member) -> Iterator[str]:
    parents = [each.name for each in member.applications if each.is_parent]
    deploying = [each.name for each in member.applications if not each.is_parent]
    if parents:
        yield f"Deployed by Applications that {' and '.join(parents)} makes: name them in `argocd`."
    if len(deploying) > 1:
        yield f"{' and '.join(deploying)} deploy the same files: one environment, live once all of them are."
    new = [part.path for part in member.parts if any(each.is_new for each in part.standings)]
    if new:
        yield f"{', '.join(new)} has no `images` yet: the first pull request adds them."
    for part in member.parts:
        yield from _overriding(part)


def _overriding(part: Part) -> Iterator[str]:
    """Which Applications would not see what is written in a file, as parameters go before values."""
    writes = [each.write for each in part.standings if "argocd" not in each.write]
    keys = {key for write in writes for key in write.values() if isinstance(key, str)}
    for application in part.applications:
        own = sorted(keys & {name for source in application.sources for name in source.parameters})
        if own:
            yield f"{application.name} sets {', '.join(own)} by parameters, which go before {part.path}."


def _after(named: Sequence[tuple[str, Member]], member: Member) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The environments of the rank before that have all the images; the order is guessed by name."""
    before = [each for each in named if each[1].stage.rank < member.stage.rank]
    ranks = [list(each) for _, each in groupby(before, key=lambda each: each[1].stage.rank)]
    if not ranks:
        return (), ()
    names = tuple(label for label, each in ranks[-1] if each.names >= member.names)
    if names:
        return names, ()
    return (), (f"It has images that {ranks[-1][0][0]} has not, and so cannot come after it.",)


def _short_targets(member: Member) -> Iterator[DraftTarget]:
    return (DraftTarget(part.path) for part in member.parts)


def _targets(
    member: Member, aliases: Mapping[ImageName, str], shared: Mapping[ImageName, Mapping[str, Any] | None]
) -> Iterator[DraftTarget]:
    for part in member.parts:
        for each in part.standings:
            write = {} if shared[each.ref.name] is not None else each.write
            yield DraftTarget(part.path, aliases[each.ref.name], write)
