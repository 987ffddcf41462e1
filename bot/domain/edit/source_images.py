"""Texts under `kustomize.images` of a source of Argo CD: `[old=]name[:tag][@digest]`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.edit.argocd_source import Source, source_in
from bot.domain.edit.keypath import Index, Key, KeyPath
from bot.domain.edit.kustomization import familiar
from bot.domain.edit.lookup import Scope
from bot.domain.edit.spelling import Part, Written, text_for
from bot.domain.edit.spelling import read as read_texts
from bot.domain.edit.stream import Kind
from bot.domain.edit.values import Changes, Values
from bot.domain.errors import NotFound, Refused
from bot.domain.image import ImageName, ImageRef, parse_image_ref
from bot.domain.place import SourceImages

_IMAGES = (Key("kustomize"), Key("images"))
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class _Override:
    """One text of the list; `old` is what stands before the equals sign, and the sign."""

    path: KeyPath
    line: int
    old: str
    new: str

    @property
    def written(self) -> Written:
        """The image behind the equals sign."""
        return Written(Part.REFERENCE, self.new, f"line {self.line}")

    @property
    def image(self) -> ImageName | None:
        """The image that it puts in; None where that is none."""
        try:
            return parse_image_ref(self.new).name
        except ValueError:
            return None

    @property
    def name(self) -> str:
        """What manifests call the image."""
        if self.old:
            return self.old.removesuffix("=")
        rest = self.new.partition("@")[0]
        head, colon, tag = rest.rpartition(":")
        return head if colon and "/" not in tag else rest


def read(content: bytes, place: SourceImages, name: ImageName) -> ImageRef:
    """The image that the text puts in; see `bot.domain.edit.targets.read_target`."""
    source = _source(content, place)
    override = _override(source, place, name)
    return read_texts([override.written] if override else [], name)


def write(content: bytes, place: SourceImages, ref: ImageRef, *, pin_digest: bool) -> bytes:
    """The file with the image in the text; see `bot.domain.edit.targets.write_target`."""
    source = _source(content, place)
    override = _override(source, place, ref.name)
    if override:
        text = override.old + text_for(override.written, ref, pin_digest=pin_digest)
        return source.values.replaced([(override.path, text)])
    old = place.name or familiar(ref.name)
    lead = "" if old == familiar(ref.name) else f"{old}="
    spelled = Written(Part.REFERENCE, familiar(ref.name), "the new text")
    text = lead + text_for(spelled, ref, pin_digest=pin_digest)
    return source.values.changed(Changes(elements=[(source.path(*_IMAGES), text)]))


def _source(content: bytes, place: SourceImages) -> Source:
    return source_in(Values.parse(content, Scope(creates=place.creates)), place.of)


def _override(source: Source, place: SourceImages, name: ImageName) -> _Override | None:
    """The one text of the image; None where it is to be added."""
    known = _overrides(source)
    wanted = [each for each in known if (each.name == place.name if place.name else each.image == name)]
    if len(wanted) > 1:
        lines = ", ".join(str(each.line) for each in wanted[:_MOST_NAMED])
        raise Refused(
            f"the image {place.name or name} is not one text of `kustomize.images`",
            why=f"{len(wanted)} are of it (lines {lines})",
            fix="remove the others, or say which by `name`",
        )
    if not wanted and not place.creates:
        told = ", ".join(each.name[:80] for each in known[:_MOST_NAMED])
        raise NotFound(
            f"the image {place.name or name} is not in `kustomize.images`",
            why=f"there are {told}" if told else "the list is empty",
            fix="correct `name`, or let it be added by `create: true`",
        )
    return wanted[0] if wanted else None


def _overrides(source: Source) -> Sequence[_Override]:
    stream, sequence = source.values.stream, source.values.node(source.path(*_IMAGES))
    if sequence is None or stream.nodes[sequence].kind is not Kind.SEQUENCE:
        return ()
    found = []
    for number, element in enumerate(stream.children(sequence)):
        path = source.path(*_IMAGES, Index(number))
        old, equals, new = (stream.key_text(element) or "").rpartition("=")
        found.append(_Override(path, stream.line(element), old + equals, new))
    return found
