"""Regular expressions out of the configuration: RE2, in time linear in the text, whatever they look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

import re2

from bot.domain.errors import sentence

_LONGEST = 1024


class Match(Protocol):
    """Where an expression was found."""

    def group(self, number: int, /) -> bytes | None: ...


class Expression(Protocol):
    """What google-re2, which carries no types, compiles. Bytes are about twice as fast as text."""

    @property
    def groups(self) -> int: ...

    @property
    def groupindex(self) -> Mapping[str, int]: ...

    def search(self, text: bytes, /) -> Match | None: ...

    def fullmatch(self, text: bytes, /) -> Match | None: ...


def checked(pattern: str) -> str:
    """The pattern, when it is of a size that a human would write; raises ValueError otherwise."""
    if len(pattern) > _LONGEST:
        raise ValueError(f"tag pattern {pattern[:40]!r}… is longer than {_LONGEST} characters (shorten it)")
    return pattern


def compile_expression(expression: str, *, shown: str) -> Expression:
    """Compile RE2; `shown` is what the user wrote.

    Raises:
        ValueError: it does not compile; the message says why.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        return cast(Expression, re2.compile(expression, options))
    except re2.error as error:
        why = error.args[0].decode(errors="replace")
        fix = "RE2 has no lookaround and no backreferences: https://github.com/google/re2/wiki/Syntax"
        raise ValueError(sentence(f"{shown!r} does not compile", why, fix)) from error
