"""A repository, as a draft: which files belong to which environment, and which images stand there.

Everything is a guess from names and layouts, and says so; what is drafted can be loaded as it is.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from bot.domain.errors import Refused
from bot.domain.image import ImageName, ImageRef, parse_image_name
from bot.domain.repository_path import safe_path
from bot.importing.address import located
from bot.importing.bases import Bases, inherited
from bot.importing.carry import followed
from bot.importing.draft import (
    Draft,
    DraftEnvironment,
    DraftImage,
    DraftPipeline,
    DraftTarget,
    literal,
    unique,
)
from bot.importing.flux import policies
from bot.importing.followers import objects_in
from bot.importing.generated import Repository
from bot.importing.layout import Layout, Member, layout, staged
from bot.importing.objects import control_namespace
from bot.importing.policy import Told, policy
from bot.importing.scan import Names, Standing, images_in, is_kustomization
from bot.importing.stage import stage_of
from bot.importing.watching import found as found_watched

_WORDS = (b"argoproj.io", b"image.toolkit.fluxcd.io")
_MOST_NAMED = 20
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


def proposed(repository: Repository, *, argocd_url: str = "") -> Draft:
    """A configuration for the repository; `argocd_url` is where Argo CD answers.

    Raises:
        Refused: no image was found in it.
    """
    objects = objects_in(repository, holding=_WORDS)
    flux = policies(objects.all)
    names = {name: each.image for name, each in flux.items()}
    found, unnamed = _standing(repository, names)
    if not found:
        raise Refused(
            "no image was found in the repository",
            why="no YAML file has repository and tag, an image with a tag, or a marker",
            fix="mark a line by `# tagboat: NAME`, or write the configuration by hand",
        )
    watched = {each.application.name: each for each in found_watched(objects.all, repository).watched}
    known = objects.applications
    made = layout(found, known, repository)
    place = located(repository.url)
    settings = {"repository": literal(place.repository)}
    settings |= {"branch": repository.branch} if repository.branch else {}
    draft = _Drafting(settings, Told(watched, flux), control_namespace(known))
    pipelines = tuple(draft.pipelines(made.groups))
    has_argocd = any(each.applications for pipeline in pipelines for each in pipeline.environments)
    argocd = {"main": {"url": argocd_url or "https://argocd.example.com", "token": "${ARGOCD_TOKEN}"}}
    notes = (
        "Proposed by `tagboat init` from names and layouts: read it before it is used.",
        "Environments follow each other by their names (dev, test, staging, prod): `after` says how.",
        "A human merges every pull request; `merge: auto` in an environment lets Tagboat do it.",
        *_notes(made, unnamed, has_argocd=has_argocd, is_watched=bool(watched), flux=bool(flux)),
        *((place.note,) if place.note else ()),
        *objects.notes,
    )
    return Draft({place.forge: place.section}, pipelines, argocd if has_argocd else {}, notes=notes)


def _standing(
    repository: Repository, flux_images: Mapping[str, str]
) -> tuple[dict[str, list[Standing]], dict[str, list[str]]]:
    """The images of each file, and the tags of which nobody can tell the image."""
    files = {path: content for path, content in sorted(repository.files.items()) if _is_looked_at(path)}
    bases = Bases(files)
    found = {
        path: images_in(path, content, Names(bases.names_for(path), flux_images))
        for path, content in files.items()
    }
    for path in files:
        if is_kustomization(path) and not found[path] and staged(path):
            found[path] = [
                Standing(ImageRef(parse_image_name(name), tag or None), {}, is_new=True)
                for name, tag in inherited(path, files).items()
            ]
    found = {path: _not_overridden(path, images, found) for path, images in found.items()}
    unnamed = {path: bases.unnamed_in(path) for path in files if staged(path) and not _is_marked(found[path])}
    return (
        {path: images for path, images in found.items() if images},
        {path: tags for path, tags in unnamed.items() if tags},
    )


def _is_marked(images: Sequence[Standing]) -> bool:
    """Whether comments say where the images of a file stand: what has none was not meant."""
    return any("marker" in each.write or "setter" in each.write for each in images)


def _is_looked_at(path: str) -> bool:
    try:
        safe_path(path)
    except Refused:
        return False  # Files that CI runs are proposed to nobody.
    return "templates" not in path.split("/")[:-1]


def _not_overridden(
    path: str, images: Sequence[Standing], found: Mapping[str, Sequence[Standing]]
) -> list[Standing]:
    """The images of a manifest without those that a kustomization in its folder puts in their place."""
    folder = posixpath.dirname(path)
    if is_kustomization(path):
        return list(images)
    named = {
        each.ref.name
        for other, standings in found.items()
        if is_kustomization(other) and posixpath.dirname(other) == folder
        for each in standings
    }
    return [each for each in images if each.ref.name not in named]


def _notes(
    made: Layout, unnamed: Mapping[str, Sequence[str]], *, has_argocd: bool, is_watched: bool, flux: bool
) -> Iterator[str]:
    if not has_argocd:
        yield (
            "No Argo CD Application that deploys these files was found: merged counts as live, until"
            " `argocd` of an environment names one."
        )
    if flux:
        yield "Flux writes what its comments mark: suspend its ImageUpdateAutomation before Tagboat starts."
    if is_watched:
        yield (
            "Argo CD Image Updater watches Applications here: take its annotations or custom resources away"
            " before Tagboat starts, or both will write."
        )
    if made.is_guessed:
        yield "No environment was recognised in a path: each file is taken for `prod`."
    if made.left:
        yield f"Files with images that belong to no one environment, left out: {_listed(made.left)}"
    if unnamed:
        told = [f"{path} ({', '.join(tags)})" for path, tags in unnamed.items()]
        yield f"Tags of which nothing says what the image is called, left out: {_listed(told)}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")


class _Drafting:
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
