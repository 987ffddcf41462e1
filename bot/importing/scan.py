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

import yaml
from yaml import CSafeLoader

from bot.configuration.pipeline_sections import WriteSection
from bot.configuration.places import place_of
from bot.domain.edit import marker, setters
from bot.domain.edit.parts import path_of, read_keys
from bot.domain.edit.targets import read_target
from bot.domain.edit.values import Values
from bot.domain.errors import TagboatError
from bot.domain.image import ImageName, ImageRef, parse_image_name, parse_image_ref
from bot.domain.pipeline import Target
from bot.domain.place import HelmValues, Marker
from bot.importing.objects import mapping, mappings, text
from bot.importing.values import containers_in, stood_in

KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "kustomization"})
"""How files of Kustomize are called, in lower case."""

OVERRIDES = ".argocd-source"
"""How files begin that hold what an Application overrides."""

_YAML = (".yaml", ".yml")
_MOST_NAMES = 50
_REFERENCE = re.compile(r"(?<![\w./-])([a-z0-9][\w.-]*+(?::[0-9]+)?(?:/[\w.-]++)++)(?=[:@])", re.ASCII)
_NOBODY = ImageName("nobody.invalid", "nothing")
_NOT_IMAGES = {
    *("ApplicationSet", "AppProject", "CustomResourceDefinition", "ImageUpdater"),
    *("ImagePolicy", "ImageRepository", "ImageUpdateAutomation"),
}
_FIELDS = (("helm", "valuesObject"), ("helm", "values"))


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


def is_kustomization(path: str) -> bool:
    """Whether a file is one of Kustomize, by its name."""
    return posixpath.basename(path).lower() in KUSTOMIZATIONS


def documents(path: str, content: bytes) -> list[dict[str, Any]]:
    """The mappings of a YAML file; none for another file, and for a template that is no YAML."""
    if not (path.lower().endswith(_YAML) or is_kustomization(path)):
        return []
    try:
        loaded = list(yaml.load_all(content, Loader=CSafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return []  # A template, most likely: charts are full of them.
    return [each for each in loaded if isinstance(each, dict)]


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
        tried = [each for document in found for each in _in_source(document, {}, names.tags)]
    else:
        tried = _in_documents(found, names.tags)
    file = _File(path, content)
    confirmed = (_confirmed(file, each) for each in tried)
    return list({(str(each.ref), str(each.write)): each for each in confirmed if each}.values())


@dataclass(frozen=True, slots=True)
class _Tried:
    """An image that may stand at a place; `name` is what it is called where the place does not say it."""

    name: str
    write: Mapping[str, Any]
    element: str = ""
    application: str = ""


def _in_documents(found: list[dict[str, Any]], tags: Mapping[str, str]) -> list[_Tried]:
    tried: list[_Tried] = []
    said: dict[str, set[str]] = {}
    for _, image in containers_in(found):
        said.setdefault(_name_in(image), set()).add(image)
    for document in found:
        kind, name = text(document.get("kind")), text(mapping(document, "metadata").get("name"))
        which = {"object": f"{kind}/{name}"} if len(found) > 1 and kind and name else {}
        if kind == "Application":
            tried += _in_application(document, name, which, tags)
        elif kind not in _NOT_IMAGES:
            tried += _in_containers(document, which, said)
            stood = stood_in(document, tags)
            tried += (_Tried(each.name, {**each.keys, **which}, each.element) for each in stood)
    return tried


def _in_containers(
    document: Mapping[str, Any], which: Mapping[str, str], said: Mapping[str, set[str]]
) -> Iterator[_Tried]:
    """Containers by their image; by their names, where equal images say different tags in the file."""
    for container, image in containers_in(document):
        name = _name_in(image)
        if name and len(said[name]) == 1:
            yield _Tried(name, {"containers": True})
        elif name and container:
            yield _Tried(name, {"container": container, **which})


def _in_application(
    document: Mapping[str, Any], name: str, which: Mapping[str, str], tags: Mapping[str, str]
) -> Iterator[_Tried]:
    spec = mapping(document, "spec")
    several = mappings(spec.get("sources"))
    for number, source in enumerate(several or [mapping(spec, "source")]):
        place = {**which, **({"source": str(number)} if len(several) > 1 else {})}
        for each in _in_source(source, place, tags):
            yield _Tried(each.name, each.write, name, name)


def _in_source(
    source: Mapping[str, Any], place: Mapping[str, str], tags: Mapping[str, str]
) -> Iterator[_Tried]:
    """Images in a source of Argo CD, in whichever field they stand."""
    helm = mapping(source, "helm")
    parameters = {
        text(each.get("name")): each.get("value")
        for each in mappings(helm.get("parameters"))
        if each.get("name")
    }
    for each in stood_in(_nested(parameters), tags):
        yield _Tried(each.name, {"argocd": "helm.parameters", **each.keys, **place})
    for way in _FIELDS:
        for each in stood_in(_values(helm.get(way[1])), tags):
            yield _Tried(each.name, {"argocd": ".".join(way), **each.keys, **place})
    images = mapping(source, "kustomize").get("images")
    for override in images if isinstance(images, list) else ():
        image = _name_in(text(override).rpartition("=")[2])
        if image:
            yield _Tried(image, {"argocd": "kustomize.images", **place})


def _nested(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as values: `a.b` is `b` in `a`. A name that leads through a value is left out."""
    nested: dict[str, Any] = {}
    for name, value in parameters.items():
        *folders, last = name.split(".")
        inner = nested
        for folder in folders:
            following = inner.setdefault(folder, {})
            inner = following if isinstance(following, dict) else {}
        inner.setdefault(last, value)
    return nested


def _values(value: Any) -> dict[str, Any]:
    """Values of Helm, as they stand or as text."""
    if not isinstance(value, str):
        return mapping(value)
    found = documents("values.yaml", value.encode())
    return found[0] if len(found) == 1 else {}


def _kustomized(document: Mapping[str, Any]) -> Iterator[_Tried]:
    """The entries of a kustomization, by their names only where equal images have several."""
    entries = [each for each in mappings(document.get("images")) if text(each.get("name"))]
    called = [text(each.get("newName")) or text(each["name"]) for each in entries]
    for entry, image in zip(entries, called, strict=True):
        if "newTag" in entry or "digest" in entry or "newName" in entry:
            is_alone = called.count(image) == 1
            yield _Tried(image, {} if is_alone else {"kustomize": True, "name": text(entry["name"])})


class _File:
    """A file whose key paths are read from one parse, however many there are."""

    def __init__(self, path: str, content: bytes) -> None:
        self._path = path
        self._content = content

    @cached_property
    def _values(self) -> Values:
        return Values.parse(self._content)

    def read(self, write: Mapping[str, Any], name: ImageName) -> ImageRef:
        """The image that stands at a place; raises TagboatError or ValueError where none does."""
        place = place_of(WriteSection(**(dict(write) or {"kustomize": True})), self._path)
        if isinstance(place, HelmValues) and place.object is None:
            return read_keys(place, lambda key: self._values.need(path_of(key)), name)
        return read_target(self._content, Target("image", self._path, place), name)


def _confirmed(file: _File, tried: _Tried) -> Standing | None:
    """The image as its place reads; None where it cannot be read, or nobody says what it is called."""
    try:
        ref = file.read(tried.write, parse_image_name(tried.name) if tried.name else _NOBODY)
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
        tried = (_confirmed(_File(path, content), _Tried(image, {"marker": name})) for image in called)
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
        found = _confirmed(_File(path, content), _Tried(images.get(name, ""), {"setter": name}))
        if found:
            yield found


def reference(said: str) -> ImageRef | None:
    """The image that a text means; None where it is no reference."""
    try:
        return parse_image_ref(said)
    except ValueError:
        return None


def _name_in(said: str) -> str:
    """The name in a reference, empty where it is none."""
    ref = reference(said)
    return str(ref.name) if ref else ""
