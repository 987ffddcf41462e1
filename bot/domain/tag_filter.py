"""Which tags may be candidates at all, by their names: `allow_tags` and `ignore_tags`.

Patterns run on RE2: in time linear in the tag, whatever a pattern looks like.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Protocol, cast

import re2

from bot.domain.errors import sentence
from bot.domain.glob import translate
from bot.domain.image import is_tag

_LONGEST_PATTERN = 1024
_REGEXP = "regexp:"


class _Pattern(Protocol):
    """What google-re2, which carries no types, gives for an expression. Bytes are about twice as fast."""

    def search(self, text: bytes) -> object | None: ...

    def fullmatch(self, text: bytes) -> object | None: ...


class TagFilter:
    """Refuses tags by name. What breaks the OCI grammar is refused first; ignore wins over allow.

    `allow_tags` is empty or `any` (all), or `regexp:` and an RE2 expression that must be found anywhere in
    the tag. `ignore_tags` are globs in the grammar of Go's `filepath.Match` that match the whole tag; `*`
    ignores everything.

    Raises:
        ValueError: a pattern does not compile; the message says which and why.
    """

    def __init__(self, *, allow_tags: str, ignore_tags: Sequence[str]) -> None:
        self._allow_refusal = f"does not match allow_tags {allow_tags!r}"
        self._allow = _allow_pattern(allow_tags)
        self._globs = [(glob, _compile(translate(_checked(glob)), shown=glob)) for glob in ignore_tags]
        joined = "|".join(translate(glob) for glob in ignore_tags)
        self._ignore = _compile(joined, shown="ignore_tags") if ignore_tags else None

    def refused(self, tags: Collection[str]) -> dict[str, str]:
        """Why each tag that may not be a candidate may not; the others are left out."""
        refused = {tag: f"{tag[:80]!a} is not a tag by the OCI grammar" for tag in tags if not is_tag(tag)}
        if self._ignore is None and self._allow is None:
            return refused
        reasons = ((tag, self._refusal(tag.encode())) for tag in tags if tag not in refused)
        return refused | {tag: reason for tag, reason in reasons if reason}

    def _refusal(self, tag: bytes) -> str:
        if self._ignore and self._ignore.fullmatch(tag):
            glob = next(glob for glob, pattern in self._globs if pattern.fullmatch(tag))
            return f"matches ignore_tags {glob!r}"
        if self._allow and not self._allow.search(tag):
            return self._allow_refusal
        return ""


@lru_cache(maxsize=1024)
def tag_filter(allow_tags: str, ignore_tags: tuple[str, ...]) -> TagFilter:
    """The filter for these patterns, compiled once; raises what `TagFilter` raises."""
    return TagFilter(allow_tags=allow_tags, ignore_tags=ignore_tags)


def _allow_pattern(allow_tags: str) -> _Pattern | None:
    if allow_tags in {"", "any"}:
        return None
    if not allow_tags.startswith(_REGEXP):
        fix = f"write any, or for example {_REGEXP}^v[0-9]+$"
        raise ValueError(sentence(f"allow_tags {allow_tags[:80]!r} is not a tag pattern", fix=fix))
    return _compile(_checked(allow_tags).removeprefix(_REGEXP), shown=allow_tags)


def _checked(pattern: str) -> str:
    if len(pattern) > _LONGEST_PATTERN:
        raise ValueError(
            f"tag pattern {pattern[:40]!r}… is longer than {_LONGEST_PATTERN} characters (shorten it)"
        )
    return pattern


def _compile(expression: str, *, shown: str) -> _Pattern:
    options = re2.Options()
    options.log_errors = False
    try:
        return cast(_Pattern, re2.compile(expression, options))
    except re2.error as error:
        why = error.args[0].decode(errors="replace")
        fix = "RE2 has no lookaround and no backreferences: https://github.com/google/re2/wiki/Syntax"
        raise ValueError(sentence(f"{shown!r} does not compile", why, fix)) from error
