"""Marks: the hidden lines in a pull request's body that say whose releases it proposes.

They make a pull request enough to go on after a crash, and by them a pull request that serves several
pipelines tells which part is whose. A mark is an HTML comment, which Markdown does not show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_MOST_SUPERSEDED = 10
_MOST_MARKS = 500
_NAME = r"[a-z0-9][a-z0-9-]*"
_VERSION = r"[\w ,.@:+…-]{0,300}"
_MARK = re.compile(
    r"<!-- tagboat release=(?P<key>[0-9a-f]{12})"
    rf"(?: pipeline=(?P<pipeline>{_NAME}) environment=(?P<environment>{_NAME}))?"
    r"(?: from=(?P<before>[0-9a-f]{12}))?"
    rf'(?: version="(?P<version>{_VERSION})")?'
    rf'(?: supersedes="(?P<supersedes>{_VERSION}(?:;{_VERSION}){{0,{_MOST_SUPERSEDED}}})")?'
    r"(?P<withdrawn> withdrawn)? -->"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a pull request proposes to one environment.

    `key` names the release and `before` the one that it was to replace. Marks of older pull requests have
    the key alone: they belong to the one environment that the branch is for. `supersedes` are the versions
    that were proposed in the same place before, the oldest first; `is_withdrawn` says that Tagboat itself
    closed the pull request, so that the close is no human's "no".
    """

    key: str
    pipeline: str = ""
    environment: str = ""
    before: str = ""
    version: str = ""
    supersedes: tuple[str, ...] = ()
    is_withdrawn: bool = False

    @property
    def text(self) -> str:
        """The hidden line."""
        place = f" pipeline={self.pipeline} environment={self.environment}" if self.pipeline else ""
        before = f" from={self.before}" if self.before else ""
        version = f' version="{_plain(self.version)}"' if self.version else ""
        older = ";".join(map(_plain, self.supersedes[-_MOST_SUPERSEDED:]))
        superseded = f' supersedes="{older}"' if older else ""
        withdrawn = " withdrawn" if self.is_withdrawn else ""
        return f"<!-- tagboat release={self.key}{place}{before}{version}{superseded}{withdrawn} -->"

    def after(self, earlier: Mark | None) -> Mark:
        """The mark with what it supersedes, where `earlier` stood in the same place before."""
        if earlier is None:
            return self
        gone = earlier.supersedes
        if earlier.key != self.key and earlier.version:
            gone = (*gone, _plain(earlier.version))
        kept = tuple(dict.fromkeys(each for each in gone if each != _plain(self.version)))
        return replace(self, supersedes=kept[-_MOST_SUPERSEDED:])


def marks(body: str) -> tuple[Mark, ...]:
    """The marks in a body, in its order; the first 500."""
    return tuple(found for _, found in zip(range(_MOST_MARKS), _found(body), strict=False))


def withdrawn(body: str) -> str:
    """The body with its marks changed to say that Tagboat itself closes the pull request."""
    return _MARK.sub(lambda found: replace(_read(found), is_withdrawn=True).text, body)


def _found(body: str) -> Iterator[Mark]:
    return map(_read, _MARK.finditer(body))


def _read(found: re.Match[str]) -> Mark:
    older = found["supersedes"]
    return Mark(
        key=found["key"],
        pipeline=found["pipeline"] or "",
        environment=found["environment"] or "",
        before=found["before"] or "",
        version=found["version"] or "",
        supersedes=tuple(older.split(";")) if older else (),
        is_withdrawn=bool(found["withdrawn"]),
    )


def _plain(version: str) -> str:
    """A version as a mark can hold it."""
    return re.sub(r"[^\w ,.@:+…-]+", "-", version)[:300].replace("--", "-")
