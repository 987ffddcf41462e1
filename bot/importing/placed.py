"""Where one Application that Argo CD Image Updater watches is written, and by which settings.

What cannot be carried over is added to `lost`, with the reason.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.domain.errors import Refused
from bot.domain.pull_request.branch import is_branch_name
from bot.domain.repository_path import safe_path
from bot.importing.address import Located, is_address, located
from bot.importing.documents import documents
from bot.importing.draft import unique
from bot.importing.generated import Repository
from bot.importing.image import KEYS, image_settings, image_write, parameter_names
from bot.importing.objects import Source
from bot.importing.updater import Watched

_COMMIT = re.compile(r"[0-9a-f]{7,64}|v?[0-9]+(?:\.[0-9]+)+")
_KUSTOMIZATION = "kustomization.yaml"


@dataclass(frozen=True, slots=True)
class PlacedImage:
    """An image, its settings, and where it stands, for one Application."""

    settings: Mapping[str, Any]
    write: Mapping[str, Any]

    @property
    def claims(self) -> frozenset[str]:
        """What is written in the file: two images that claim the same are no two."""
        field_name = self.write.get("argocd", "")
        keys = {f"{field_name} {self.write[key]}" for key in KEYS if key in self.write}
        return frozenset(keys or {f"{field_name} {self.write.get('name', self.settings['image'])}"})


@dataclass(slots=True)
class Placed:
    """What one Application becomes: an environment, with all that decides which pipeline it belongs to."""

    watched: Watched
    located: Located
    branch: str
    file: str
    images: dict[str, PlacedImage] = field(default_factory=dict)
    merge: str = "direct"
    top: frozenset[str] = frozenset()
    """The keys at the top of the file, where it is at hand."""

    @property
    def claims(self) -> tuple[str, ...]:
        """What is written in the file, in an order of its own."""
        return tuple(sorted(claim for image in self.images.values() for claim in image.claims))

    @property
    def pipeline_key(self) -> str:
        """Equal for Applications that one pipeline can carry."""
        settings = {alias: dict(image.settings) for alias, image in sorted(self.images.items())}
        return json.dumps([self.located.repository, self.branch, settings, self.merge])


def placed(
    watched: Watched, lost: list[str], *, control: str = "", repository: Repository | None = None
) -> Placed | None:
    """Where an Application's images are written; None where that cannot be done, which is then told.

    `control` is the namespace of Argo CD itself, `repository` the one whose files are at hand.
    """
    name = watched.application.name
    told: list[str] = list(watched.lost)
    if not watched.images:
        lost += (f"Application {name}: {each}" for each in (*told, "no image is named for it"))
        return None
    place = None
    try:
        source = _source(watched)
        file = safe_path(_file(watched, source, control))
        url = _address(watched, source)
        place = Placed(watched, located(url), "", file)
        place.top = _top_of(file, repository) if repository and repository.is_at(url) else frozenset()
        place.branch, place.merge = _branch(watched, source, told)
        _told_method(watched, source, file, told)
        _add_images(place, source, told)
    except (Refused, ValueError) as error:
        told.append(str(error))
    lost += (f"Application {name}: {each}" for each in told)
    return place if place and place.images else None


def _add_images(place: Placed, source: Source, told: list[str]) -> None:
    images = place.watched.images
    aliases = unique([image.alias or image.name.rpartition("/")[2] for image in images], otherwise="image")
    claimed: set[str] = set()
    for alias, image in zip(aliases, images, strict=True):
        try:
            write = image_write(image, place.watched.target, source, place.top)
            made = PlacedImage(dict(image_settings(image, told)), write)
            if claimed & made.claims:
                raise Refused("another image is written to the same place", fix="name each image's own keys")
        except (Refused, ValueError) as error:
            told.append(f"image {image.name}: {error}")
            continue
        claimed |= made.claims
        place.images[alias] = made


def _source(watched: Watched) -> Source:
    """The source that is written: the first of the wanted kind with a path, or a repository by name."""
    sources = watched.application.sources
    wanted = "Kustomize" if watched.target.startswith("kustomization") else "Helm"
    kind = next((source.kind for source in sources if source.kind), "")
    in_git = [source for source in sources if source.repository and not source.chart]
    ranked = sorted(in_git, key=lambda source: (not source.path, source.kind not in {wanted, ""}))
    if ranked:
        return replace(ranked[0], kind=ranked[0].kind or kind)
    if watched.repository:
        return Source(watched.repository, "", "", kind=kind or "Helm")
    raise Refused("it has no source in Git", fix="deploy from a Git repository, or name it by git-repository")


def _address(watched: Watched, source: Source) -> str:
    url = watched.repository or source.repository
    if not is_address(url):
        fix = "import what its template makes, by --cluster or --api"
        raise Refused(f"{url[:80]} is no address of a repository", fix=fix)
    return url


def _file(watched: Watched, source: Source, control: str) -> str:
    """The file that is written, from the root of the repository."""
    folder = posixpath.normpath(source.path or ".")
    kind, _, rest = watched.target.partition(":")
    if kind == "helmvalues":
        return _below(folder, rest or "values.yaml")
    if kind == "kustomization":
        return posixpath.normpath(posixpath.join(_below(folder, rest or "."), _KUSTOMIZATION))
    if watched.target:
        raise Refused(f"the write-back target {watched.target[:80]!r} is not known")
    if not source.path:
        raise Refused(
            "it has no folder in Git in which its parameters could be written",
            fix="name a file of values by write-back-target",
        )
    application = watched.application
    is_elsewhere = control and application.namespace and application.namespace != control
    lead = f"{application.namespace}_" if is_elsewhere else ""
    return posixpath.normpath(posixpath.join(folder, f".argocd-source-{lead}{application.name}.yaml"))


def _below(folder: str, path: str) -> str:
    """A path that is meant from the source's folder, or from the root where it begins with a slash."""
    return posixpath.normpath(path.lstrip("/") if path.startswith("/") else posixpath.join(folder, path))


def _branch(watched: Watched, source: Source, told: list[str]) -> tuple[str, str]:
    """The base branch (empty: the repository's own), and who merges."""
    base, colon, head = watched.branch.partition(":")
    merge = "manual" if colon or watched.opens_pull_requests else "direct"
    if colon:
        told.append(f"the branch to write, {head[:80]}: Tagboat names its branches itself")
    revision = base or source.revision
    if revision in {"", "HEAD"}:
        return "", merge
    if not base and _COMMIT.fullmatch(revision):
        why = "looks like a tag or a commit"
    elif "{{" in revision or not is_branch_name(revision):
        why = "is the name of no branch"
    else:
        return revision, merge
    told.append(f"the revision {revision[:80]}, which {why}: the default branch is written")
    return "", merge


def _top_of(file: str, repository: Repository) -> frozenset[str]:
    return frozenset(
        key
        for document in documents(file, repository.files.get(file, b""))
        for key in document
        if isinstance(key, str)
    )


def _told_method(watched: Watched, source: Source, file: str, told: list[str]) -> None:
    """How the Image Updater logs in to Git, and writes past it, which Tagboat does not."""
    method, _, credential = watched.method.partition(":")
    if method in {"", "argocd"} and not watched.target:
        told.append(
            "its method argocd, which changes the Application in the cluster and no file: Tagboat writes"
            f" {file} in Git"
        )
    elif method not in {"", "argocd", "git"}:
        told.append(f"the write-back method {method[:80]!r} is not known: Git is written")
    if not watched.target and not source.kind:
        told.append("whether its source is Helm or Kustomize is not said: it is taken for Helm")
    others = () if watched.target else _others(watched, source)
    if others:
        told.append(
            f"what its source sets beside the images, {', '.join(others)[:200]}: Argo CD takes the list in"
            f" {file} in the place of the Application's; see that it stands there too"
        )
    if credential and credential != "repocreds":
        told.append(f"the login to Git, {credential[:80]}: write it under forges")


def _others(watched: Watched, source: Source) -> tuple[str, ...]:
    """What a file of overrides would hide of the Application: its other parameters, or Kustomize's images."""
    if source.kind == "Kustomize":
        names = tuple(image.name for image in watched.images)
        return tuple(each for each in source.images if not any(name in each for name in names))
    own = {each for image in watched.images for each in parameter_names(image).values()}
    return tuple(each for each in source.parameters if each not in own)
