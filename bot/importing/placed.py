"""Where one Application that Argo CD Image Updater watches is written, and by which settings.

What cannot be carried over is added to `lost`, with the reason.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.domain.choosing.selection import Strategy
from bot.domain.choosing.tag_filter import tag_filter
from bot.domain.edit.keypath import Key, KeyPath, Match
from bot.domain.errors import Refused, sentence
from bot.domain.image import parse_image_name
from bot.domain.repository_path import safe_path
from bot.importing.address import Located, located
from bot.importing.draft import literal, unique
from bot.importing.objects import Source
from bot.importing.updater import Watched, WatchedImage

_COMMIT = re.compile(r"[0-9a-f]{7,64}|v?[0-9]+(?:\.[0-9]+)+")
_PULL_SECRET = re.compile(r"pullsecret:(?P<name>[a-z0-9.-]+/[a-z0-9.-]+)")


@dataclass(frozen=True, slots=True)
class PlacedImage:
    """An image, its settings, and where it stands, for one Application."""

    settings: Mapping[str, Any]
    write: Mapping[str, Any]


@dataclass(slots=True)
class Placed:
    """What one Application becomes: an environment, with all that decides which pipeline it belongs to."""

    watched: Watched
    located: Located
    branch: str
    file: str
    images: dict[str, PlacedImage] = field(default_factory=dict)
    merge: str = "auto"

    @property
    def keys(self) -> tuple[str, ...]:
        """What is written in the file, in an order of its own."""
        writes = (image.write for image in self.images.values())
        return tuple(sorted(str(key) for write in writes for kind, key in write.items() if kind != "part"))

    @property
    def pipeline_key(self) -> str:
        """Equal for Applications that one pipeline can carry."""
        settings = {alias: dict(image.settings) for alias, image in sorted(self.images.items())}
        return json.dumps([self.located.repository, self.branch, settings, self.merge])


def placed(watched: Watched, lost: list[str]) -> Placed | None:
    """Where an Application's images are written; None where that cannot be done, which is then told."""
    name = watched.application.name
    lost += (f"Application {name}: {each}" for each in watched.lost)
    try:
        source = _source(watched)
        folder = posixpath.normpath(source.path or ".")
        file = safe_path(_file(watched, folder))
        place = Placed(watched, located(watched.repository or source.repository), "", file)
    except (Refused, ValueError) as error:
        lost.append(f"Application {name}: {error}")
        return None
    place.branch, place.merge = _branch(watched, source, lost)
    aliases = unique(
        [image.alias or image.name.rpartition("/")[2] for image in watched.images], otherwise="image"
    )
    for alias, image in zip(aliases, watched.images, strict=True):
        try:
            place.images[alias] = PlacedImage(
                dict(_settings(image, name, lost)), _write(watched, source, image)
            )
        except (Refused, ValueError) as error:
            lost.append(f"Application {name}: image {image.name}: {error}")
    _told_methods(watched, lost)
    return place if place.images else None


def _source(watched: Watched) -> Source:
    """The source that is written: the first with a path, or the repository that the settings name."""
    sources = watched.application.sources
    kind = next((source.kind for source in sources if source.kind), "")
    in_git = [source for source in sources if source.repository and not source.chart]
    with_path = [source for source in in_git if source.path] or in_git
    if with_path:
        first = with_path[0]
        return Source(first.repository, first.path, first.revision, kind=first.kind or kind)
    if watched.repository:
        return Source(watched.repository, "", "", kind=kind or "Helm")
    raise Refused("it has no source in Git", fix="deploy from a Git repository, or name it by git-repository")


def _file(watched: Watched, folder: str) -> str:
    """The file that is written, from the root of the repository."""
    kind, _, rest = watched.target.partition(":")
    if kind == "helmvalues":
        return _below(folder, rest or "values.yaml")
    if kind == "kustomization":
        return posixpath.normpath(posixpath.join(_below(folder, rest or "."), "kustomization.yaml"))
    if watched.target:
        raise Refused(f"the write-back target {watched.target[:80]!r} is not known")
    return posixpath.normpath(posixpath.join(folder, f".argocd-source-{watched.application.name}.yaml"))


def _below(folder: str, path: str) -> str:
    """A path that is meant from the source's folder, or from the root where it begins with a slash."""
    return posixpath.normpath(path.lstrip("/") if path.startswith("/") else posixpath.join(folder, path))


def _branch(watched: Watched, source: Source, lost: list[str]) -> tuple[str, str]:
    """The base branch (empty: the repository's own), and who merges."""
    base, colon, _ = watched.branch.partition(":")
    merge = "manual" if colon or watched.opens_pull_requests else "auto"
    if colon and not watched.opens_pull_requests:
        lost.append(
            f"Application {watched.application.name}: the branch to write: Tagboat names its branches itself"
        )
    revision = base or source.revision
    if revision in {"", "HEAD"}:
        return "", merge
    if not base and _COMMIT.fullmatch(revision):
        lost.append(
            f"Application {watched.application.name}: the revision {revision}, which looks like a tag or a"
            " commit: the default branch is written"
        )
        return "", merge
    return revision, merge


def _settings(image: WatchedImage, application: str, lost: list[str]) -> Iterator[tuple[str, Any]]:
    """An image's settings, each checked as the configuration will check it.

    Raises:
        ValueError: the name or the strategy is not one that can be carried over.
    """
    yield "image", literal(str(parse_image_name(image.name)))
    strategy = Strategy.parse(image.strategy or "semver")
    if strategy is not Strategy.SEMVER:
        yield "strategy", str(strategy)
    if image.constraint and strategy in {Strategy.SEMVER, Strategy.DIGEST}:
        yield "constraint", literal(image.constraint)
    elif strategy is Strategy.DIGEST:
        yield "constraint", "latest"
    elif image.constraint:
        lost.append(
            f"Application {application}: image {image.name}: {strategy} takes no constraint,"
            f" and {image.constraint[:80]} is one"
        )
    if image.allow_tags and image.allow_tags != "any":
        tag_filter(image.allow_tags, ())
        yield "allow_tags", literal(image.allow_tags)
    if image.ignore_tags:
        tag_filter("", image.ignore_tags)
        yield "ignore_tags", [literal(each) for each in image.ignore_tags]
    if image.platforms:
        yield "platforms", list(image.platforms)


def _write(watched: Watched, source: Source, image: WatchedImage) -> Mapping[str, Any]:
    """Where the image stands in the file.

    Raises:
        Refused: that is not said.
    """
    kind = watched.target.partition(":")[0] or source.kind
    is_digest = image.strategy == "digest"
    if kind == "kustomization":
        entry = KeyPath((Key("images"), Match("name", image.kustomize_name or image.name)))
        return {"digest" if is_digest else "tag": f"{entry}.{'digest' if is_digest else 'newTag'}"}
    if kind == "Kustomize" or (not kind and image.kustomize_name):
        name = re.escape(image.kustomize_name + "=" + image.name if image.kustomize_name else image.name)
        mark = "@" if is_digest else ":"
        return {
            "pattern": f"(?:^|[\\s\"'=]){name}{mark}([^\\s\"']+)",
            "part": "digest" if is_digest else "tag",
        }
    if kind == "helmvalues":
        return _keys(image, lambda key: key)
    return _keys(image, lambda key: f"{KeyPath((Key('helm'), Key('parameters'), Match('name', key)))}.value")


def _keys(image: WatchedImage, path_of: Callable[[str], str]) -> Mapping[str, Any]:
    """The keys of Helm values that hold an image; the Image Updater's own defaults where none is said."""
    if image.helm_spec:
        return {"reference": path_of(image.helm_spec)}
    if not image.helm_tag and not image.helm_name:
        return {"tag": path_of("image.tag")}
    if not image.helm_tag:
        raise Refused("no Helm key for the tag is named", fix="name it by helm.image-tag")
    name = {"repository": path_of(image.helm_name)} if image.helm_name else {}
    return {"tag": path_of(image.helm_tag)} | name


def registries(watched: Watched, lost: list[str]) -> dict[str, dict[str, Any]]:
    """The logins of registries that can be carried over: pull secrets of the cluster."""
    sections = {}
    for image in watched.images:
        if not image.pull_secret:
            continue
        secret = _PULL_SECRET.fullmatch(image.pull_secret)
        try:
            host = parse_image_name(image.name).registry
        except ValueError:
            continue  # The image itself was told as lost.
        if secret:
            sections[host] = {"pull_secret": secret["name"]}
        else:
            kind = image.pull_secret.partition(":")[0][:20]
            fix = f"write the login under registries.{host}"
            lost.append(
                sentence(f"Application {watched.application.name}: the pull secret of kind {kind}", fix=fix)
            )
    return sections


def _told_methods(watched: Watched, lost: list[str]) -> None:
    """How the Image Updater logs in to Git, and writes past it, which Tagboat does not."""
    method, _, credential = watched.method.partition(":")
    name = watched.application.name
    if method in {"", "argocd"} and not watched.target:
        lost.append(
            f"Application {name}: its method, which changes the Application in the cluster and no file:"
            f" Tagboat writes .argocd-source-{name}.yaml in Git, which must hold the values already"
        )
    if credential and credential != "repocreds":
        lost.append(f"Application {name}: the login to Git, {credential[:80]}: write it under forges")
