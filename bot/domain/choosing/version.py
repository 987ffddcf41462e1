"""Versions and constraints, as Masterminds/semver v3.4 reads them (https://github.com/Masterminds/semver).

Helm, Flux and argocd-image-updater share that library, so a constraint means here what it means there. A
constraint is compiled once, to spans of versions; asking it about a version only compares tuples.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, cast

from bot.domain.errors import sentence

_Identifiers = tuple[tuple[int, int, str], ...]
_Bound = tuple[object, ...]

_RELEASE: _Identifiers = ((2, 0, ""),)
"""Stands for "no pre-release": above every identifier (numbers are 0, words are 1)."""
LONGEST_VERSION = 256
_LONGEST_CONSTRAINT = 1024
_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(
    rf"v?([0-9]+)(?:\.([0-9]+)(?:\.([0-9]+))?)?(?:-({_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?", re.ASCII
)
_OPERATOR = r"!=|>=|=>|<=|=<|~>|[=<>~^]|"
_PART = r"(?:[0-9]+|[xX*])"
_PARTIAL = rf"v?{_PART}(?:\.{_PART}){{0,2}}(?:-{_IDENTIFIERS})?(?:\+{_IDENTIFIERS})?"
_HYPHEN_RANGE = re.compile(rf"({_PARTIAL})\s+-\s+({_PARTIAL})", re.ASCII)
_MEMBER = re.compile(
    rf"({_OPERATOR})\s*v?({_PART})(?:\.({_PART}))?(?:\.({_PART}))?(?:-({_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?"
    r"(?:\s*,\s*(?=\S)|\s+|$)",
    re.ASCII,
)


class Version(NamedTuple):
    """A version as its place in the total order of Semantic Versioning 2.0.0 §11, so plain tuples compare.

    Spelling and build metadata have no part in it: `v1.0`, `1.0.0` and `1.0.0+7` are equal and hash alike.
    """

    major: int
    minor: int
    patch: int
    prerelease: _Identifiers = _RELEASE

    @property
    def is_prerelease(self) -> bool:
        """Whether the version carries a pre-release (`-rc.1`)."""
        return self.prerelease != _RELEASE


@lru_cache(maxsize=1 << 16)
def parse_version(text: str) -> Version | None:
    """Parse `v?N[.N[.N]][-pre][+meta]`; missing parts are 0. None when the text is no version.

    Leading zeros are accepted in the numbers (`2025.02.03`) and refused in numeric pre-release identifiers.
    Answers are kept, some 15 MB at most: a registry lists the same tens of thousands of tags at each look.
    """
    found = _VERSION.fullmatch(text)
    if not found or len(text) > LONGEST_VERSION:
        return None
    major, minor, patch, identifiers = found.groups()
    prerelease = _RELEASE if identifiers is None else _prerelease(identifiers)
    return Version(int(major), int(minor or 0), int(patch or 0), prerelease) if prerelease else None


@lru_cache(maxsize=4096)
def _prerelease(text: str) -> _Identifiers | None:
    """The identifiers in their order, or None for a number with a leading zero; suffixes repeat a lot."""
    words = text.split(".")
    if any(word.isdigit() and word[0] == "0" and word != "0" for word in words):
        return None
    return tuple((0, int(word), "") if word.isdigit() else (1, 0, word) for word in words)


@dataclass(frozen=True, slots=True)
class _Span:
    """The versions from `low` (included) to `high` (excluded).

    A bound may be shorter than a version: a prefix sorts before all that it begins, so `(2,)` lies below
    2.0.0 and its pre-releases, and a bound one longer than a version lies just above that version.
    """

    low: _Bound = ()
    high: _Bound = (math.inf,)

    def __contains__(self, version: Version) -> bool:
        return self.low <= version < self.high


@dataclass(frozen=True, slots=True)
class _Exclusion:
    """What a `!=` takes away; `prerelease` narrows it to versions with that very pre-release."""

    span: _Span
    prerelease: _Identifiers | None

    def __contains__(self, version: Version) -> bool:
        return version in self.span and self.prerelease in {None, version.prerelease}


@dataclass(frozen=True, slots=True)
class _Group:
    """Members joined by AND. Pre-releases are admitted when any member names one."""

    low: _Bound
    high: _Bound
    exclusions: tuple[_Exclusion, ...]
    admits_prereleases: bool


@dataclass(frozen=True, slots=True)
class Constraint:
    """Which versions are wanted, for example `>=1.2 <2, !=1.4.0 || ^3.0`. Built by `parse_constraint`."""

    text: str
    groups: tuple[_Group, ...]

    @property
    def admits_prereleases(self) -> bool:
        """Whether some part of it admits pre-releases."""
        return any(group.admits_prereleases for group in self.groups)

    def admits(self, version: Version) -> bool:
        """Whether the version is wanted."""
        return not self.refusal(version)

    def room(self, numbers: tuple[int, ...]) -> tuple[tuple[int, float], ...]:
        """What the next number of a wanted version may be after these: ranges, both ends included.

        Every wanted version is inside them; some inside are not wanted.
        """
        rooms = (_room(group, numbers) for group in self.groups)
        return tuple((low, high) for low, high in rooms if low <= high)

    def refusal(self, version: Version) -> str:
        """Why the version is not wanted, or the empty string when it is."""
        is_spanned = False
        for group in self.groups:
            if not group.low <= version < group.high:
                continue
            if group.exclusions and any(version in exclusion for exclusion in group.exclusions):
                continue
            if group.admits_prereleases or version.prerelease == _RELEASE:
                return ""
            is_spanned = True
        return "pre-release; the constraint names none" if is_spanned else f"outside {self.text}"


def _room(group: _Group, numbers: tuple[int, ...]) -> tuple[int, float]:
    at = len(numbers)
    low = group.low[at] if group.low[:at] == numbers and len(group.low) > at else 0
    high = group.high[at] if group.high[:at] == numbers and len(group.high) > at else math.inf
    is_outside = numbers < group.low[:at] or not numbers < group.high
    return (1, 0) if is_outside else (cast(int, low), cast(float, high))


def parse_constraint(text: str, *, include_prerelease: bool = False) -> Constraint:
    """Compile a constraint: space or comma is AND, `||` is OR, `A - B` is `>=A, <=B`.

    Pre-releases are refused unless a member of the same AND group names one (`>=1.0-0`), or
    `include_prerelease` is set.

    Raises:
        ValueError: the text breaks the grammar; the message says where, and what is allowed.
    """
    if len(text) > _LONGEST_CONSTRAINT:
        raise ValueError(f"constraint is longer than {_LONGEST_CONSTRAINT} characters (shorten it)")
    rewritten = _HYPHEN_RANGE.sub(r">=\1, <=\2", text)
    groups = (_group(part.strip(), include_prerelease) for part in rewritten.split("||"))
    try:
        return Constraint(text.strip(), tuple(groups))
    except ValueError as error:
        fix = "write for example '>=1.0 <2', '~1.4', '^2.0-0' or '1.x || 3.x'"
        raise ValueError(sentence(f"{text!r} is not a version constraint", str(error), fix)) from error


def _group(text: str, include_prerelease: bool) -> _Group:
    if not text:
        raise ValueError("a part of it is empty")
    low: _Bound = ()
    high: _Bound = (math.inf,)
    exclusions: list[_Exclusion] = []
    admits_prereleases = include_prerelease
    position = 0
    while position < len(text):
        member = _read_member(text, position)
        admits_prereleases = admits_prereleases or member.version.is_prerelease
        if member.operator == "!=":
            exclusions.append(_exclusion(member))
        else:
            span = _span(member)
            low, high = max(low, span.low), min(high, span.high)
        position = member.end
    return _Group(low, high, tuple(exclusions), admits_prereleases)


@dataclass(frozen=True, slots=True)
class _Member:
    """One operator and version; `precision` counts the parts that were given before a wildcard or the end."""

    operator: str
    version: Version
    precision: int
    end: int

    @property
    def numbers(self) -> tuple[int, ...]:
        """Major, minor and patch."""
        return self.version[:3]

    @property
    def same_prefix(self) -> _Span:
        """All versions that share the given parts (`1.2` → every 1.2.*); needs one at least."""
        prefix = self.numbers[: self.precision]
        return _Span(prefix, _after(prefix))

    @property
    def above(self) -> _Bound:
        """The bound just above this very version."""
        return (*self.version, 0)


def _read_member(text: str, position: int) -> _Member:
    found = _MEMBER.match(text, position)
    if not found:
        raise ValueError(f"cannot read it from {text[position : position + 40]!r}")
    operator, *parts, identifiers = found.groups()
    wildcard = next((at for at, part in enumerate(parts) if part is None or not part.isdigit()), 3)
    numbers = [int(part) for part in parts[:wildcard]] + [0] * (3 - wildcard)
    prerelease = _prerelease(identifiers) if identifiers else _RELEASE
    if prerelease is None:
        raise ValueError(f"the pre-release {identifiers!r} has a number with a leading zero")
    version = Version(numbers[0], numbers[1], numbers[2], prerelease)
    return _Member(_SYNONYMS.get(operator, operator), version, wildcard, found.end())


_SYNONYMS = {"": "=", "=>": ">=", "=<": "<=", "~>": "~"}


def _span(member: _Member) -> _Span:
    """What a member other than `!=` admits. The operators with partial versions are Masterminds' own."""
    version, is_partial = member.version, member.precision < 3
    match member.operator:
        case "<":
            return _Span(high=version)
        case ">=":
            return _Span(low=version)
        case "<=":
            return _Span(high=_highest(member))
        case ">":
            return _Span(low=member.same_prefix.high if member.precision in {1, 2} else member.above)
        case "^":
            return _caret(member)
        case "=" if not is_partial:
            return _Span(version, member.above)
        case _:
            return _tilde(member)


def _highest(member: _Member) -> _Bound:
    if member.precision == 3:
        return member.above
    # Masterminds compares the minor version with a bare wildcard's zero: `<=*` admits 0.0.* alone.
    return member.same_prefix.high if member.precision else (0, 1)


def _tilde(member: _Member) -> _Span:
    version, numbers = member.version, member.numbers
    if member.precision in {0, 3} and numbers == (0, 0, 0):
        return _Span(version)
    return _Span(version, _after(numbers[: min(member.precision, 2)]))


def _caret(member: _Member) -> _Span:
    version, numbers, precision = member.version, member.numbers, member.precision
    if precision == 0:
        # Masterminds documents `^*` as "any" and compares it as ^0.0.0; what it says is what is done here.
        return _Span(version)
    if version.major or precision == 1:
        return _Span(version, _after(numbers[:1]))
    return _Span(version, _after(numbers[:2] if version.minor or precision == 2 else numbers))


def _after(prefix: tuple[int, ...]) -> _Bound:
    """The bound above everything that begins with the prefix."""
    return (*prefix[:-1], prefix[-1] + 1)


def _exclusion(member: _Member) -> _Exclusion:
    if member.precision in {0, 3}:
        return _Exclusion(_Span(member.version, member.above), None)
    # `!=4.1` looks at the pre-release too, `!=4` does not: Masterminds' constraintNotEqual.
    return _Exclusion(member.same_prefix, member.version.prerelease if member.precision == 2 else None)
