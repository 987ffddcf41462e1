"""Sections of `write` to places: which kind of place is meant, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bot.configuration.pipeline_sections import WriteSection
from bot.domain.edit.keypath import KeyPath
from bot.domain.place import HelmValues, ImageKeys, JsonPaths, Marker, Pattern, Place, Setter, TomlPaths

_KEYS = ("tag", "digest", "repository", "reference")
_KINDS = {
    "key paths": (*_KEYS, "format"),
    "a marker": ("marker",),
    "a pattern": ("pattern", "part", "every"),
    "a mark of Flux": ("setter",),
}
_SUFFIXES = {".json": "json", ".jsonc": "json", ".json5": "json", ".toml": "toml"}
_FORMATS: dict[str, type[HelmValues | JsonPaths | TomlPaths]] = {
    "yaml": HelmValues,
    "json": JsonPaths,
    "toml": TomlPaths,
}


def fault(section: WriteSection) -> tuple[str, str]:
    """What is wrong with a section as a whole, and the fix; both empty when it is right."""
    written = section.model_fields_set
    kinds = {kind: [key for key in keys if key in written] for kind, keys in _KINDS.items()}
    told = {kind: keys for kind, keys in kinds.items() if keys}
    if len(told) > 1:
        one, other, *_ = told.items()
        what = f"{one[0]} ({one[1][0]}) and {other[0]} ({other[1][0]}) are two kinds of places"
        return what, "keep one of them; several places of a file are several entries of `values`"
    if "key paths" in told and not (section.tag or section.digest or section.reference):
        return "it names no place for the tag", "add tag, digest or reference"
    if "a pattern" in told and section.pattern is None:
        return "it names no expression", 'add pattern: \'version = "(.*)"\''
    if not told:
        return "it names no place for the tag", "add tag, digest or reference; or marker, pattern or setter"
    return "", ""


def place_of(section: WriteSection, file: str) -> Place:
    """The place that a section without a fault means in a file; key paths by the file's name, or `format`."""
    if section.marker is not None:
        return Marker(section.marker)
    if section.setter is not None:
        return Setter(section.setter)
    if section.pattern is not None:
        return Pattern(section.pattern, section.part, section.every)
    suffix = "." + file.rpartition(".")[2].lower()
    make = _FORMATS[section.format or _SUFFIXES.get(suffix, "yaml")]
    return make(section.tag, section.digest, section.repository, section.reference)


def claimed(place: Place, *, without: Collection[str]) -> Iterator[str]:
    """What a place writes; `without` are keys of the section that cannot be read. Equal ones are one place."""
    if isinstance(place, ImageKeys):
        paths = {key: getattr(place, key) for key in _KEYS if key not in without}
        yield from (str(KeyPath.parse(path)) for path in paths.values() if path is not None)
    elif not without:
        yield from place.keys
