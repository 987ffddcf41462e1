"""Parts of an image that were found in a text by a mark or an expression: read together, written together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from bot.domain.edit.scalar import plain
from bot.domain.edit.spelling import Part, Written, read, text_for
from bot.domain.edit.text import Change, Span, Text, replaced
from bot.domain.errors import Refused
from bot.domain.image import ImageName, ImageRef


class Form(StrEnum):
    """How a text stands in a file; quotes belong to its span."""

    DOUBLE = '"'
    SINGLE = "'"
    BACKQUOTE = "`"
    BARE = "bare"
    YAML = "yaml"
    """Bare, and taken for a value of YAML, so that a text which looks like a number must be quoted."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A text in a file that is one part of an image."""

    span: Span
    part: Part
    text: str
    line: int
    form: Form = Form.BARE

    @property
    def spelled(self) -> Written:
        """The text, with its line for people."""
        return Written(self.part, self.text, f"line {self.line}")


Finder = Callable[[Text], Sequence[Passage]]


def read_passages(passages: Sequence[Passage], name: ImageName) -> ImageRef:
    """The image that all the texts say.

    Raises:
        Malformed: a text is no such part of an image, or two of them contradict each other.
    """
    return read([each.spelled for each in passages], name)


def write_passages(text: Text, find: Finder, ref: ImageRef, *, pin_digest: bool) -> bytes:
    """The file with the image at everything that `find` finds; proved by finding it anew.

    Raises:
        Refused: two of the texts overlap, the image lacks a part, or the edit could not be proved.
        Malformed: a text is no such part of an image, or two of them contradict each other.
    """
    passages = sorted(find(text), key=lambda each: each.span)
    for one, other in pairwise(passages):
        if other.span.start < one.span.end:
            raise Refused(
                f"line {other.line} is marked twice for parts that overlap",
                fix="mark the whole reference, or its parts",
            )
    read_passages(passages, ref.name)
    has_other_place = any(each.part in {Part.DIGEST, Part.REFERENCE} for each in passages)
    changes = []
    for each in passages:
        is_pinned = pin_digest and not (each.part is Part.TAG and has_other_place)
        new = text_for(each.spelled, ref, pin_digest=is_pinned)
        if new != each.text:
            changes.append(Change(each.span, _written(each.form, new), f"{each.part} {new}"))
    return replaced(text, changes, lambda after: _spans(find(after))) if changes else text.changed(())


def _spans(passages: Sequence[Passage]) -> list[tuple[Span, str]]:
    return sorted((each.span, f"{each.part} {each.text}") for each in passages)


def _written(form: Form, text: str) -> str:
    """The text as it is to stand in the file. Parts of images need no escapes, whatever the quotes."""
    if form is Form.BARE:
        return text
    if form is Form.YAML:
        return plain(text, is_tagged=False, may_hold_colon=True)
    return f"{form}{text}{form}"
