"""Plain text as Slack's markup, so that it says the same and nothing more. Pure: no I/O here.

Texts may hold what a stranger wrote (labels, tags, commit titles): no mention, link or markup of theirs
survives (https://docs.slack.dev/messaging/formatting-message-text#escaping).
"""

from __future__ import annotations

import re
import unicodedata

from bot.domain.notice import Event, Link, Notice

_LONGEST_TEXT = 2500
_LONGEST_URL = 2000
_MENTION = re.compile(r"@(?=(?:everyone|channel|here)\b)", re.IGNORECASE)
_WORD_JOINER = "\u2060"
_URL = re.compile(r"https?://[^\s\x00-\x1f]+", re.IGNORECASE)
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_URL_ESCAPES = str.maketrans({"&": "&amp;", "<": "%3C", ">": "%3E", "|": "%7C"})
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SIGNS = {
    Event.OPENED: ":sparkles:",
    Event.UPDATED: ":arrows_counterclockwise:",
    Event.CLOSED: ":no_entry_sign:",
    Event.MERGED: ":twisted_rightwards_arrows:",
    Event.SYNCED: ":package:",
    Event.HEALTHY: ":white_check_mark:",
    Event.DEGRADED: ":warning:",
    Event.FAILED: ":x:",
    Event.WAITING: ":hourglass_flowing_sand:",
    Event.BLOCKED: ":octagonal_sign:",
}


def line(notice: Notice) -> str:
    """The notice as one line: a sign for its kind, the text, and the link."""
    text = f"{_SIGNS[notice.event]} {escape(notice.text)}"
    return f"{text} {link(notice.link)}" if notice.link else text


def escape(text: str) -> str:
    """The text with markup and mentions taken out of force, in one line of bounded length."""
    shown = " ".join("".join(map(_visible, text)).split())
    if len(shown) > _LONGEST_TEXT:
        shown = shown[: _LONGEST_TEXT - 1] + "…"
    return _MENTION.sub(f"@{_WORD_JOINER}", shown).translate(_ESCAPES)


def link(target: Link) -> str:
    """The link as markup; only its text where the address is not of the web, or too long."""
    text = escape(target.text)
    if len(target.url) > _LONGEST_URL or not _URL.fullmatch(target.url):
        return text
    return f"<{target.url.translate(_URL_ESCAPES)}|{text}>"


def _visible(character: str) -> str:
    """The character, a space for a control one, or nothing for one that turns the text's direction."""
    if character in _BIDI or unicodedata.category(character) == "Cs":
        return ""
    return " " if unicodedata.category(character) == "Cc" else character
