"""How a commit of Tagboat is told from anybody else's: an author and a trailer in the message.

Shared by every forge, so that a repository moved from one forge to another keeps its own commits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

TRAILER = "Tagboat: pull-request"
_SIGN_OFF = "Signed-off-by: "


@dataclass(frozen=True, slots=True)
class Identity:
    """Who Tagboat is in a commit. Raises ValueError when built with what Git cannot write down."""

    name: str = "Tagboat"
    email: str = "tagboat@localhost"

    def __post_init__(self) -> None:
        for text in (self.name, self.email):
            if not text.strip() or not text.isprintable() or any(mark in text for mark in "<>"):
                raise ValueError(f"{text!r} cannot stand in a commit: use a plain name and an e-mail address")

    def made(self, *, message: str, emails: Iterable[str]) -> bool:
        """Whether a commit with this message is ours.

        `emails` are those of its author and its committer: a human who amends or rebases our commit
        leaves the author in place, and only the committer shows it.
        """
        ours = self.email.casefold()
        return TRAILER in message.splitlines() and all(email.casefold() == ours for email in emails)


def sign_offs(message: str) -> tuple[str, ...]:
    """The lines of a message by which somebody signed off."""
    return tuple(line for line in message.splitlines() if line.startswith(_SIGN_OFF))


def signed(message: str, *, sign_off: Identity | None = None, sign_offs: Iterable[str] = ()) -> str:
    """The message with the trailer at its end, once, and before it sign-offs: of who commits, and others."""
    own = [f"{_SIGN_OFF}{sign_off.name} <{sign_off.email}>"] if sign_off else []
    lines = dict.fromkeys([*sign_offs, *own])
    missing = [line for line in (*lines, TRAILER) if line not in message.splitlines()]
    if not missing:
        return message
    # One paragraph, as Git reads trailers in the last one alone: https://git-scm.com/docs/git-interpret-trailers
    return "\n".join([message.rstrip(), "", *missing, ""])


def first_foreign(commits: Iterable[tuple[str, bool]]) -> str | None:
    """The newest commit, of those on a branch and not on its base, that is no work of ours there, or None.

    They come newest first, each with whether Tagboat made it. A branch of ours is one commit: one of ours
    below another was the base's, as a merge that was taken back, and would be brought back with the branch.
    """
    below = None
    for place, (commit, is_own) in enumerate(commits):
        if not is_own:
            return commit
        below = commit if place == 1 else below
    return below
