"""Notices: what a human is told, one thread per release.

A notice has a key made of its content, so that deciding the same thing twice tells it once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from bot.domain.image import Release


class Event(StrEnum):
    """What a notice is about."""

    OPENED = "opened"
    UPDATED = "updated"
    CLOSED = "closed"
    MERGED = "merged"
    SYNCED = "synced"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    FAILED = "failed"
    WAITING = "waiting"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Link:
    """A text and where it leads."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One line in the thread of a release. All texts are plain; an adapter escapes them for its own markup.

    `thread` names the thread (pipeline and release); `headline` is what the thread's first message should
    say from now on.
    """

    key: str
    thread: str
    pipeline: str
    environment: str
    event: Event
    text: str
    headline: str
    link: Link | None = None


def thread_of(pipeline: str, release: Release) -> str:
    """The thread's name: the same images always have the same thread, whatever files move along."""
    return f"{pipeline}/{replace(release, tree='').key}"
