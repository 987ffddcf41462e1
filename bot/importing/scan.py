"""Images in the files of a repository: what they are called, and how the configuration says where they stand.

Each is read back by the very code that will write it; what cannot be read so is left out.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import yaml
from yaml import CSafeLoader

from bot.domain.edit import marker, setters
from bot.domain.edit.keypath import Index, Key, KeyPath, Match, Step
from bot.domain.edit.parts import path_of, read_keys
from bot.domain.edit.values import Values
from bot.domain.errors import TagboatError
from bot.domain.image import ImageName, ImageRef, parse_image_name, parse_image_ref
from bot.domain.place import HelmValues, Marker, Setter

KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "kustomization"})
"""How files of Kustomize are called, in lower case."""

_YAML = (".yaml", ".yml")
_DEEPEST = 40
_MOST_NAMES = 50
_REFERENCE = re.compile(r"(?<![\w./-])([a-z0-9][\w.-]*+(?::[0-9]+)?(?:/[\w.-]++)++)(?=[:@])", re.ASCII)
_NOBODY = ImageName("nobody.invalid", "nothing")
_NOT_IMAGES = {"Application", "ApplicationSet", "AppProject", "CustomResourceDefinition", "ImageUpdater"}


@dataclass(frozen=True, slots=True)
class Standing:
    """An image that stands in a file: what it is now, and the `write` of the configuration for its place."""

    ref: ImageRef
    write: Mapping[str, str]


def images_in(path: str, content: bytes) -> list[Standing]:
    """The images of a file, by marks where it has any, else by the usual keys; none in other files."""
    marked = [*_by_marker(content), *_by_setter(content)]
    if marked or not (path.lower().endswith(_YAML) or posixpath.basename(path).lower() in KUSTOMIZATIONS):
        return marked
    try:
        documents = list(yaml.load_all(content, Loader=CSafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return []  # A template, most likely: charts are full of them.
    is_kustomization = posixpath.basename(path).lower() in KUSTOMIZATIONS
    walk = _kustomized if is_kustomization else _keyed
    found = [each for document in documents if _may_hold(document) for each in walk(document)]
    if not found:
        return []
    try:
        values = Values.parse(content)
    except TagboatError:
        return []  # Sealed by SOPS, or beyond a limit: nothing could be written.
    confirmed = (_confirmed(name, _by_keys(values, keys), keys) for name, keys in found)
    return [each for each in confirmed if each is not None]


def _by_keys(values: Values, keys: Mapping[str, str]) -> Callable[[ImageName], ImageRef]:
    place = HelmValues(keys.get("tag"), keys.get("digest"), reference=keys.get("reference"))
    return lambda name: read_keys(place, lambda key: values.need(path_of(key)), name)


def _may_hold(document: Any) -> bool:
    return isinstance(document, dict) and document.get("kind") not in _NOT_IMAGES


def _by_marker(content: bytes) -> Iterator[Standing]:
    if b"tagboat:" not in content:
        return
    try:
        names = marker.marked_names(content)
    except TagboatError:
        return  # A broken marker is told when its place is configured.
    for name in names:
        read = partial(marker.read, content, Marker(name))
        tried = (_confirmed(image, read, {"marker": name}) for image in _named_in(content, read))
        found = next((each for each in tried if each), None)
        if found:
            yield found


def _named_in(content: bytes, read: Callable[[ImageName], ImageRef]) -> list[str]:
    """What a marked image may be called: a reference of the file, where nothing else can be meant."""
    try:
        return [] if read(_NOBODY).name == _NOBODY else [""]
    except TagboatError:
        references = _REFERENCE.findall(content.decode(errors="replace"))
        return list(dict.fromkeys(references))[:_MOST_NAMES]


def _by_setter(content: bytes) -> Iterator[Standing]:
    if b"$imagepolicy" not in content:
        return
    try:
        names = setters.policies(content)
    except TagboatError:
        return  # As above.
    for name in names:
        found = _confirmed("", partial(setters.read, content, Setter(name)), {"setter": name})
        if found:
            yield found


def _confirmed(name: str, read: Callable[[ImageName], ImageRef], write: Mapping[str, str]) -> Standing | None:
    """The image as its place reads; None where it cannot be read, or nobody says what it is called."""
    try:
        ref = read(parse_image_name(name) if name else _NOBODY)
    except (TagboatError, ValueError):
        return None
    return None if ref.name == _NOBODY else Standing(ref, write)


def _kustomized(document: Any) -> Iterator[tuple[str, dict[str, str]]]:
    entries = document.get("images")
    for entry in entries if isinstance(entries, list) else ():
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str):
            continue
        at = KeyPath((Key("images"), Match("name", name)))
        keys = {
            key: f"{at}.{word}" for key, word in (("tag", "newTag"), ("digest", "digest")) if word in entry
        }
        if keys:
            yield str(entry.get("newName") or name), keys


def _keyed(value: Any, way: tuple[Step, ...] = ()) -> Iterator[tuple[str, dict[str, str]]]:
    """Images by the usual keys of charts and manifests: `repository` and `tag`, or `image`."""
    if len(way) > _DEEPEST:
        return
    if isinstance(value, list):
        for number, element in enumerate(value):
            yield from _keyed(element, (*way, _step(value, element, number)))
    elif isinstance(value, dict):
        parts = _parts(value, way)
        if parts:
            yield parts
            return
        for key, inner in value.items():
            if not isinstance(key, str):
                continue
            if isinstance(inner, str) and key.lower().endswith("image") and _is_reference(inner):
                yield _name_in(inner), {"reference": str(KeyPath((*way, Key(key))))}
            yield from _keyed(inner, (*way, Key(key)))


def _name_in(text: str) -> str:
    """The name in a reference that is known to be one."""
    return str(parse_image_ref(text).name)


def _parts(value: Mapping[Any, Any], way: tuple[Step, ...]) -> tuple[str, dict[str, str]] | None:
    """`{repository, tag}`, with `registry` and `digest` where they are; `name` for it in an `image`."""
    is_image = bool(way) and isinstance(way[-1], Key) and way[-1].name.lower().endswith("image")
    key = "repository" if "repository" in value else "name" if is_image else ""
    name = value.get(key)
    if not isinstance(name, str) or not name or "tag" not in value or not way:
        return None
    registry = value.get("registry")
    whole = f"{registry}/{name}" if isinstance(registry, str) and registry else name
    has_digest = isinstance(value.get("digest"), str) and value["digest"]
    keys = ("tag", "digest") if has_digest else ("tag",)
    return whole, {each: str(KeyPath((*way, Key(each)))) for each in keys}


def _step(elements: list[Any], element: Any, number: int) -> Step:
    """How an element is named: by its name, where that is its alone, else by its place."""
    names = [each.get("name") for each in elements if isinstance(each, dict)]
    name = element.get("name") if isinstance(element, dict) else None
    is_unique = isinstance(name, str) and bool(name) and names.count(name) == 1
    return Match("name", str(name)) if is_unique else Index(number)


def _is_reference(text: str) -> bool:
    try:
        ref = parse_image_ref(text)
    except ValueError:
        return False
    return bool(ref.tag or ref.digest)
