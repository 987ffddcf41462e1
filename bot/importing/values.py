"""Images in values as charts have them, and in containers: by the usual keys, wherever they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from bot.domain.edit.keypath import Index, Key, KeyPath, Match, Step
from bot.domain.edit.parts import behind
from bot.domain.image import parse_image_name
from bot.importing.documents import reference

COLLECTIONS = frozenset({"applications", "apps", "services", "components", "workloads", "microservices"})
"""Keys in lower case below which each element is an application of its own."""

_DEEPEST = 40
_LISTS = frozenset({"containers", "initContainers", "ephemeralContainers"})
_NAMES = ("repository", "name")
_DOTTED_TAG = ".tag"
_Way = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Keyed:
    """Key paths that hold an image, what it is called where the keys alone do not say it, and whose it is.

    `positions` are the same paths with elements by their number, which are found faster in long lists.
    """

    name: str
    keys: Mapping[str, str]
    element: str = ""
    positions: Mapping[str, str] = field(default_factory=dict)


def keyed_in(values: Any, names: Mapping[str, str]) -> Iterator[Keyed]:
    """Images by `repository` and `tag`, by `image`, or by a tag alone whose image `names` has by its path."""
    for spot in _mappings(values):
        way, value = spot.way, spot.value
        element = _element(way)
        name = _name(value, way)
        if name and "tag" in value and way:
            has_digest = isinstance(value.get("digest"), str) and value["digest"]
            keys = ("tag", "digest") if has_digest else ("tag",)
            yield Keyed(name, spot.paths(keys), element, spot.positions(keys))
            continue
        if not name and way and _is_image(way) and _is_tag(value.get("tag")):
            tag = _path(way, "tag")
            if known := names.get(tag):
                yield Keyed(known, {"tag": tag}, element, spot.positions(("tag",)))
        yield from _dotted(spot, element)
        key = _tag_beside(value)
        if key:
            yield Keyed(value["image"], {"tag": _path(way, key)}, element, {"tag": _path(spot.numbered, key)})
        yield from _references(spot, element)


def names_in(values: Any) -> dict[str, str]:
    """What the images are called whose tags stand, or would stand, at key paths."""
    found = ((_path(one.way, "tag"), _name(one.value, one.way)) for one in _mappings(values) if one.way)
    return {path: name for path, name in found if name}


def tags_in(values: Any) -> list[str]:
    """Key paths of tags beside which nothing says what the image is called."""
    return [
        _path(one.way, "tag")
        for one in _mappings(values)
        if _is_image(one.way) and _is_tag(one.value.get("tag")) and not _name(one.value, one.way)
    ]


def containers_in(value: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Name and image of each container, in pods and whatever makes them."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for each in value:
            yield from containers_in(each, depth + 1)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key in _LISTS and isinstance(inner, list):
                for each in inner:
                    if isinstance(each, dict) and isinstance(each.get("image"), str):
                        yield str(each.get("name") or ""), each["image"]
            else:
                yield from containers_in(inner, depth + 1)


@dataclass(frozen=True, slots=True)
class _Spot:
    """A mapping and the way to it, elements of lists by their names and by their numbers."""

    way: _Way
    numbered: _Way
    value: Mapping[Any, Any]

    def paths(self, keys: Sequence[str]) -> dict[str, str]:
        return {key: _path(self.way, key) for key in keys}

    def positions(self, keys: Sequence[str]) -> dict[str, str]:
        return {key: _path(self.numbered, key) for key in keys}


def _mappings(value: Any, way: _Way = (), numbered: _Way = ()) -> Iterator[_Spot]:
    """Every mapping with the way to it; containers are left out, and what has an image of its own ends it."""
    if len(way) > _DEEPEST:
        return
    if isinstance(value, list):
        names = Counter(_named(each) for each in value)
        for number, element in enumerate(value):
            name = _named(element)
            step = Match("name", name) if name and names[name] == 1 else Index(number)
            yield from _mappings(element, (*way, step), (*numbered, Index(number)))
    elif isinstance(value, dict):
        yield _Spot(way, numbered, value)
        if way and "tag" in value and _name(value, way):
            return
        for key, inner in value.items():
            if isinstance(key, str) and not (key in _LISTS and isinstance(inner, list)):
                yield from _mappings(inner, (*way, Key(key)), (*numbered, Key(key)))


def _name(value: Mapping[Any, Any], way: _Way) -> str:
    """What `repository` says, behind a `registry` beside it; `name` says it in an `image`."""
    keys = _NAMES if _is_image(way) else _NAMES[:1]
    name = next((value[key] for key in keys if isinstance(value.get(key), str) and value[key]), "")
    whole = behind(_registry(value), name)
    try:
        parse_image_name(whole)
    except ValueError:
        return ""
    return whole


def _registry(value: Mapping[Any, Any]) -> str:
    """What a key `registry` says."""
    registry = value.get("registry")
    return registry if isinstance(registry, str) else ""


def _holds_all(spot: _Spot, key: str) -> bool:
    """Whether a key may hold a whole reference: it is called `image`, or is a name in one that has no tag."""
    is_name = key in _NAMES and "tag" not in spot.value and _is_image(spot.way)
    return is_name or key.lower().endswith("image")


def _tag_beside(value: Mapping[Any, Any]) -> str:
    """The key of a tag beside an `image` that has none itself; empty where there is no such pair."""
    image = value.get("image")
    if not isinstance(image, str) or _is_reference(image):
        return ""
    try:
        parse_image_name(image)
    except ValueError:
        return ""
    return next((key for key in ("imageTag", "tag") if _is_tag(value.get(key))), "")


def _dotted(spot: _Spot, element: str) -> Iterator[Keyed]:
    """Images by keys that hold dots themselves: `"image.repository"` beside `"image.tag"`."""
    for key, value in spot.value.items():
        if not isinstance(key, str) or not key.endswith(_DOTTED_TAG) or not _is_tag(value):
            continue
        lead = key.removesuffix("tag")
        inner = {part: spot.value.get(lead + part) for part in ("registry", *_NAMES, "digest")}
        name = _name(inner, (*spot.way, Key(lead.rstrip("."))))
        if name:
            parts = ("tag", "digest") if isinstance(inner["digest"], str) and inner["digest"] else ("tag",)
            paths, positions = (
                spot.paths([lead + each for each in parts]),
                spot.positions([lead + each for each in parts]),
            )
            yield Keyed(
                name,
                {part: paths[lead + part] for part in parts},
                element,
                {part: positions[lead + part] for part in parts},
            )


def _references(spot: _Spot, element: str) -> Iterator[Keyed]:
    """Images whose name and tag stand in one text."""
    for key, inner in spot.value.items():
        if isinstance(key, str) and isinstance(inner, str) and _holds_all(spot, key):
            ref = reference(behind(_registry(spot.value), inner))
            if ref and (ref.tag or ref.digest):
                paths = {"reference": _path(spot.way, key)}
                yield Keyed(str(ref.name), paths, element, {"reference": _path(spot.numbered, key)})


def _is_image(way: _Way) -> bool:
    return bool(way) and isinstance(way[-1], Key) and way[-1].name.lower().endswith("image")


def _is_tag(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_reference(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    ref = reference(value)
    return bool(ref and (ref.tag or ref.digest))


def _element(way: _Way) -> str:
    """The application among several to which a way leads: `applications[name=web]`, `apps.web`."""
    for step, following in pairwise(way):
        if isinstance(step, Key) and step.name.lower() in COLLECTIONS:
            return following.value if isinstance(following, Match) else str(getattr(following, "name", ""))
    return ""


def _named(element: Any) -> str:
    """The name of an element of a list, by which it is found where that is its alone."""
    name = element.get("name") if isinstance(element, dict) else None
    return name if isinstance(name, str) else ""


def _path(way: _Way, key: str) -> str:
    return str(KeyPath((*way, Key(key))))
