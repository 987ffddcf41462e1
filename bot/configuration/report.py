"""All that is wrong with a configuration, gathered while it is read and checked, each thing at its place.

A value is only ever quoted when the schema calls it public and it is written in the file itself: what came
from a variable or a secret file, or stands where a secret belongs, is never repeated.
"""

from __future__ import annotations

import re
from pathlib import Path

from bot.configuration.outline import Outline
from bot.configuration.problems import ConfigurationProblem
from bot.configuration.source import Unreadable
from bot.configuration.trail import Place, Trail, key_path
from bot.domain.edit.stream import Kind

_MOST_PROBLEMS = 1_000
_LOGIN_IN_URL = re.compile(r"//[^/\s]*@|://[^\s]*[?#]")
_FIX_AT_END = re.compile(r"(.*) \(([^()]*(?:\([^()]*\)[^()]*)*)\)", re.DOTALL)


class Report:
    """Problems by trail, one each, and at most 1,000.

    What is told of a trail counts for everything below it: nothing more is said of what is known to be wrong.
    """

    def __init__(self, path: Path, outline: Outline) -> None:
        self.places: dict[Trail, Place] = {}
        self._path = path
        self._outline = outline
        self._problems: list[ConfigurationProblem] = []
        self._told: set[Trail] = set()
        self._told_keys: set[Trail] = set()
        self._hidden: set[Trail] = set()

    @property
    def problems(self) -> tuple[ConfigurationProblem, ...]:
        """What was reported so far."""
        return tuple(self._problems)

    def hide(self, trail: Trail) -> None:
        """Never quote the value at this trail."""
        self._hidden.update(trail[:length] for length in range(len(trail) + 1))

    def is_told(self, trail: Trail) -> bool:
        """Whether something was reported at the trail or around it: what stands there is not to be judged."""
        return any(trail[:end] in self._told for end in range(len(trail) + 1))

    def is_key_told(self, trail: Trail) -> bool:
        """Whether the key itself was reported; its value may be right."""
        return trail in self._told_keys

    def mute(self, trail: Trail) -> None:
        """Let nothing more be said of a trail: it is part of a problem that is reported elsewhere."""
        self._told.add(trail)

    def add_key(self, trail: Trail, what: str) -> None:
        """Report a key that cannot be one; what is below it is looked at all the same."""
        if not self.is_key_told(trail):
            self._told_keys.add(trail)
            self._tell(trail, what, "", shown=False)

    def add(self, trail: Trail, what: str, fix: str = "") -> None:
        """Report something that quotes no value. It stands at the key, or around it where that is absent.

        Without `fix`, that is what stands in brackets at the end of `what`, or else the key's description.
        """
        if not self.is_told(trail):
            self._told.add(trail)
            self._tell(trail, what, fix, shown=False)

    def add_value(self, trail: Trail, what: str, fix: str = "") -> None:
        """Report a value, which the texts may quote: it is left out where it is not to be shown."""
        if not self._is_public(self._written(trail)):
            self.add(trail, "the value, which is not shown here, is not accepted")
        elif not self.is_told(trail):
            self._told.add(trail)
            self._tell(trail, what, fix, shown=True)

    def add_at(self, place: Place, trail: Trail, what: str, fix: str) -> None:
        """Report a key at a place of its own, beside what is reported of its trail."""
        self._append(place, place.key, trail, what, fix, shown=False)

    def add_for_file(self, file: Path, error: Unreadable) -> None:
        """Report a file that could not be read."""
        self._problems.append(ConfigurationProblem(file, error.line, error.column, "", error.what, error.fix))

    def _append(self, place: Place, node: int, trail: Trail, what: str, fix: str, *, shown: bool) -> None:
        if len(self._problems) >= _MOST_PROBLEMS:
            return
        line, column = place.source.place(node)
        trail = self._mentionable(trail)
        keys = self._outline.words.union(step for step in trail if isinstance(step, str))
        excerpt = place.source.excerpt(node, keys=keys, shown=shown)
        self._problems.append(
            ConfigurationProblem(place.source.file, line, column, key_path(trail), what, fix, excerpt)
        )

    def _mentionable(self, trail: Trail) -> Trail:
        """The trail up to a key where none belongs, which may be part of a secret."""
        places = range(len(trail))
        ends = (
            at for at in places if isinstance(trail[at], str) and not self._outline.takes_keys(trail[:at])
        )
        return trail[: next(ends, len(trail))]

    def _with_fix(self, trail: Trail, what: str, fix: str) -> tuple[str, str]:
        found = None if fix else _FIX_AT_END.fullmatch(what)
        if found:
            what, fix = found.groups()
        return _printable(what), _printable(fix or self._outline.description(trail))

    def _tell(self, trail: Trail, what: str, fix: str, *, shown: bool) -> None:
        written = self._written(trail)
        what, fix = self._with_fix(written, what, fix)
        place = self._nearest(written)
        if place is None:
            self._problems.append(ConfigurationProblem(self._path, 0, 0, key_path(written), what, fix))
        elif shown and place.kind is Kind.SCALAR:
            self._append(place, place.value, written, what, fix, shown=True)
        else:
            self.add_at(place, written, what, fix)

    def _is_public(self, written: Trail) -> bool:
        if written in self._hidden or not self._outline.is_public(written):
            return False
        place = self.places.get(written)
        text = place.source.stream.nodes[place.resolved].value if place else ""
        return not _LOGIN_IN_URL.search(text)

    def _written(self, trail: Trail) -> Trail:
        """The trail as it is written: a single element is no list, and a short form has no keys."""
        written: Trail = ()
        for position, step in enumerate(trail):
            if (*written, step) in self.places:
                written = (*written, step)
            elif isinstance(step, str):
                is_short = bool(written) and self.places[written].kind is Kind.SCALAR
                return written if is_short else (*written, *trail[position:])
        return written

    def _nearest(self, written: Trail) -> Place | None:
        lengths = range(len(written), 0, -1)
        return next((place for each in lengths if (place := self.places.get(written[:each]))), None)


def _printable(text: str) -> str:
    """The text without what could steer a terminal."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
