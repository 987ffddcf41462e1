"""Sections of `write` to places: which kind of place is meant, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from bot.configuration.pipeline_sections import WriteSection
from bot.domain.edit.keypath import KeyPath
from bot.domain.place import (
    Container,
    HelmValues,
    ImageKeys,
    JsonPaths,
    Kustomization,
    Marker,
    ObjectName,
    Pattern,
    Place,
    Setter,
    SourceField,
    SourceImages,
    SourceKeys,
    SourceName,
    TomlPaths,
)

_KEYS = ("tag", "digest", "repository", "reference")
_IMAGES = "kustomize.images"
_KEY_PATHS, _SOURCE, _KUSTOMIZE, _PATTERN = "key paths", "a source of Argo CD", "kustomize", "a pattern"
_KINDS = {
    _KEY_PATHS: (*_KEYS, "format"),
    _SOURCE: ("argocd",),
    _KUSTOMIZE: ("kustomize",),
    "containers": ("container", "containers"),
    "a marker": ("marker",),
    _PATTERN: ("pattern", "part", "every"),
    "a mark of Flux": ("setter",),
}
"""By kind the keys that tell it; `argocd` takes key paths along."""

_BESIDE = {
    _KEY_PATHS: ("object", "anchors", "create"),
    _SOURCE: ("object", "source", "create"),
    _KUSTOMIZE: ("name", "create"),
    "containers": ("object",),
}
"""By kind the keys that may stand beside those that tell it."""

_ALL_BESIDE = ("object", "anchors", "create", "source", "name")
_SUFFIXES = {".json": "json", ".jsonc": "json", ".json5": "json", ".toml": "toml"}
_YAML = re.compile(r"\.ya?ml(?:\.[^/]*)?\Z", re.IGNORECASE)
"""Names of YAML files, and of templates of them: `helmfile.yaml.gotmpl`."""

_FORMATS: dict[str, type[JsonPaths | TomlPaths]] = {"json": JsonPaths, "toml": TomlPaths}
_KUSTOMIZATIONS = {"kustomization.yaml", "kustomization.yml", "Kustomization"}


def default_for(file: str, *, is_only_image: bool) -> WriteSection | None:
    """Where an image stands when nothing says it; None where nobody could tell."""
    if file.rpartition("/")[2] in _KUSTOMIZATIONS:
        return WriteSection(kustomize=True)
    return WriteSection(tag="image.tag") if is_only_image else None


def fault(section: WriteSection, file: str) -> tuple[str, str]:
    """What is wrong with a section as a whole, and the fix; both empty when it is right."""
    told = _told(section)
    if len(told) > 1:
        one, other, *_ = told.items()
        what = f"{one[0]} ({one[1][0]}) and {other[0]} ({other[1][0]}) are two kinds of places"
        return what, "keep one of them; several places of a file are several entries of `values`"
    if not told:
        fix = "add tag, digest or reference; or kustomize, container, argocd, marker, pattern or setter"
        return "it names no place for the tag", fix
    ((kind, _),) = told.items()
    has_keys = bool(section.tag or section.digest or section.reference)
    needs_keys = kind == _KEY_PATHS or (kind == _SOURCE and section.argocd != _IMAGES)
    if needs_keys and not has_keys:
        return "it names no place for the tag", "add tag, digest or reference"
    if kind == _PATTERN and section.pattern is None:
        return "it names no expression", "add pattern: 'version = \"(.*)\"'"
    if section.container and section.containers:
        return "a container and all containers are two kinds of places", "keep one of them"
    strange = _strange(section, kind, file)
    if strange:
        is_tree = kind == _KEY_PATHS and _format(section, file) != "yaml"
        where = "key paths into JSON and TOML" if is_tree else kind
        return f"{strange} says nothing here", f"leave it out: it does not go with {where}"
    return "", ""


def _told(section: WriteSection) -> dict[str, list[str]]:
    """The keys that tell a kind, by kind; one that is off tells nothing."""
    written = [key for key in section.model_fields_set if getattr(section, key) not in {None, False}]
    kinds = {kind: [key for key in keys if key in written] for kind, keys in _KINDS.items()}
    if section.argocd is not None and not section.format:
        kinds[_KEY_PATHS] = []
    return {kind: keys for kind, keys in kinds.items() if keys}


def _strange(section: WriteSection, kind: str, file: str) -> str | None:
    """A key that does not go with the kind of place."""
    beside = list(_BESIDE.get(kind, ()))
    if section.argocd == _IMAGES:
        keys = [key for key in _KEYS if key in section.model_fields_set]
        if keys:
            return keys[0]
        beside.append("name")
    if kind == _KEY_PATHS and _format(section, file) != "yaml":
        beside = ["create"]
    return next((key for key in _ALL_BESIDE if key in section.model_fields_set and key not in beside), None)


def place_of(section: WriteSection, file: str) -> Place:
    """The place that a section without a fault means in a file; key paths by the file's name, or `format`."""
    name = ObjectName.parse(section.object) if section.object else None
    creates = section.create or "create" not in section.model_fields_set
    if section.marker is not None:
        return Marker(section.marker)
    if section.setter is not None:
        return Setter(section.setter)
    if section.pattern is not None:
        is_yaml = _YAML.search(file) is not None
        return Pattern(section.pattern, section.part, section.every, is_yaml)
    if section.kustomize:
        return Kustomization(section.name, creates)
    if section.container or section.containers:
        return Container(section.container, name)
    if section.argocd is not None:
        return _in_source(section, SourceName(name, _source(section)), creates=creates)
    make = _FORMATS.get(_format(section, file))
    keys = (section.tag, section.digest, section.repository, section.reference)
    if make:
        return make(*keys, section.create)
    return HelmValues(*keys, name, section.anchors == "edit", section.create)


def _in_source(section: WriteSection, of: SourceName, *, creates: bool) -> Place:
    if section.argocd == _IMAGES:
        return SourceImages(section.name, of, creates)
    field = SourceField(str(section.argocd))
    is_list = field in {SourceField.PARAMETERS, SourceField.PLUGIN_ENV}
    keys = (section.tag, section.digest, section.repository, section.reference)
    return SourceKeys(*keys, field, of, creates if is_list else section.create)


def _source(section: WriteSection) -> int | str | None:
    text = section.source
    return int(text) if text and text.isdecimal() else text


def _format(section: WriteSection, file: str) -> str:
    suffix = "." + file.rpartition(".")[2].lower()
    return section.format or _SUFFIXES.get(suffix, "yaml")


def claimed(place: Place, image: str, *, without: Collection[str]) -> Iterator[str]:
    """What a place writes; `without` are keys of the section that cannot be read. Equal ones are one place.

    `image` is the image's name, by which entries of lists are found that have no other.
    """
    if isinstance(place, ImageKeys):
        within = _within(place)
        paths = {key: getattr(place, key) for key in _KEYS if key not in without}
        yield from (f"{within}{KeyPath.parse(path)}" for path in paths.values() if path is not None)
    elif not without:
        is_of_image = isinstance(place, Kustomization | Container | SourceImages) and place.name is None
        yield from (f"{key} {image}" if is_of_image else key for key in place.keys)


def _within(place: ImageKeys) -> str:
    """What parts equal keys of different places in a file."""
    if isinstance(place, SourceKeys):
        return f"{place.of}{place.field} "
    return f"{place.object} " if isinstance(place, HelmValues) and place.object else ""
