"""Key paths into a YAML file: Helm values, or any other."""

from __future__ import annotations

from bot.domain.edit.lookup import Scope
from bot.domain.edit.objects import chosen
from bot.domain.edit.parts import read_keys, written_keys
from bot.domain.edit.values import Values
from bot.domain.image import ImageName, ImageRef
from bot.domain.place import HelmValues


def read(content: bytes, place: HelmValues, name: ImageName) -> ImageRef:
    """The image that stands at the place; see `bot.domain.edit.targets.read_target`."""
    return read_keys(place, _values(content, place), name)


def write(content: bytes, place: HelmValues, ref: ImageRef, *, pin_digest: bool) -> bytes:
    """The file with the image at the place; see `bot.domain.edit.targets.write_target`."""
    values = _values(content, place)
    return values.replaced(list(written_keys(place, values, ref, pin_digest=pin_digest)))


def _values(content: bytes, place: HelmValues) -> Values:
    values = Values.parse(content, Scope(follows=place.edits_anchors, creates=place.creates))
    return values.within(chosen(values.stream, place.object)) if place.object else values
