"""The kinds of values that say how a tag is chosen, beside those of `bot.configuration.fields`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from bot.configuration.fields import Text
from bot.domain.choosing.extraction import extraction
from bot.domain.choosing.strategies.calver_format import parse_format
from bot.domain.choosing.tag_filter import artefact_of
from bot.domain.errors import sentence
from bot.domain.image import is_tag

_LONGEST_REASON = 200
_MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:?[0-9]{2}))?"
_EXAMPLE = "2026-12-24 or 2026-12-24T18:00Z"


def _moment(value: object) -> object:
    """A moment in UTC; a day alone begins at midnight there."""
    if not isinstance(value, str):
        return value
    try:
        if not re.fullmatch(_MOMENT, value, re.ASCII):
            raise ValueError("it lacks a date, or its time lacks a zone")
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        what = f"{value[:40]!r} is not a moment"
        raise ValueError(sentence(what, str(error), f"write {_EXAMPLE}")) from error


def _reason(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a reason is one line (write it without line breaks)")
    return text


def _tag(text: str) -> str:
    if not is_tag(text) or artefact_of(text):
        raise ValueError(f"{text[:80]!r} is not the tag of an image (name the tag that is to run)")
    return text


def _pattern(text: str) -> str:
    extraction(text, "")
    return text


def _format(text: str) -> str:
    return parse_format(text).text


Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "pattern": rf"^{_MOMENT}$|\$\{{", "examples": ["2026-12-24T18:00Z"]}),
]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST_REASON), AfterValidator(_reason)]
Tag = Annotated[str, AfterValidator(_tag), WithJsonSchema({"type": ["string", "number"]})]
Pattern = Annotated[Text, AfterValidator(_pattern), Field(examples=["^main-[0-9a-f]+-(?P<time>[0-9]+)$"])]
Template = Annotated[Text, Field(examples=["$time"])]
CalendarText = Annotated[Text, AfterValidator(_format), Field(examples=["YYYY.0M.0D", "YY.0M[.MICRO]"])]
