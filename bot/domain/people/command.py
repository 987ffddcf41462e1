"""Commands: what people tell Tagboat in comments on a Git host, as they write it. Pure parsing.

    /tagboat hold 3d the migration runs
    /tagboat promote homepage/prod

One comment gives one command: its first line that begins with `/tagboat`, outside of code blocks. Who may
give it, and what it does, is said elsewhere (`bot.flow.tell`, `bot.domain.people.order`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.harmless import code

WORD = "/tagboat"
"""How the line of a command begins."""

LONGEST_HOLD = timedelta(days=365)
"""No hold is given for longer; one without a length ends when somebody resumes."""

LONGEST_REASON = 200
"""Characters of a reason; what is longer is cut."""

_MOST_READ = 65_536
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_LINE = re.compile(rf"{WORD}(?:[ \t]+(.*))?", re.IGNORECASE)
_NAME = r"[a-z0-9]+(?:-+[a-z0-9]+)*"
_PLACE = re.compile(rf"({_NAME})/({_NAME})")
_LENGTH = re.compile(r"(?:[0-9]{1,5}[wdhm])+", re.ASCII)
_PART = re.compile(r"([0-9]+)([wdhm])", re.ASCII)
_HOURS = {"w": 168.0, "d": 24.0, "h": 1.0, "m": 1 / 60}


class Verb(StrEnum):
    """What may be told."""

    HOLD = "hold"
    """What runs stays: nothing is proposed or merged, for a time or until `resume`."""
    RESUME = "resume"
    """End a hold, or a rollback."""
    REBASE = "rebase"
    """Build the branch of the open pull request anew, upon the base branch as it is now."""
    SKIP = "skip"
    """No to the release that is proposed: the next one will be proposed again."""
    PROMOTE = "promote"
    """Go on with the release that waits: without soaking, and without waiting for a human to merge it."""
    ROLLBACK = "rollback"
    """Propose the release that ran before, and hold that until `resume`."""
    OVERWRITE = "overwrite"
    """Let the next copy of a directory undo what stops it: changes made by hand there, as they are now."""
    HELP = "help"
    """Say what may be told."""


HELP = """What may be written on a line of its own:

| command | does |
| --- | --- |
| `/tagboat hold [3d] [reason]` | what runs stays, for a time or until `resume` |
| `/tagboat resume` | ends a hold or a rollback |
| `/tagboat rebase` | builds the branch anew upon its base |
| `/tagboat skip [reason]` | no to this release; the next one is proposed |
| `/tagboat promote [force] [reason]` | goes on without soaking and without waiting for a human to merge; \
`force`: outside its windows too |
| `/tagboat rollback [reason]` | proposes the release that ran before, and holds it |
| `/tagboat overwrite [reason]` | lets the next copy of a directory undo the changes that stop it now |

Where a pull request is for several environments, and on any other pull request or issue of this repository, \
name the place: `/tagboat hold PIPELINE/ENVIRONMENT 3d`. It takes the right to write to this repository."""
"""The answer to `help`, in Markdown."""


@dataclass(frozen=True, slots=True)
class Place:
    """An environment of a pipeline, by their names."""

    pipeline: str
    environment: str

    def __str__(self) -> str:
        return f"{self.pipeline}/{self.environment}"


@dataclass(frozen=True, slots=True)
class Command:
    """What was told. `place` None: the environment of the pull request that was commented on.

    `length` is how long a hold lasts, None without an end.
    """

    verb: Verb
    place: Place | None = None
    length: timedelta | None = None
    reason: str = ""
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class Misunderstood:
    """A line that begins as a command and is none; `reason` says why, and what to write."""

    reason: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment as its host shows it now. `number` is that of the pull request or issue that it stands on.

    `at` is when it was written or changed last, by the host's clock.
    """

    id: str
    number: int
    author: str
    body: str
    at: datetime
    is_edited: bool = False
    is_by_bot: bool = False
    url: str = ""

    @property
    def turn(self) -> tuple[datetime, int]:
        """What puts comments in order. Hosts tell whole seconds, and number what was written later higher."""
        return self.at, int(self.id)


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said, by its `turn`, and how far it was listened to, by the host's clock."""

    remarks: tuple[Remark, ...]
    until: datetime


def parse_command(body: str) -> Command | Misunderstood | None:
    """The command that a comment gives; None where it gives none."""
    for line in _lines(body[:_MOST_READ]):
        found = _LINE.fullmatch(line.rstrip())
        if found:
            return _command((found[1] or "help").split())
    return None


def parse_length(text: str) -> timedelta:
    """A length of time such as `3d`, `2h`, `1w` or `1d12h`.

    Raises:
        ValueError: it is nothing, or longer than a hold may last.
    """
    if not _LENGTH.fullmatch(text):
        raise ValueError(f"{text[:40]!a} is not a length of time (write 90m, 2h, 3d or 1w)")
    length = timedelta(hours=sum(int(count) * _HOURS[unit] for count, unit in _PART.findall(text)))
    if not timedelta(0) < length <= LONGEST_HOLD:
        raise ValueError(
            f"{text[:40]} is not between 1m and {LONGEST_HOLD.days}d (leave it out to hold until `resume`)"
        )
    return length


def _lines(body: str) -> Iterator[str]:
    """The lines that are no code; a block that nobody closes goes on to the end, as hosts show it."""
    fence = ""
    for line in body.splitlines():
        found = _FENCE.fullmatch(line)
        if fence:
            is_end = found and found[1].startswith(fence) and not found[2].strip()
            fence = "" if is_end else fence
        elif found:
            fence = found[1]
        else:
            yield line


def _command(words: list[str]) -> Command | Misunderstood:
    try:
        verb = Verb(words[0].casefold())
    except ValueError:
        verbs = ", ".join(Verb)
        return Misunderstood(f"there is no command {code(words[0])} (write one of {verbs})")
    rest = words[1:]
    named = _PLACE.fullmatch(rest[0]) if rest else None
    place = Place(named[1], named[2]) if named else None
    return _with_arguments(Command(verb, place), rest[1:] if named else rest)


def _with_arguments(command: Command, words: list[str]) -> Command | Misunderstood:
    length, is_forced = None, False
    if command.verb is Verb.HOLD and words and words[0][0] in "0123456789":
        try:
            length = parse_length(words[0].casefold())
        except ValueError as error:
            return Misunderstood(str(error))
        words = words[1:]
    if command.verb is Verb.PROMOTE and words and words[0].casefold() == "force":
        is_forced, words = True, words[1:]
    reason = " ".join(words)[:LONGEST_REASON]
    return Command(command.verb, command.place, length, reason, is_forced)
