"""A repository, as a draft: which files belong to which environment, and which images stand there.

Everything is a guess from names and layouts, and says so; what is drafted can be loaded as it is.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from bot.domain.errors import Refused, TagboatError
from bot.domain.image import ImageName
from bot.domain.repository_path import safe_path
from bot.importing.address import located, same
from bot.importing.draft import (
    Draft,
    DraftEnvironment,
    DraftImage,
    DraftPipeline,
    DraftTarget,
    literal,
    unique,
)
from bot.importing.generated import Repository
from bot.importing.objects import Application, applications, parsed
from bot.importing.scan import Standing, images_in
from bot.importing.stage import Stage, stage_of

_VERSION = re.compile(r"v?[0-9]+(?:\.[0-9]+){0,2}(?:-(?:rc|alpha|beta)[.0-9]*)?")
_VARIANT = re.compile(r"v?[0-9]+(?:\.[0-9]+)+-[a-z][\w.-]*", re.ASCII)
_MOVING = {"latest", "main", "master", "stable", "edge", "nightly", "dev", "develop", "staging", "prod"}
_PLAIN_WORDS = {
    *(
        "env",
        "envs",
        "environment",
        "environments",
        "overlays",
        "values",
        "config",
        "configs",
        "deploy",
        "helm",
    ),
    *(
        "k8s",
        "kubernetes",
        "apps",
        "applications",
        "charts",
        "clusters",
        "manifests",
        "kustomization",
        "base",
    ),
    *("deployment", "deployments", "argocd", "gitops", "infra", "image", "images", "app", ""),
}


@dataclass(slots=True)
class _Member:
    """The files of one environment in one group, with the images in each."""

    stage: Stage
    files: list[tuple[str, list[Standing]]] = field(default_factory=list)

    @property
    def names(self) -> set[ImageName]:
        return {each.ref.name for _, standing in self.files for each in standing}


def proposed(repository: Repository, *, argocd_url: str = "") -> Draft:
    """A configuration for the repository; `argocd_url` is where Argo CD answers.

    Raises:
        Refused: no image was found in it.
    """
    found = {path: images for path in sorted(repository.files) if (images := _images(repository, path))}
    if not found:
        raise Refused(
            "no image was found in the repository",
            why="no YAML file has repository and tag, an image with a tag, or a marker",
            fix="mark a line by `# tagboat: NAME`, or write the configuration by hand",
        )
    groups, notes = _groups(found)
    place = located(repository.url)
    known = [each for each in _applications(repository) if _deploys(each, repository)]
    names = unique([_pipeline_name(key, members) for key, members in groups.items()], otherwise="pipeline")
    settings = {"repository": literal(place.repository)}
    settings |= {"branch": repository.branch} if repository.branch else {}
    pipelines = tuple(
        _pipeline(name, settings, members, known)
        for name, members in zip(names, groups.values(), strict=True)
    )
    has_argocd = any(each.applications for pipeline in pipelines for each in pipeline.environments)
    argocd = {"main": {"url": argocd_url or "https://argocd.example.com", "token": "${ARGOCD_TOKEN}"}}
    head = ("Proposed by `tagboat init` from names and layouts: read it before it is used.", *notes)
    head += (place.note,) if place.note else ()
    return Draft({place.forge: place.section}, pipelines, argocd if has_argocd else {}, notes=head)


def _images(repository: Repository, path: str) -> list[Standing]:
    try:
        safe_path(path)
    except Refused:
        return []  # Files that CI runs are proposed to nobody.
    if "templates" in path.split("/")[:-1]:
        return []
    return images_in(path, repository.files[path])


def _groups(found: Mapping[str, list[Standing]]) -> tuple[dict[str, list[_Member]], list[str]]:
    """Files that differ in the environment alone, by what they share; and what was left out."""
    groups: dict[str, dict[str, _Member]] = {}
    unstaged = []
    for path, images in found.items():
        placed = _placed(path)
        if placed is None:
            unstaged.append(path)
            continue
        key, stage = placed
        groups.setdefault(key, {}).setdefault(stage.name, _Member(stage)).files.append((path, images))
    if not groups:
        members = {path: [_Member(Stage("prod", 0, ""), [(path, found[path])])] for path in unstaged}
        return members, ["No environment was recognised in a path: each file is taken for `prod`."]
    left = ", ".join(unstaged[:20]) + (", …" if len(unstaged) > 20 else "")
    notes = [f"Files with images and no environment in their path, left out: {left}"] if left else []
    return {key: sorted(each.values(), key=_order) for key, each in groups.items()}, notes


def _order(member: _Member) -> tuple[int, str]:
    return member.stage.rank, member.stage.name


def _placed(path: str) -> tuple[str, Stage] | None:
    """The path without its environment, and that: the part next to the file's name says it."""
    stem, suffix = posixpath.splitext(path)
    parts = stem.split("/")
    for at in range(len(parts) - 1, -1, -1):
        stage = stage_of(parts[at])
        if stage:
            shared = [*parts[:at], f"{stage.rest}*", *parts[at + 1 :]]
            return "/".join(shared) + suffix, stage
    return None


def _pipeline_name(key: str, members: Sequence[_Member]) -> str:
    """The last telling word of the path that the files share, or what the first image is called."""
    words = [word.strip("*-_.") for word in re.split(r"/", posixpath.splitext(key)[0])]
    telling = [word for word in words if word.lower() not in _PLAIN_WORDS and not stage_of(word)]
    own = min(members[0].names, key=lambda name: (name.path.startswith("library/"), name))
    return telling[-1] if telling else _alias(own)


def _alias(name: ImageName) -> str:
    return name.path.rpartition("/")[2]


def _pipeline(
    name: str, settings: Mapping[str, Any], members: Sequence[_Member], known: Sequence[Application]
) -> DraftPipeline:
    names = sorted({each for member in members for each in member.names})
    aliases = dict(zip(names, unique([_alias(each) for each in names], otherwise="image"), strict=True))
    shared = {image: _shared_write(members, image) for image in names}
    is_short = all(shared.values()) and all(member.names == set(names) for member in members)
    is_short = is_short and all(len(member.files) == 1 for member in members)
    images = tuple(_image(image, alias, members, shared[image]) for image, alias in aliases.items())
    labels = unique([member.stage.name for member in members], otherwise="environment")
    named = list(zip(labels, members, strict=True))
    environments = []
    for label, member in named:
        after, notes = _after(named, member)
        targets = _short_targets(member) if is_short else _targets(member, aliases, shared)
        deploying = dict.fromkeys(app.name for path, _ in member.files for app in known if _reads(app, path))
        environments.append(DraftEnvironment(label, tuple(targets), tuple(deploying), after, notes=notes))
    return DraftPipeline(name, settings, images, tuple(environments))


def _shared_write(members: Sequence[_Member], image: ImageName) -> Mapping[str, str]:
    """Where an image stands, when that is one place and the same in every file; else nothing."""
    found = [
        [each.write for each in standing if each.ref.name == image]
        for member in members
        for _, standing in member.files
    ]
    writes = [each for each in found if each]
    return writes[0][0] if all(each == writes[0] and len(each) == 1 for each in writes) else {}


def _image(name: ImageName, alias: str, members: Sequence[_Member], write: Mapping[str, str]) -> DraftImage:
    tags = [
        each.ref.tag
        for member in members
        for _, standing in member.files
        for each in standing
        if each.ref.name == name
    ]
    settings, note = _policy([tag for tag in tags if tag])
    section = {"image": literal(str(name))} | settings | ({"write": dict(write)} if write else {})
    return DraftImage(alias, section, (note,) if note else ())


def _policy(tags: Sequence[str]) -> tuple[dict[str, Any], str]:
    """How the tags that run now are likely chosen."""
    if all(_VERSION.fullmatch(tag) for tag in tags):
        return {}, ""
    shown = ", ".join(dict.fromkeys(tags))[:80]
    if all(_VARIANT.fullmatch(tag) or _VERSION.fullmatch(tag) for tag in tags):
        return {"strategy": "docker"}, f"The highest version of the shape that runs ({shown})."
    if len(set(tags)) == 1 and tags[0] in _MOVING:
        return {"strategy": "digest", "constraint": tags[0]}, f"{tags[0]} is taken for a tag that moves."
    return {
        "strategy": "newest-build"
    }, f"The tags that run ({shown}) are no versions: the latest build is taken."


def _after(named: Sequence[tuple[str, _Member]], member: _Member) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The environments of the rank before that have all the images; the order is guessed by name."""
    before = [each for each in named if each[1].stage.rank < member.stage.rank]
    ranks = [list(each) for _, each in groupby(before, key=lambda each: each[1].stage.rank)]
    if not ranks:
        return (), ()
    names = tuple(label for label, each in ranks[-1] if each.names >= member.names)
    if names:
        return names, ()
    return (), (f"It has images that {ranks[-1][0][0]} has not, and so cannot come after it.",)


def _short_targets(member: _Member) -> Iterator[DraftTarget]:
    return (DraftTarget(path) for path, _ in member.files)


def _targets(
    member: _Member, aliases: Mapping[ImageName, str], shared: Mapping[ImageName, Mapping[str, str]]
) -> Iterator[DraftTarget]:
    for path, standing in member.files:
        for each in standing:
            write = {} if shared[each.ref.name] else each.write
            yield DraftTarget(path, aliases[each.ref.name], write)


def _applications(repository: Repository) -> Iterator[Application]:
    for path, content in sorted(repository.files.items()):
        if b"argoproj.io" in content and path.lower().endswith((".yaml", ".yml", ".json")):
            try:
                yield from applications(parsed(content, name=path))
            except TagboatError:
                continue  # A template: what it makes is not known here.


def _deploys(application: Application, repository: Repository) -> bool:
    """Whether an Application deploys from this repository; a folder without a remote may be any."""
    is_known = "://" in repository.url or "@" in repository.url
    return not is_known or any(same(source.repository, repository.url) for source in application.sources)


def _reads(application: Application, path: str) -> bool:
    """Whether a file is among the values of an Application, or in its folder where it names none."""
    folders = {posixpath.normpath(source.path) for source in application.sources if source.path}
    named = [
        posixpath.normpath(
            file.partition("/")[2] if file.startswith("$") else posixpath.join(source.path, file)
        )
        for source in application.sources
        for file in source.value_files
    ]
    return path in named if named else posixpath.dirname(path) in folders
