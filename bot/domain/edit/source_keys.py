"""Parts of an image in a source of Argo CD: Helm parameters, values as an object, a plugin's environment.

Values as a text are a file in a file: `bot.domain.edit.values_text`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import assert_never

from bot.domain.edit import values_text
from bot.domain.edit.argocd_source import Source, source_in
from bot.domain.edit.keypath import Key, KeyPath, Match
from bot.domain.edit.lookup import Scope
from bot.domain.edit.parts import path_of, read_keys, written_keys
from bot.domain.edit.values import Changes, Values
from bot.domain.image import ImageName, ImageRef
from bot.domain.place import SourceField, SourceKeys

_PARAMETERS = (Key("helm"), Key("parameters"))
_ENVIRONMENT = (Key("plugin"), Key("env"))
_VALUES_OBJECT = (Key("helm"), Key("valuesObject"))
_VALUES = (Key("helm"), Key("values"))


def read(content: bytes, place: SourceKeys, name: ImageName) -> ImageRef:
    """The image that stands at the place; see `bot.domain.edit.targets.read_target`."""
    source = _source(content, place)
    if place.field is SourceField.VALUES:
        inner = values_text.opened(source.values, source.path(*_VALUES))
        return read_keys(place, inner, name)
    return read_keys(place, source.values, name, path=partial(_path, source, place.field))


def write(content: bytes, place: SourceKeys, ref: ImageRef, *, pin_digest: bool) -> bytes:
    """The file with the image at the place; see `bot.domain.edit.targets.write_target`."""
    source = _source(content, place)
    if place.field is SourceField.VALUES:
        inner = values_text.opened(source.values, source.path(*_VALUES))
        return inner.replaced(list(written_keys(place, inner, ref, pin_digest=pin_digest)))
    path = partial(_path, source, place.field)
    texts = list(written_keys(place, source.values, ref, pin_digest=pin_digest, path=path))
    return source.values.changed(Changes(texts, flags=_flags(source, place)))


def _source(content: bytes, place: SourceKeys) -> Source:
    return source_in(Values.parse(content, Scope(creates=place.creates)), place.of)


def _path(source: Source, field: SourceField, key: str) -> KeyPath:
    match field:
        case SourceField.PARAMETERS:
            return source.path(*_PARAMETERS, Match("name", key), Key("value"))
        case SourceField.PLUGIN_ENV:
            return source.path(*_ENVIRONMENT, Match("name", key), Key("value"))
        case SourceField.VALUES_OBJECT:
            return source.path(*_VALUES_OBJECT, *path_of(key).steps)
        case SourceField.VALUES:
            return path_of(key)
        case _:
            assert_never(field)


def _flags(source: Source, place: SourceKeys) -> Sequence[KeyPath]:
    """New parameters say that they are texts, for Helm would take the tag 123 for a number."""
    if place.field is not SourceField.PARAMETERS:
        return ()
    elements = [(*_PARAMETERS, Match("name", key)) for key in place.keys]
    new = [steps for steps in elements if source.values.node(source.path(*steps)) is None]
    return [source.path(*steps, Key("forceString")) for steps in new]
