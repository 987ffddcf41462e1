"""Flux's tag filter: `pattern` chooses tags, and `extract` makes of each the value that is put in order.

https://fluxcd.io/flux/components/image/imagepolicies/#filter-tags. The tag is chosen as it is written,
whatever was extracted from it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from bot.domain.errors import sentence
from bot.domain.expression import Expression, checked, compile_expression

_LONGEST_VALUE = 256
_REFERENCE = re.compile(r"\$(?:\$|([0-9A-Za-z_]+)|\{([0-9A-Za-z_]+)\})?", re.ASCII)
_NUMBER = re.compile(r"0|[1-9][0-9]{0,7}", re.ASCII)


class Extraction:
    """`pattern` is an RE2 expression found anywhere in the tag (empty: in every tag).

    `extract` is a template of Go's `Regexp.Expand`: `$1`, `$name` and `${name}` stand for groups (`$1x` for
    the group `1x`), `$$` for a dollar; empty, it is the tag itself. A group that took no part is empty.

    Raises:
        ValueError: the pattern does not compile, or the template names a group that it has not.
    """

    def __init__(self, *, pattern: str, extract: str) -> None:
        if extract and not pattern:
            fix = "write for example pattern: '^main-(?P<time>[0-9]+)$'"
            raise ValueError(sentence(f"extract {checked(extract)!r} has no pattern to take from", fix=fix))
        self._expression = compile_expression(checked(pattern), shown=pattern) if pattern else None
        self._template = _template(checked(extract), self._expression) if self._expression else ()
        self._unmatched = f"does not match pattern {pattern!r}"

    def value(self, tag: str) -> str | None:
        """The value of a tag; None when the pattern is not found in it, or the value is endless."""
        if self._expression is None:
            return tag
        found = self._expression.search(tag.encode())
        if found is None:
            return None
        if not self._template:
            return tag
        parts = [part if isinstance(part, bytes) else found.group(part) or b"" for part in self._template]
        value = b"".join(parts)
        return value.decode() if len(value) <= _LONGEST_VALUE else None

    def refusal(self, tag: str) -> str:
        """Why a tag has no value, or the empty string when it has one."""
        return self._unmatched if self.value(tag) is None else ""

    @property
    def is_plain(self) -> bool:
        """Whether every tag is its own value."""
        return self._expression is None


@lru_cache(maxsize=1024)
def extraction(pattern: str, extract: str) -> Extraction:
    """The extraction, compiled once; raises what `Extraction` raises."""
    return Extraction(pattern=pattern, extract=extract)


def _template(extract: str, expression: Expression | None) -> tuple[bytes | int, ...]:
    """The template as texts and numbers of groups."""
    if expression is None or not extract:
        return ()
    if not extract.isprintable():
        raise ValueError(sentence(f"extract {extract!r} holds what cannot be printed", fix="leave it out"))
    parts: list[bytes | int] = []
    position = 0
    for reference in _REFERENCE.finditer(extract):
        parts.append(extract[position : reference.start()].encode())
        parts.append(b"$" if reference[0] == "$$" else _group(reference, extract, expression))
        position = reference.end()
    return (*parts, extract[position:].encode())


def _group(reference: re.Match[str], extract: str, expression: Expression) -> int:
    name = reference[1] or reference[2]
    if not name:
        what = f"extract {extract!r} has a $ before no group"
        raise ValueError(sentence(what, fix="write $1, $name or ${name}"))
    if _NUMBER.fullmatch(name) and int(name) <= expression.groups:
        return int(name)
    if name in expression.groupindex:
        return int(expression.groupindex[name])
    known = ", ".join(f"${name}" for name in [*range(1, expression.groups + 1), *expression.groupindex])
    what = f"extract {extract!r} names the group {name!r}, which pattern does not have"
    raise ValueError(sentence(what, fix=f"it has {known}" if known else "put ( ) around what is to be taken"))
