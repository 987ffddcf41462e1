"""The images of all files of a repository, and the tags of which nobody can tell the image."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.errors import Refused
from bot.domain.image import ImageName, ImageRef, parse_image_name
from bot.domain.repository_path import safe_path
from bot.importing.bases import Bases, inherited
from bot.importing.documents import is_damaged, is_kustomization
from bot.importing.generated import Repository
from bot.importing.layout import staged
from bot.importing.scan import Names, Standing, images_in


@dataclass(frozen=True, slots=True)
class Stood:
    """By file the images that stand there, and key paths of tags without an image.

    `damaged` are files that speak of images and could not be read.
    """

    images: Mapping[str, Sequence[Standing]]
    unnamed: Mapping[str, Sequence[str]]
    damaged: Sequence[str] = ()


def standing(repository: Repository, flux_images: Mapping[str, str]) -> Stood:
    """The images in the files of a repository; `flux_images` is what policies of Flux choose from."""
    files = {path: content for path, content in sorted(repository.files.items()) if _is_looked_at(path)}
    bases = Bases(files)
    found = {
        path: images_in(path, content, Names(bases.names_for(path), flux_images))
        for path, content in files.items()
    }
    kustomizations = [path for path in files if is_kustomization(path)]
    for path in kustomizations:
        found[path] = found[path] or _new(path, files)
    overridden = _overridden({path: found[path] for path in kustomizations})
    unnamed = {path: bases.unnamed_in(path) for path in files if staged(path) and not _is_marked(found[path])}
    kept = {
        path: images if is_kustomization(path) else _without(images, overridden.get(posixpath.dirname(path)))
        for path, images in found.items()
    }
    return Stood(
        {path: images for path, images in kept.items() if images},
        {path: tags for path, tags in unnamed.items() if tags},
        [path for path in files if not found[path] and _is_damaged(path, files[path])],
    )


def _is_damaged(path: str, content: bytes) -> bool:
    return b"image" in content and is_damaged(path, content)


def _is_looked_at(path: str) -> bool:
    try:
        safe_path(path)
    except Refused:
        return False  # Files that CI runs are proposed to nobody.
    return "templates" not in path.split("/")[:-1]


def _new(path: str, files: Mapping[str, bytes]) -> list[Standing]:
    """What the kustomization of an environment will say of images that it only inherits."""
    images = inherited(path, files) if staged(path) else {}
    return [
        Standing(ImageRef(parse_image_name(name), tag or None), {}, is_new=True)
        for name, tag in images.items()
    ]


def _is_marked(images: Sequence[Standing]) -> bool:
    """Whether comments say where the images of a file stand: what has none was not meant."""
    return any("marker" in each.write or "setter" in each.write for each in images)


def _overridden(kustomizations: Mapping[str, Sequence[Standing]]) -> dict[str, set[ImageName]]:
    """By folder the images that a kustomization there puts in the place of what manifests say."""
    folders: dict[str, set[ImageName]] = {}
    for path, images in kustomizations.items():
        folders.setdefault(posixpath.dirname(path), set()).update(each.ref.name for each in images)
    return folders


def _without(images: Sequence[Standing], names: Collection[ImageName] | None) -> list[Standing]:
    return [each for each in images if each.ref.name not in (names or ())]
