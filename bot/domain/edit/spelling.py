"""How files spell images: what a text is read as, and what is written in its place.

A text holds one part of an image, or several; each spelling is read leniently and kept as it is. A digest
that stands there is never dropped and never left to grow stale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.errors import Malformed, Refused
from bot.domain.image import ImageName, ImageRef, is_digest, is_tag, parse_image_name, parse_image_ref


class Part(StrEnum):
    """Which part of an image a text holds; `tag` takes `tag@digest` too, `reference` holds all parts."""

    TAG = "tag"
    DIGEST = "digest"
    NAME = "name"
    REFERENCE = "reference"


_EXAMPLES = {
    Part.TAG: "1.2.3 or 1.2.3@sha256:…",
    Part.DIGEST: "sha256: and 64 lower-case hexadecimal digits",
    Part.NAME: "ghcr.io/acme/web",
    Part.REFERENCE: "ghcr.io/acme/web:1.2.3",
}


@dataclass(frozen=True, slots=True)
class Written:
    """A text that stands in a file as one part of an image; `where` is its key or line, for people."""

    part: Part
    text: str
    where: str


def read(texts: Sequence[Written], name: ImageName) -> ImageRef:
    """The image that the texts make together; `name` is taken where none says it.

    Raises:
        Malformed: a text is not what it should be, or contradicts another one.
    """
    found: dict[str, tuple[str, str]] = {}
    for written in texts:
        if written.part is Part.NAME and not written.text:
            raise _malformed(written)
        for what, value in _values(written):
            known, where = found.setdefault(what, (value, written.where))
            if known != value:
                raise Malformed(
                    f"{written.where} contradicts {where}",
                    why=f"it says {value[:80]}, the other one {known[:80]}",
                    fix="let both say the same",
                )
    tag, digest = (found[what][0] if what in found else None for what in ("tag", "digest"))
    told = parse_image_name(found["name"][0]) if "name" in found else name
    return ImageRef(told, tag, digest)


def text_for(written: Written, ref: ImageRef, *, pin_digest: bool) -> str:
    """The text that takes the place of one part of an image, so that the file says `ref` there.

    Raises:
        Malformed: what stands there is not that part of an image.
        Refused: the image lacks what the place needs.
    """
    if written.part is Part.DIGEST:
        return required(ref.digest, "digest")
    if written.part is Part.NAME:
        known = dict(_values(written)).get("name")
        return written.text if known == str(ref.name) else str(ref.name)
    if written.part is Part.TAG:
        is_pinned = pin_digest or "digest" in dict(_values(written))
        return required(ref.tag, "tag") + (f"@{required(ref.digest, 'digest')}" if is_pinned else "")
    return _reference(written, ref, pin_digest=pin_digest)


def required(part: str | None, what: str) -> str:
    """The part, where the image has it; raises Refused otherwise: the old one would stay."""
    if part:
        return part
    raise Refused(
        "the image is not written",
        why=f"the file has a place for the {what}, but the {what} of the image is not known",
        fix="the old one would stay beside the new image: let the policy choose an image that has both",
    )


def check(ref: ImageRef) -> None:
    """Raise Refused for a tag or digest that breaks its grammar: they come from outside."""
    if ref.tag is not None and not is_tag(ref.tag):
        raise Refused("the image is not written", why=f"{ref.tag[:80]!r} is no tag", fix="choose another tag")
    if ref.digest is not None and not is_digest(ref.digest):
        raise Refused(
            "the image is not written", why=f"{ref.digest[:80]!r} is no digest", fix="read it again"
        )


def _parsed(written: Written) -> ImageRef:
    """A text that holds a whole reference.

    Raises:
        Malformed: it is none.
    """
    try:
        return parse_image_ref(written.text)
    except ValueError as error:
        raise _malformed(written) from error


def _values(written: Written) -> list[tuple[str, str]]:
    """What a text says: `name`, `tag` and `digest`, those that it has."""
    text = written.text
    if not text:
        return []
    if written.part is Part.REFERENCE:
        ref = _parsed(written)
        parts = [("name", str(ref.name)), ("tag", ref.tag), ("digest", ref.digest)]
        return [(what, value) for what, value in parts if value]
    if written.part is Part.TAG:
        return _tag_and_digest(written)
    if written.part is Part.NAME:
        try:
            return [("name", str(parse_image_name(text)))]
        except ValueError as error:
            raise _malformed(written) from error
    if not is_digest(text):
        raise _malformed(written)
    return [("digest", text)]


def _tag_and_digest(written: Written) -> list[tuple[str, str]]:
    """What `1.2`, `1.2@sha256:…`, `@sha256:…` or `sha256:…` says."""
    tag, at, digest = written.text.partition("@")
    if not at and is_digest(tag):
        return [("digest", tag)]
    if (tag and not is_tag(tag)) or (at and not is_digest(digest)):
        raise _malformed(written)
    return [(what, value) for what, value in (("tag", tag), ("digest", digest)) if value]


def _reference(written: Written, ref: ImageRef, *, pin_digest: bool) -> str:
    """The whole reference, in the written spelling of the name where that names the same image."""
    old = _parsed(written) if written.text else ImageRef(ref.name)
    name = _name_of(written.text) if written.text and old.name == ref.name else str(ref.name)
    is_pinned = pin_digest or old.digest is not None or ref.tag is None
    tag = f":{ref.tag}" if ref.tag else ""
    return name + tag + (f"@{required(ref.digest, 'digest')}" if is_pinned else "")


def _name_of(text: str) -> str:
    """The part of a valid reference in front of tag and digest, as it is spelled."""
    rest = text.partition("@")[0]
    head, colon, tag = rest.rpartition(":")
    return head if colon and "/" not in tag else rest


def _malformed(written: Written) -> Malformed:
    return Malformed(
        f"{written.where} says {written.text[:80]!r}",
        why="that is not what stands there in an image",
        fix=f"write {_EXAMPLES[written.part]}",
    )
