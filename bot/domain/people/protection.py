"""Protection: files that only Tagboat changes, and what other people's pull requests are told. Pure.

Whoever edits a file that Tagboat writes finds the edit overwritten, or fights over it. So a pull request of
somebody else that touches such a file gets a check that fails, with one sentence on what to do; a label turns
it green, for those who mean it. What cannot be read whole fails too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from bot.domain.errors import sentence
from bot.domain.expression import Expression, compile_expression
from bot.domain.harmless import harmless

CHECK = "tagboat/protected-files"
"""The name of the check, which branch protection may require."""

_MOST_NAMED = 3
_LONGEST_PATTERN = 300


@dataclass(frozen=True, slots=True)
class Protection:
    """Which files of a repository are Tagboat's alone, and the label that overrides it.

    `patterns` are paths from the root, where `*` and `?` stand for what is no slash, and `**` for any number
    of folders. Raises ValueError when built with one that cannot be meant.
    """

    patterns: tuple[str, ...]
    override_label: str = ""

    def __post_init__(self) -> None:
        for pattern in self.patterns:
            _matcher(pattern)

    def touches(self, paths: Iterable[str]) -> list[str]:
        """Those of the paths that are protected, each once, sorted."""
        matchers = [_matcher(pattern) for pattern in self.patterns]
        found = {path for path in paths if any(each.fullmatch(_encoded(path)) for each in matchers)}
        return sorted(found)


@dataclass(frozen=True, slots=True)
class Offer:
    """An open pull request by anybody. `is_ours`: Tagboat's own login opened it, and from no fork."""

    number: int
    branch: str
    base: str
    head: str
    labels: tuple[str, ...] = ()
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Touched:
    """The paths that a pull request adds, changes, removes or renames, by old and new names."""

    paths: tuple[str, ...]
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class Override:
    """The label that overrides the check is set. `by` is empty where the host does not say who did it."""

    by: str = ""
    may_write: bool = True


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the check on a pull request's head says."""

    passes: bool
    reason: str

    def is_shown_by(self, shown: Ruling | None) -> bool:
        """Whether a check says it already; a host that cuts the reason ends it with an ellipsis."""
        if shown is None or shown.passes is not self.passes:
            return False
        begin = shown.reason.removesuffix("…")
        return self.reason == shown.reason or (begin != shown.reason and self.reason.startswith(begin))


@dataclass(frozen=True, slots=True)
class Ruled:
    """What the check on an open pull request was last seen to say, at `at`.

    `state` names what that rests on: head, base, label and what is protected; `base_head` is where the base
    stood.
    """

    number: int
    state: str
    base_head: str
    passes: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Rulings:
    """What was seen of the checks in a repository by whoever held its lease with that `fence`.

    It is true for who comes right after: a worker that held the lease in between may have died before it
    could say which checks it set.
    """

    fence: int = 0
    seen: tuple[Ruled, ...] = ()

    def for_next(self, fence: int) -> tuple[Ruled, ...]:
        """What may be believed by who holds the lease now; nothing where somebody held it in between."""
        return self.seen if fence == self.fence + 1 else ()


def rule(
    protection: Protection, touched: Touched, *, is_tagboats: bool = False, override: Override | None = None
) -> Ruling:
    """Whether a pull request may be merged as far as protected files go."""
    if is_tagboats:
        return Ruling(passes=True, reason="Tagboat's own pull request.")
    named = protection.touches(touched.paths)
    if not named and touched.is_complete:
        return Ruling(passes=True, reason="No file that only Tagboat changes is touched.")
    what = f"Only Tagboat may change {_shown(named)}" if named else "It changes too many files to look at"
    label = protection.override_label
    if override is None:
        way = "change Tagboat's configuration instead" if named else "split it into smaller ones"
        fix = f"{way}, or set the label {label}" if label else way
        return Ruling(passes=False, reason=f"{sentence(what, fix=fix)}.")
    who = f" by {harmless(override.by)}" if override.by else ""
    if not override.may_write:
        why = f"{label} was set{who}, who may not write"
        return Ruling(passes=False, reason=f"{sentence(what, why, 'let somebody set it anew who may')}.")
    return Ruling(passes=True, reason=f"{what}; overridden with the label {label}{who}.")


def _shown(paths: list[str]) -> str:
    more = f" and {len(paths) - _MOST_NAMED} more" if len(paths) > _MOST_NAMED else ""
    return ", ".join(harmless(path, longest=80) for path in paths[:_MOST_NAMED]) + more


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> Expression:
    """The pattern as an RE2 expression, linear in the path whatever it looks like."""
    if not pattern or len(pattern) > _LONGEST_PATTERN or not pattern.isprintable() or "\\" in pattern:
        what = f"{pattern[:80]!a} is not a pattern of paths"
        raise ValueError(sentence(what, fix="write for example **/values-images.yaml"))
    parts = pattern.split("/")
    if any(part in {"", ".", ".."} for part in parts) or any("**" in part and part != "**" for part in parts):
        fix = "write folders with single slashes between them from the root, and ** as a part of its own"
        raise ValueError(sentence(f"{pattern[:80]!r} is not a pattern of paths", fix=fix))
    return compile_expression(f"(?s:{_translated(parts)})", shown=pattern)


def _translated(parts: list[str]) -> str:
    text = "".join("(?:[^/]+/)*" if part == "**" else f"{_segment(part)}/" for part in parts[:-1])
    return text + (".+" if parts[-1] == "**" else _segment(parts[-1]))


def _segment(part: str) -> str:
    marks = {"*": "[^/]*", "?": "[^/]"}
    return "".join(marks.get(mark) or re.escape(mark) for mark in part)


def _encoded(path: str) -> bytes:
    return path.encode("utf-8", "replace")
