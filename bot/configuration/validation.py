"""Values to sections. What does not fit is reported, and something harmless stands in for it.

So the rest can be checked as if that fault were not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.configuration.outline import Outline, closest, suggestion
from bot.configuration.report import Report
from bot.configuration.sections import ConfigurationSection
from bot.configuration.trail import Trail
from bot.configuration.urls import Unquoted

_MOST_EXPLAINED = 1_000
_EXPECTED = {
    "string_type": "a single value is expected here",
    "model_type": "keys with values are expected here",
    "dict_type": "keys with values are expected here",
    "tuple_type": "a list is expected here",
    "int_parsing": "a whole number is expected here",
    "greater_than": "a number above 0 is expected here",
}
_EMPTY = frozenset({"string_too_short", "too_short"})
_UNION = frozenset({"union_tag_invalid", "union_tag_not_found"})


def validated(value: dict[str, Any], report: Report, outline: Outline) -> ConfigurationSection | None:
    """The sections of a configuration, with stand-ins for what does not fit or is missing.

    Every stand-in has its place in the report, so that no later check speaks of it. None when nothing is left
    to look at. The dictionaries given are used up.
    """
    explanation = _Explanation(value, report, outline)
    nothing = list(_without_value(value))
    explanation.report_nothing(nothing)
    _mend(value, [*nothing, *explanation.taken_meant()], outline)
    try:
        return ConfigurationSection.model_validate(value)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
    explanation.report(faults[:_MOST_EXPLAINED])
    excused = {str(fault["loc"][-2]) for fault in faults if _is_of_key(fault)}
    wrong = [_trail(value, fault) for fault in faults if not _is_of_key(fault)]
    _mend(value, [*wrong, *explanation.taken_meant()], outline)
    try:
        return ConfigurationSection.model_validate(value, context=excused)
    except ValidationError:
        # All faults were reported; this one can only be of a stand-in.
        return None


def _without_value(value: Any, trail: Trail = ()) -> Iterator[Trail]:
    """Where a value is missing, or could not be filled."""
    if value is None:
        yield trail
    elif isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _without_value(child, (*trail, key))


def _mend(value: dict[str, Any], trails: Iterable[Trail], outline: Outline) -> None:
    """Put stand-ins in the place of these values.

    What no key is for is left out, and so is an entry that is of one of several kinds: no other kind can
    stand in for it, and nothing needs it to be there. In a list the places behind it would shift.
    """
    for trail in trails:
        trail = _as_written(value, trail)
        parent, step = _at(value, trail[:-1]), trail[-1]
        stand_in = outline.stand_in(trail)
        is_of_kinds = len(outline.choices((*trail, "kind"))) > 1
        if isinstance(parent, dict) and (stand_in is None or is_of_kinds):
            parent.pop(step, None)
        else:
            parent[step] = stand_in


def _is_of_key(fault: ErrorDetails) -> bool:
    return fault["loc"][-1:] == ("[key]",)


def _trail(value: Any, fault: ErrorDetails) -> Trail:
    """Pydantic's location as a trail: without marks of keys and tags of unions."""
    trail: list[str | int] = []
    for step in fault["loc"]:
        if _has(value, step):
            value = value[step]
        elif step == "[key]" or str(step).startswith("kind="):
            continue
        elif isinstance(step, str):
            value = None
        trail.append(step)
    return tuple(trail)


def _as_written(value: Any, trail: Trail) -> Trail:
    """The trail as it is written, to the first key that is missing.

    A single element is no list, and a short form has no keys.
    """
    written: Trail = ()
    for step in trail:
        if _has(value, step):
            value = value[step]
            written = (*written, step)
        elif isinstance(step, str):
            return (*written, step) if isinstance(value, dict) else written
    return written


def _has(value: Any, step: str | int) -> bool:
    is_index = isinstance(value, list) and isinstance(step, int) and step < len(value)
    return is_index or (isinstance(value, dict) and step in value)


class _Explanation:
    """Pydantic's faults in our words."""

    def __init__(self, value: Mapping[str, Any], report: Report, outline: Outline) -> None:
        self._value = value
        self._report = report
        self._outline = outline
        self._meant: list[Trail] = []

    def report_nothing(self, trails: Iterable[Trail]) -> None:
        """Report keys without a value; of those that could not be filled it is known already."""
        for trail in trails:
            keys = self._keys(trail[:-1])
            if not self._fits_around(trail):
                continue  # What is around it is wrong already, and said so later.
            if keys and trail[-1] not in keys:
                self._unknown_key(trail)
            else:
                self._report.add(trail, "there is no value", "give one, or leave the key out")

    def _fits_around(self, trail: Trail) -> bool:
        if isinstance(trail[-1], str):
            return self._outline.takes_keys(trail[:-1])
        return self._outline.stand_in(trail) is not None

    def taken_meant(self) -> list[Trail]:
        """The keys that were meant by misspelled ones since the last call; they count as reported."""
        meant, self._meant = self._meant, []
        return meant

    def report(self, faults: list[ErrorDetails]) -> None:
        """Report all faults; a missing key with a misspelled one beside it is one problem, not two."""
        for fault in faults:
            if fault["type"] == "extra_forbidden":
                self._unknown_key(_trail(self._value, fault))
        for fault in faults:
            if fault["type"] != "extra_forbidden":
                self._one(fault, _trail(self._value, fault))

    def _one(self, fault: ErrorDetails, trail: Trail) -> None:
        kind = fault["type"]
        if _is_of_key(fault):
            self._report.add_key(trail, _told(fault))
        elif kind == "missing":
            self._report.add(trail, "the key is missing", self._hint(trail))
        elif kind in _UNION:
            self._no_such_kind(trail)
        elif kind in {"enum", "literal_error"}:
            self._no_such_choice(trail)
        elif kind in _EMPTY:
            self._report.add(trail, "it is empty", self._hint(trail))
        elif kind == "value_error" and not isinstance(fault["ctx"]["error"], Unquoted):
            self._report.add_value(trail, _told(fault))
        elif kind == "value_error":
            self._report.add(trail, _told(fault))
        else:
            self._report.add(trail, _EXPECTED.get(kind, fault["msg"]), self._hint(trail))

    def _unknown_key(self, trail: Trail) -> None:
        key, keys = str(trail[-1]), self._keys(trail[:-1])
        name, colon, _ = key.partition(":")
        if colon and name in keys:
            self._report.add(trail, "there is no space after the colon", f"write {name}: and the value")
        else:
            below = [each for each in keys if key in self._outline.keys((*trail[:-1], each))]
            fix = f"it stands below {below[0]}" if len(below) == 1 else suggestion(key, keys, called="keys")
            self._report.add(trail, "there is no such key", fix)
        meant = closest(name, [each for each in keys if each not in _at(self._value, trail[:-1])])
        if meant:
            self._meant.append((*trail[:-1], meant))
            self._report.mute((*trail[:-1], meant))

    def _keys(self, trail: Trail) -> tuple[str, ...]:
        section = _at(self._value, trail)
        kind = section.get("kind") if isinstance(section, dict) else None
        return self._outline.keys(trail, kind=kind if isinstance(kind, str) else None)

    def _no_such_kind(self, trail: Trail) -> None:
        section = _at(self._value, trail)
        if not isinstance(section, dict):
            self._report.add(trail, _EXPECTED["model_type"], self._hint(trail))
        elif "kind" in section:
            self._no_such_choice((*trail, "kind"))
        else:
            choices = self._outline.choices((*trail, "kind"))
            self._report.add(
                (*trail, "kind"), "the key is missing", f"write kind: {' or kind: '.join(choices)}"
            )

    def _no_such_choice(self, trail: Trail) -> None:
        written, choices = _at(self._value, trail), self._outline.choices(trail)
        if not isinstance(written, str):
            self._report.add(trail, _EXPECTED["string_type"], f"write one of {', '.join(choices)}")
            return
        what = f"{written[:80]!r} is not one of {', '.join(choices)}"
        self._report.add_value(trail, what, suggestion(written, choices, called="choices"))

    def _hint(self, trail: Trail) -> str:
        trail = _as_written(self._value, trail)
        example = self._outline.example(trail)
        return (
            f"for example {trail[-1]}: {example}" if example and trail else self._outline.description(trail)
        )


def _told(fault: ErrorDetails) -> str:
    """The sentence of a check of ours, or pydantic's, which never quotes the value."""
    return str(fault.get("ctx", {}).get("error", fault["msg"]))


def _at(value: Any, trail: Trail) -> Any:
    for step in _as_written(value, trail):
        value = value[step]
    return value
