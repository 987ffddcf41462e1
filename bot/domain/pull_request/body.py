"""The part of a pull request's text that says what is in the new images: the commits since the old ones, and
what their makers say of the release.

Commit messages and release notes are written by strangers: what they hold notifies nobody, links nothing and
is no markup. The text depends on what was read alone, so that reading the same gives the same text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from bot.domain.harmless import code, harmless
from bot.domain.pull_request.source import (
    LONGEST_NOTES,
    MOST_COMMITS,
    Comparison,
    Origin,
    ReleaseNotes,
    SourceRepository,
)

_MOST_IMAGES = 20
_MOST_TOLD = 10
"""Images whose commits and notes are shown; of further ones, the links alone."""

_MOST_LINES = 25
_LONGEST_SHOWN = 2_000
"""Characters of notes that are shown of an image: with all else they must fit the hosts' limits."""

_LONGEST_LINE = 300
_LONGEST_SUBJECT = 100
_SHORT = 8
_PULL = re.compile(r"\bGH-(?=\d)", re.IGNORECASE)
"""GitHub's other way to name an issue:
https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
"""
_ADDRESS = re.compile(r"https?://[^\s<>()\[\]|\\`\"]{1,2000}")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_IMAGE = re.compile(r"!\[[^\]\n]{0,300}\]\([^)\n]{0,2000}\)")
_LINK = re.compile(r"\[([^\]\n]{1,300})\]\([^)\n]{0,2000}\)")
_HTML = re.compile(r"</?[A-Za-z][^<>\n]{0,2000}>")
_EMPHASIS = re.compile(r"\*\*|__|``?")
_HEADING = re.compile(r"#{1,6}\s+(?P<text>.+?)\s*#*")
_BULLET = re.compile(r"(?P<indent>\s{0,12})[-*+]\s+(?P<text>.+)")


def origins_text(origins: Sequence[tuple[str, Origin]]) -> str:
    """What changed in the source of each image, in Markdown; the texts are names and origins."""
    shown = [(name, each) for name, each in origins if each.repository or each.notes][:_MOST_IMAGES]
    changes = [
        _change(name, origin, is_told=number < _MOST_TOLD) for number, (name, origin) in enumerate(shown)
    ]
    notes = [
        _notes(name, origin.notes, origin.repository) for name, origin in shown[:_MOST_TOLD] if origin.notes
    ]
    parts = ["**Source**\n\n" + "\n".join(each for each in changes if each)] if any(changes) else []
    return "\n\n".join(each for each in (*parts, *notes) if each)


def link(text: str, url: str) -> str:
    """A link in Markdown; the text alone where the address is none that Markdown can hold."""
    return f"[{text}]({url})" if _ADDRESS.fullmatch(url) else text


def _change(name: str, origin: Origin, *, is_told: bool) -> str:
    """One image's line, with the commits below it."""
    repository = origin.repository
    if repository is None:
        return ""
    place = link(code(repository.name), repository.url)
    if not origin.compare_url and not origin.comparison:
        at = f" at {_commit_link(repository, origin.revision)}" if origin.revision else ""
        return f"- {code(name)}: built from {place}{at}"
    found = origin.comparison
    line = f"- {code(name)}: {link(_what(found), origin.compare_url)} in {place}"
    return "\n".join([line, *_commits(repository, found)]) if found and is_told else line


def _what(found: Comparison | None) -> str:
    if found is None:
        return "the commits since the old image"
    if found.total == 0:
        return "no commit that the old image lacks"
    return f"{found.total} commit{'s' if found.total > 1 else ''}"


def _commits(repository: SourceRepository, found: Comparison) -> Iterator[str]:
    for each in found.commits[:MOST_COMMITS]:
        yield f"  - {_commit_link(repository, each.id)} {_said(each.subject, longest=_LONGEST_SUBJECT)}"
    rest = found.total - len(found.commits[:MOST_COMMITS])
    if rest > 0:
        yield f"  - … and {rest} older"


def _commit_link(repository: SourceRepository, commit: str) -> str:
    return link(f"`{commit[:_SHORT]}`", repository.commit_url(commit))


def _notes(name: str, notes: ReleaseNotes, repository: SourceRepository | None) -> str:
    lines = _lines(notes.text)
    if not lines:
        return ""
    tag = link(code(notes.tag), repository.release_url(notes.tag) if repository else "")
    quoted = "\n".join(f"> {line}".rstrip() for line in lines)
    return f"**Release notes** of {code(name)}, {tag}\n\n{quoted}"


def _lines(text: str) -> list[str]:
    """The notes line by line: headings, lists and paragraphs stay, everything else of the markup goes."""
    plain = _COMMENT.sub("", text.replace("\r\n", "\n")[:LONGEST_NOTES])
    plain = _HTML.sub("", _LINK.sub(r"\1", _IMAGE.sub("", plain)))
    lines: list[str] = []
    for line in plain.split("\n"):
        shown = _line(line)
        if shown or (lines and lines[-1]):
            lines.append(shown)
    while lines and not lines[-1]:
        lines.pop()
    fitting = _fitting(lines)
    is_cut = len(fitting) < len(lines) or len(text) >= LONGEST_NOTES
    return [*fitting, "", "…"] if is_cut else fitting


def _fitting(lines: Sequence[str]) -> list[str]:
    """As many of the lines as are shown."""
    ends = accumulate(len(line) + 1 for line in lines[:_MOST_LINES])
    return [line for line, end in zip(lines, ends, strict=False) if end <= _LONGEST_SHOWN]


def _line(line: str) -> str:
    line = line[: 2 * _LONGEST_LINE]
    heading, bullet = _HEADING.fullmatch(line.strip()), _BULLET.fullmatch(line)
    if heading:
        said = _said(heading["text"], longest=_LONGEST_LINE)
        return f"**{said}**" if said else ""
    if bullet:
        said = _said(bullet["text"], longest=_LONGEST_LINE)
        return f"{' ' * (2 * min(len(bullet['indent']) // 2, 2))}- {said}" if said else ""
    return _said(line, longest=_LONGEST_LINE)


def _said(text: str, *, longest: int) -> str:
    """Somebody's words as one harmless line."""
    return _PULL.sub("GH‑", harmless(_EMPHASIS.sub("", text), longest=longest))
