"""Targets: which image stands at a place in a file, and how another one is written there.

Each kind of place has a module of its own with two functions, `read` and `write`; here one is chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import assert_never

from bot.domain.edit import (
    containers,
    helm_values,
    json_file,
    kustomization,
    marker,
    pattern,
    setters,
    source_images,
    source_keys,
    toml_file,
)
from bot.domain.edit.parts import check
from bot.domain.errors import Malformed, NotFound, Refused
from bot.domain.image import ImageName, ImageRef
from bot.domain.pipeline import Target
from bot.domain.place import (
    Container,
    HelmValues,
    JsonPaths,
    Kustomization,
    Marker,
    Pattern,
    Place,
    Setter,
    SourceImages,
    SourceKeys,
    TomlPaths,
)


def read_target(content: bytes, target: Target, name: ImageName) -> ImageRef:
    """The image that stands at the target; `name` is taken where the file says nothing of the name.

    Empty values are no error: a target that was never filled gives a reference without tag and digest.

    Raises:
        NotFound: what the target names is not in the file.
        Malformed: the file cannot be parsed, or what stands there is no image reference.
        Refused: a value cannot be told for certain.
    """
    with _naming(target.file):
        return _read(content, target.place, name)


def write_target(content: bytes, target: Target, ref: ImageRef, *, pin_digest: bool) -> bytes:
    """The file with the image at the target; the same bytes where it says so already.

    `pin_digest` asks for the digest to be written even where there is no key for it: behind the tag or
    the reference, after `@`. A digest that stands there is never dropped and never left to grow stale.

    Raises:
        NotFound: what the target names is not in the file.
        Malformed: the file cannot be parsed, or what stands there is no image reference.
        Refused: the image lacks a part that the target needs, or the edit is not safe.
    """
    with _naming(target.file):
        check(ref)
        return _write(content, target.place, ref, pin_digest=pin_digest)


def _read(content: bytes, place: Place, name: ImageName) -> ImageRef:
    match place:
        case HelmValues():
            return helm_values.read(content, place, name)
        case Container():
            return containers.read(content, place, name)
        case Kustomization():
            return kustomization.read(content, place, name)
        case SourceKeys():
            return source_keys.read(content, place, name)
        case SourceImages():
            return source_images.read(content, place, name)
        case JsonPaths():
            return json_file.read(content, place, name)
        case TomlPaths():
            return toml_file.read(content, place, name)
        case Marker():
            return marker.read(content, place, name)
        case Pattern():
            return pattern.read(content, place, name)
        case Setter():
            return setters.read(content, place, name)
        case _:
            assert_never(place)


def _write(content: bytes, place: Place, ref: ImageRef, *, pin_digest: bool) -> bytes:
    match place:
        case HelmValues():
            return helm_values.write(content, place, ref, pin_digest=pin_digest)
        case Container():
            return containers.write(content, place, ref, pin_digest=pin_digest)
        case Kustomization():
            return kustomization.write(content, place, ref, pin_digest=pin_digest)
        case SourceKeys():
            return source_keys.write(content, place, ref, pin_digest=pin_digest)
        case SourceImages():
            return source_images.write(content, place, ref, pin_digest=pin_digest)
        case JsonPaths():
            return json_file.write(content, place, ref, pin_digest=pin_digest)
        case TomlPaths():
            return toml_file.write(content, place, ref, pin_digest=pin_digest)
        case Marker():
            return marker.write(content, place, ref, pin_digest=pin_digest)
        case Pattern():
            return pattern.write(content, place, ref, pin_digest=pin_digest)
        case Setter():
            return setters.write(content, place, ref, pin_digest=pin_digest)
        case _:
            assert_never(place)


@contextmanager
def _naming(file: str) -> Iterator[None]:
    """Put the file's name in front of what went wrong in it."""
    try:
        yield
    except (NotFound, Malformed, Refused) as error:
        raise type(error)(f"{file}: {error.what}", why=error.why, fix=error.fix) from error
