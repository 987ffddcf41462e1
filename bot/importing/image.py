"""One image that Argo CD Image Updater watches: how the configuration chooses it, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.domain.choosing.selection import SelectionPolicy, Strategy
from bot.domain.edit.keypath import Key, KeyPath
from bot.domain.errors import Refused
from bot.domain.image import parse_image_name
from bot.importing.draft import literal
from bot.importing.objects import Source
from bot.importing.updater import WatchedImage

KEYS = ("tag", "digest", "repository", "reference")
"""What the configuration calls the keys that hold parts of an image."""

_DEFAULT_NAME, _DEFAULT_TAG = "image.name", "image.tag"


def image_settings(image: WatchedImage, told: list[str]) -> Iterator[tuple[str, Any]]:
    """An image's settings, each checked as the configuration will check it.

    Raises:
        ValueError: something said is none that can be carried over.
    """
    yield "image", literal(str(parse_image_name(image.name)))
    strategy = Strategy.parse(image.strategy or "semver")
    takes_constraint = strategy in {Strategy.SEMVER, Strategy.DIGEST}
    constraint = image.constraint if takes_constraint else ""
    if image.constraint and not takes_constraint:
        told.append(
            f"image {image.name}: {strategy} takes no constraint, and {image.constraint[:80]} is one, which"
            " had no effect"
        )
    if strategy is Strategy.DIGEST:
        constraint = constraint or "latest"
    allow_tags = "" if image.allow_tags == "any" else image.allow_tags
    SelectionPolicy(strategy, constraint, allow_tags, image.ignore_tags, image.platforms)
    if strategy is not Strategy.SEMVER:
        yield "strategy", str(strategy)
    if constraint:
        yield "constraint", literal(constraint)
    if allow_tags:
        yield "allow_tags", literal(allow_tags)
    if image.ignore_tags:
        yield "ignore_tags", [literal(each) for each in image.ignore_tags]
    if image.platforms:
        yield "platforms", list(image.platforms)


def image_write(image: WatchedImage, target: str, source: Source, top: frozenset[str]) -> Mapping[str, Any]:
    """Where an image stands in the file, of which `top` are the first keys; nothing, where its name says it.

    Raises:
        Refused: that is not said.
        ValueError: a key is none that the configuration takes.
    """
    write = _literal(_write(image, target, source), top)
    for key in KEYS:
        if key in write:
            KeyPath.parse(write[key])
    return write


def _write(image: WatchedImage, target: str, source: Source) -> Mapping[str, Any]:
    kind = target.partition(":")[0] or source.kind
    name = {"name": image.kustomize_name} if image.kustomize_name else {}
    if kind == "kustomization":
        return {"kustomize": True} | name if name else {}
    if kind == "Kustomize" or (not kind and name):
        return {"argocd": "kustomize.images"} | name
    if kind == "helmvalues":
        return _values(image) | {"create": True}
    return {"argocd": "helm.parameters"} | parameter_names(image)


def _literal(write: Mapping[str, Any], top: frozenset[str]) -> Mapping[str, Any]:
    """The place, with the keys that stand as they are at the top of the file, where the updater looks first.

    Its `setHelmValue`: https://github.com/argoproj-labs/argocd-image-updater
    """
    if "argocd" in write or "kustomize" in write:
        return write
    return {key: str(KeyPath((Key(each),))) if each in top else each for key, each in write.items()}


def _values(image: WatchedImage) -> dict[str, Any]:
    """The keys of Helm values that hold an image; `image.tag` where none is said."""
    if image.helm_spec:
        return {"reference": image.helm_spec}
    if not image.helm_tag and not image.helm_name:
        return {"tag": _DEFAULT_TAG}
    if not image.helm_tag:
        raise Refused("no Helm key for the tag is named", fix="name it by helm.image-tag")
    return {"tag": image.helm_tag} | ({"repository": image.helm_name} if image.helm_name else {})


def parameter_names(image: WatchedImage) -> dict[str, str]:
    """The names of Helm parameters that hold an image: both are always set, as the Image Updater does."""
    if image.helm_spec:
        return {"reference": image.helm_spec}
    return {"tag": image.helm_tag or _DEFAULT_TAG, "repository": image.helm_name or _DEFAULT_NAME}
