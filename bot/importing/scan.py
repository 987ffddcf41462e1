"""Images in the files of a repository: what they are called, and how the configuration says where they stand.

Each is read back by the very code that will write it; what cannot be read so is left out.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from bot.configuration.pipeline_sections import WriteSection
from bot.configuration.places import place_of
from bot.domain.edit import marker, setters
from bot.domain.edit.parts import read_keys
from bot.domain.edit.targets import read_target
from bot.domain.edit.values import Values
from bot.domain.errors import TagboatError
from bot.domain.image import ImageName, ImageRef, parse_image_name
from bot.domain.pipeline import Target
from bot.domain.place import HelmValues, Marker
from bot.importing.documents import OVERRIDES, documents, is_kustomization, name_in
from bot.importing.objects import mapping, mappings, text
from bot.importing.sources import Tried, in_application, in_source
from bot.importing.values import containers_in, keyed_in

_MOST_NAMES = 50
_REFERENCE = re.compile(r"(?<![\w./-])([a-z0-9][\w.-]*+(?::[0-9]+)?(?:/[\w.-]++)+)(?=[:@])", re.ASCII)
_NOBODY = ImageName("nobody.invalid", "nothing")
_NOT_IMAGES = {
    *("ApplicationSet", "AppProject", "CustomResourceDefinition", "ImageUpdater"),
    *("ImagePolicy", "ImageRepository", "ImageUpdateAutomation"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """An image that stands in a file: what it is now, and the `write` of the configuration for its place.

    No `write`: the file's name says it. `element` is the one of several applications in the file that has
    the image, where there are several; `application` is the Argo CD Application in whose source it stands.
    `is_new`: it does not stand there yet, and will be added.
    """

    ref: ImageRef
    write: Mapping[str, Any]
    element: str = ""
    application: str = ""
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """What images are called where a file does not say it: by the key path of a tag, by a policy of Flux."""

    tags: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, str] = field(default_factory=dict)


def images_in(path: str, content: bytes, names: Names) -> list[Standing]:
    """The images of a file, by marks where it has any, else by the usual keys; none in other files."""
    marked = [*_by_marker(path, content), *_by_setter(path, content, names.policies)]
    if marked:
        return marked
    found = documents(path, content)
    if is_kustomization(path):
        tried = [each for document in found for each in _kustomized(document)]
    elif posixpath.basename(path).startswith(OVERRIDES):
        tried = [each for document in found for each in in_source(document, {}, names.tags)]
    else:
        tried = _in_documents(found, names.tags)
    file = _File(path, content)
    confirmed = (_confirmed(file, each) for each in tried)
    return list({(str(each.ref), str(each.write)): each for each in confirmed if each}.values())


def _in_documents(found: list[dict[str, Any]], tags: Mapping[str, str]) -> list[Tried]:
    tried: list[Tried] = []
    said: dict[str, set[str]] = {}
    for _, image in containers_in(found):
        said.setdefault(name_in(image), set()).add(image)
    for document in found:
        kind, name = text(document.get("kind")), text(mapping(document, "metadata").get("name"))
        which = {"object": f"{kind}/{name}"} if len(found) > 1 and kind and name else {}
        if kind == "Application":
            tried += in_application(document, name, which, tags)
        elif kind not in _NOT_IMAGES:
            tried += _in_containers(document, which, said)
            keyed = keyed_in(document, tags)
            tried += (
                Tried(each.name, {**each.keys, **which}, each.element, "", {} if which else each.positions)
                for each in keyed
            )
    return tried


def _in_containers(
    document: Mapping[str, Any], which: Mapping[str, str], said: Mapping[str, set[str]]
) -> Iterator[Tried]:
    """Containers by their image; by their names, where equal images say different tags in the file."""
    for container, image in containers_in(document):
        name = name_in(image)
        if name and len(said[name]) == 1:
            yield Tried(name, {"containers": True})
        elif name and container:
            yield Tried(name, {"container": container, **which})


def _kustomized(document: Mapping[str, Any]) -> Iterator[Tried]:
    """The entries of a kustomization, by their names only where equal images have several."""
    entries = [each for each in mappings(document.get("images")) if text(each.get("name"))]
    called = [text(each.get("newName")) or text(each["name"]) for each in entries]
    for entry, image in zip(entries, called, strict=True):
        if "newTag" in entry or "digest" in entry or "newName" in entry:
            is_alone = called.count(image) == 1
            yield Tried(image, {} if is_alone else {"kustomize": True, "name": text(entry["name"])})


class _File:
    """A file whose key paths are read from one parse, however many there are."""

    def __init__(self, path: str, content: bytes) -> None:
        self._path = path
        self._content = content

    @cached_property
    def _values(self) -> Values:
        return Values.parse(self._content)

    def read(self, tried: Tried, name: ImageName) -> ImageRef:
        """The image that stands at a place; raises TagboatError or ValueError where none does."""
        if tried.positions:
            at = tried.positions.get
            keys = HelmValues(at("tag"), at("digest"), reference=at("reference"))
            return read_keys(keys, self._values, name)
        place = place_of(WriteSection(**(dict(tried.write) or {"kustomize": True})), self._path)
        return read_target(self._content, Target("image", self._path, place), name)


def _confirmed(file: _File, tried: Tried) -> Standing | None:
    """The image as its place reads; None where it cannot be read, or nobody says what it is called."""
    try:
        ref = file.read(tried, parse_image_name(tried.name) if tried.name else _NOBODY)
    except (TagboatError, ValueError):
        return None
    if ref.name == _NOBODY:
        return None
    return Standing(ref, tried.write, tried.element, tried.application)


def _by_marker(path: str, content: bytes) -> Iterator[Standing]:
    if b"tagboat:" not in content:
        return
    try:
        names = marker.marked_names(content)
    except TagboatError:
        return  # A broken marker is told when its place is configured.
    for name in names:
        read = partial(marker.read, content, Marker(name))
        called = _named_in(content, read)
        tried = (_confirmed(_File(path, content), Tried(image, {"marker": name})) for image in called)
        found = next((each for each in tried if each), None)
        if found:
            yield found


def _named_in(content: bytes, read: Callable[[ImageName], ImageRef]) -> Iterable[str]:
    """What a marked image may be called: a reference of the file, where nothing else can be meant."""
    try:
        return [] if read(_NOBODY).name == _NOBODY else [""]
    except TagboatError:
        references = _REFERENCE.findall(content.decode(errors="replace"))
        return list(dict.fromkeys(references))[:_MOST_NAMES]


def _by_setter(path: str, content: bytes, images: Mapping[str, str]) -> Iterator[Standing]:
    if b"$imagepolicy" not in content:
        return
    try:
        names = setters.policies(content)
    except TagboatError:
        return  # As above.
    for name in names:
        found = _confirmed(_File(path, content), Tried(images.get(name, ""), {"setter": name}))
        if found:
            yield found
