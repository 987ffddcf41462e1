"""How the command line writes: colours on a terminal only, and no text that could steer the terminal.

Texts of images, registries and pull requests are outside input. They are never read as markup, and every
character that cannot be seen is written as its escape.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from bot.domain.status import EnvironmentStatus, State

_WIDTH_OF_NO_TERMINAL = 160
"""Columns where nobody says how many there are, as in a pipe or a CI log."""

STYLES: Mapping[State, str] = {
    State.LIVE: "green",
    State.ROLLING_OUT: "cyan",
    State.PROPOSED: "yellow",
    State.WAITING: "blue",
    State.DECLINED: "magenta",
    State.DEGRADED: "bold red",
    State.BLOCKED: "bold red",
    State.UNKNOWN: "bright_black",
}
"""The colour of each state; the word always stands beside it."""


def console() -> Console:
    """The standard output, with colours where it is a terminal and `NO_COLOR` is not set."""
    is_wide = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal()
    return Console(
        markup=False, emoji=False, highlight=False, width=None if is_wide else _WIDTH_OF_NO_TERMINAL
    )


def clean(text: str) -> str:
    """The text on one line, with everything invisible (controls, changes of direction) escaped."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
    )


def clean_block(text: str) -> str:
    """Like `clean`, but the lines stay lines."""
    return "\n".join(clean(line) for line in text.split("\n"))


def styled(text: str, style: str = "") -> Text:
    """A cleaned text in a style of its own, which texts that are appended to it do not take on."""
    return Text().append(clean(text), style=style)


def write_json(value: Any) -> None:
    """Write one JSON document; everything beyond ASCII is escaped, so it is safe on any terminal."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def write_error(text: str) -> None:
    """Write one sentence to the standard error."""
    sys.stderr.write(f"tagboat: {clean(text)}\n")


def versions(status: EnvironmentStatus) -> str:
    """What runs and what should come: `1.0.0 → 1.1.0`, with names where there are several images."""
    if not status.running:
        return f"→ {', '.join(_named(status.next))}" if status.next else ""
    moves = [_move(status, alias) for alias in status.running]
    return ", ".join(_named(dict(zip(status.running, moves, strict=True))))


def _named(versions: Mapping[str, str]) -> Sequence[str]:
    """Each with its name, which goes without saying where there is one."""
    if len(versions) == 1:
        return list(versions.values())
    return [f"{name} {version}" for name, version in versions.items()]


def _move(status: EnvironmentStatus, alias: str) -> str:
    now, then = status.running[alias], status.next.get(alias)
    return f"{now} → {then}" if then and then != now else now
