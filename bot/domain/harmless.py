"""Text from outside, made harmless for where people read: titles, commit messages, Markdown.

Tags, labels and names come from whoever may push an image. What they hold must notify nobody, draw no link,
no picture and no HTML, and give no command to a Git host. The characters that do such things are replaced by
ones that look alike, rather than escaped: that holds in plain text, in Markdown and in its code alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_LONGEST = 160
_LONGEST_MESSAGE = 300
_USER_INFO = re.compile(r"(?<=://)[^/\s@]+@")
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}
_BREAK = "\u200b"
"""Zero width: what is behind it is no name, number or address of its own any more."""

_LOOK_ALIKES = str.maketrans(r"<>&`|\*~[]{}!$", "‹›＆ʼ¦⧵∗∼❲❳❴❵ǃ＄") | {
    ord(mark): f"{mark}{_BREAK}" for mark in "@#%"
}
_OF_GLOBS = "*[]{}!"
"""Marks that mean nothing in Markdown's code, so that a glob can be copied from there."""

_IN_CODE = {mark: other for mark, other in _LOOK_ALIKES.items() if chr(mark) not in _OF_GLOBS}
_ADDRESS = re.compile(r":(?=//)|(?i:(?<=www)\.|(?<=mailto):|(?<=xmpp):)")
_BEGIN = re.compile(r"^(?=[-+/=%]|\d{1,9}[.)](?:\s|$))")


def harmless(text: str, *, longest: int = _LONGEST) -> str:
    """One line of at most `longest` visible characters that notifies nobody and is no markup.

    The same text always gives the same line, and what is harmless already stays as it is.
    """
    return _line(text, longest, _LOOK_ALIKES)


def _line(text: str, longest: int, others: Mapping[int, int | str]) -> str:
    visible = text[: 4 * longest].replace(_BREAK, "")
    seen = "".join(" " if unicodedata.category(each) in _UNSEEN else each for each in visible)
    line = " ".join(seen.split())
    line = line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"
    return _BEGIN.sub(_BREAK, _ADDRESS.sub(rf"\g<0>{_BREAK}", line.translate(others)))


def shown(text: str) -> str:
    """A message fit to be shown as it is: one short line, no control characters, no logins in addresses."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[:10_000]).split())
    line = _USER_INFO.sub("", line)
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[: _LONGEST_MESSAGE - 1]}…"


def code(text: str) -> str:
    """Text from outside as code in Markdown, a glob as it is written; nothing for an empty one."""
    line = _line(text, _LONGEST, _IN_CODE).strip(_BREAK)
    return f"`{line}`" if line else ""


def slug(text: str) -> str:
    """Text from outside as a part of a branch's name: what Git does not take there becomes a dash."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", text[:_LONGEST])
    return re.sub(r"\.lock$", "-lock", re.sub(r"\.{2,}", ".", plain)).strip("-.") or "none"
