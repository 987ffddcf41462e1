"""The line of a pull request's text that leads to the thread in which its release is told of.

A thread is often begun only after the pull request was opened. Until then a hidden comment keeps its place;
a later look that knows the thread puts the link there, and the comment is gone. So the text is revised once
for each release at most, what people wrote into it stays, and who took the comment out is not asked again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from bot.domain.harmless import code, harmless
from bot.domain.notice import Link
from bot.domain.pull_request.body import link
from bot.domain.pull_request.change import Change

MOST_THREADS = 20
"""Threads that one text leads to."""

_PLACE = re.compile(r"<!-- tagboat thread=(?P<thread>[a-z0-9][a-z0-9-]{0,200}/[0-9a-f]{12}) -->")


def thread_text(changes: Sequence[Change]) -> str:
    """The lines of the threads that are known, and the places of the others."""
    links = {change.thread: change.links for change in changes}
    lines = (_line(name, known) or f"<!-- tagboat thread={name} -->" for name, known in links.items())
    return "\n\n".join(list(lines)[:MOST_THREADS])


def threads_wanted(body: str) -> tuple[str, ...]:
    """The names of the threads whose places the text keeps; the first of them."""
    return tuple(dict.fromkeys(found["thread"] for found in _PLACE.finditer(body)))[:MOST_THREADS]


def with_threads(body: str, known: Mapping[str, Sequence[Link]]) -> str:
    """The text, with the links that are known now at their places; as it was where none is."""
    return _PLACE.sub(lambda found: _line(found["thread"], known.get(found["thread"], ())) or found[0], body)


def _line(thread: str, links: Iterable[Link]) -> str:
    shown = ", ".join(link(harmless(each.text), each.url) for each in links if each.url)
    return f"**Thread** of {code(thread.partition('/')[0])}: {shown}" if shown else ""
