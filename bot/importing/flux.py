"""Policies of Flux, by which the images are chosen that its comments mark, as settings of an image.

https://fluxcd.io/flux/components/image/imagepolicies/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.importing.draft import literal
from bot.importing.objects import is_kind, mapping, text

_GROUP = "image.toolkit.fluxcd.io/"


@dataclass(frozen=True, slots=True)
class FluxPolicy:
    """What a policy chooses from, as far as it is known, and how."""

    image: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


def policies(objects: Iterable[Mapping[str, Any]]) -> dict[str, FluxPolicy]:
    """Each ImagePolicy by the name that comments have, `namespace:name`."""
    kept = list(objects)
    images = {
        _key(each): text(mapping(each, "spec").get("image"))
        for each in kept
        if is_kind(each, "ImageRepository", _GROUP)
    }
    return {
        _key(each): FluxPolicy(_image(each, images), _settings(mapping(each, "spec")))
        for each in kept
        if is_kind(each, "ImagePolicy", _GROUP)
    }


def _key(each: Mapping[str, Any]) -> str:
    metadata = mapping(each, "metadata")
    return f"{text(metadata.get('namespace')) or 'flux-system'}:{text(metadata.get('name'))}"


def _image(each: Mapping[str, Any], images: Mapping[str, str]) -> str:
    ref = mapping(each, "spec", "imageRepositoryRef")
    namespace = text(ref.get("namespace")) or _key(each).partition(":")[0]
    return images.get(f"{namespace}:{text(ref.get('name'))}", "")


def _settings(spec: Mapping[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for strategy, section in mapping(spec, "policy").items():
        settings |= {"strategy": strategy} if strategy in {"alphabetical", "numerical"} else {}
        constraint = text(mapping(section).get("range"))
        settings |= {"constraint": literal(constraint)} if strategy == "semver" and constraint else {}
        settings |= {"order": "desc"} if mapping(section).get("order") == "desc" else {}
    filtered = mapping(spec, "filterTags")
    for key in ("pattern", "extract"):
        if text(filtered.get(key)):
            settings[key] = literal(text(filtered[key]))
    return settings
