"""The board as HTML: pipelines and their environments, the same data as `tagboat status`.

Everything shown may come from outside, so all of it is escaped, and only HTTP addresses become links.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.domain.status import EnvironmentStatus, PipelineStatus, State
from bot.flow.status import board
from bot.flow.world import World

_URGENCY = (
    State.BLOCKED,
    State.DEGRADED,
    State.PROPOSED,
    State.DECLINED,
    State.ROLLING_OUT,
    State.WAITING,
    State.UNKNOWN,
    State.LIVE,
)
"""The order of the summary: what a human must look at first comes first."""


@dataclass(frozen=True, slots=True)
class Look:
    """The board at one moment; `revision` is the store's, read before, so that no change is ever missed."""

    revision: int
    pipelines: Sequence[PipelineStatus]
    now: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """One image of an environment: what runs, and what comes next where that is another version."""

    alias: str
    running: str
    next: str


class Board:
    """Reads the board and writes it as HTML."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._templates = Environment(
            loader=PackageLoader("bot.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {"parts": parts, "summary": summary}
        self._templates.filters |= {
            "clock": clock,
            "relative": relative,
            "segment": segment,
            "utc": utc,
            "word": css_word,
        }
        self._templates.tests |= {"link": is_link}

    def look(self) -> Look:
        """Read the board; raises `TagboatError` when the store cannot be read."""
        revision = self._world.store.revision()
        return Look(revision, board(self._world), self._world.clock.now())

    def revision(self) -> int:
        """The number that grows with every change of the board."""
        return self._world.store.revision()

    def fragment(self, look: Look) -> str:
        """The part of the page that changes; its forms have no token, which the page's script fills in."""
        return self._render("board.html", _values(look, token=""))

    def page(self, look: Look, *, token: str) -> str:
        """The whole page."""
        return self._render("page.html", _values(look, token=token))

    def refusal(self, *, title: str, sentence: str, up: str) -> str:
        """A page that says what went wrong; `up` is the relative way to the board."""
        return self._render("refusal.html", {"title": title, "sentence": sentence, "up": up})

    def _render(self, template: str, values: Mapping[str, object]) -> str:
        return self._templates.get_template(template).render(values)


def _values(look: Look, *, token: str) -> Mapping[str, object]:
    return {
        "pipelines": look.pipelines,
        "revision": look.revision,
        "now": look.now,
        "token": token,
    }


def parts(shown: EnvironmentStatus) -> Sequence[Part]:
    """The images of an environment, in the order of their aliases."""
    found = []
    for alias in sorted(shown.running.keys() | shown.next.keys()):
        running, coming = shown.running.get(alias, ""), shown.next.get(alias, "")
        found.append(Part(alias, running, "" if coming == running else coming))
    return found


def summary(pipelines: Sequence[PipelineStatus]) -> Sequence[tuple[State, int]]:
    """How many environments are in each state, the most urgent first; states of none are left out."""
    counts = Counter(each.state for pipeline in pipelines for each in pipeline.environments)
    return [(state, counts[state]) for state in _URGENCY if counts[state]]


def relative(moment: datetime, now: datetime) -> str:
    """`3 min ago`, `in 2 h`, `just now`; the page's script says it the same way."""
    seconds = int((moment - now).total_seconds())
    length = abs(seconds)
    if length < 60:
        return "just now" if seconds <= 0 else "in seconds"
    unit, count = next((unit, length // size) for size, unit in _UNITS if length >= size)
    return f"in {count} {unit}" if seconds > 0 else f"{count} {unit} ago"


_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def css_word(state: State) -> str:
    """The state as a class of the style sheet: `rolling-out`."""
    return str(state).replace(" ", "-")


def segment(name: str) -> str:
    """A name as one segment of a path."""
    return quote(name, safe="")


def is_link(url: str) -> bool:
    """Whether an address from outside may become a link: `javascript:` may not."""
    return url.startswith(("https://", "http://"))


def utc(moment: datetime) -> str:
    """The moment as `<time datetime>` wants it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def clock(moment: datetime) -> str:
    """The moment as people read it: `20 Nov 09:00 UTC`."""
    shown = moment.astimezone(UTC)
    return f"{shown.day} {shown:%b %H:%M} UTC"
