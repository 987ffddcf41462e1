"""Values to sections. What does not fit is reported and left out, so that the rest can be checked as well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.configuration.outline import Outline, closest, suggestion
from bot.configuration.report import Report
from bot.configuration.sections import ConfigurationSection
from bot.configuration.trail import Trail
from bot.configuration.urls import Unquoted

_ROUNDS = 50
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
    """The sections of a configuration, without what does not fit; None when nothing is left to look at.

    The dictionaries given are used up.
    """
    explanation = _Explanation(value, report, outline)
    nothing = list(_without_value(value))
    explanation.report_nothing(nothing)
    _prune(value, nothing)
    for turn in range(_ROUNDS):
        try:
            return ConfigurationSection.model_validate(value)
        except ValidationError as error:
            # What later turns find only follows from what was left out.
            faults = error.errors(include_url=False, include_input=False)
        if turn == 0:
            explanation.report(faults[:_MOST_EXPLAINED])
        if not _prune(value, [_fallible(value, fault) for fault in faults]):
            return None
    return None


def _without_value(value: Any, trail: Trail = ()) -> Iterator[Trail]:
    """Where a value is missing, or could not be filled."""
    if value is None:
        yield trail
    elif isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _without_value(child, (*trail, key))


def _prune(value: dict[str, Any], trails: Iterable[Trail]) -> bool:
    """Leave out these values, and whole lists of which an element is meant; False when nothing was there.

    An element alone is never left out, because the places of those behind it would shift.
    """
    is_changed = False
    for trail in filter(None, trails):
        parent: Any = value
        for step, following in zip(trail, (*trail[1:], None), strict=True):
            if not isinstance(parent, dict) or step not in parent:
                break
            if following is None or not isinstance(parent[step], dict):
                del parent[step]
                is_changed = True
                break
            parent = parent[step]
    return is_changed


def _fallible(value: Mapping[str, Any], fault: ErrorDetails) -> Trail:
    """What to leave out because of a fault: the value, or where a key is missing, what it is missing from."""
    trail = _trail(value, fault)
    return trail[:-1] if fault["type"] == "missing" else trail


def _trail(value: Any, fault: ErrorDetails) -> Trail:
    """Pydantic's location as a trail: without tags of unions, and not deeper than what is written."""
    trail: list[str | int] = []
    for step in fault["loc"]:
        is_index = isinstance(value, list) and isinstance(step, int) and step < len(value)
        if is_index or (isinstance(value, dict) and step in value):
            value = value[step]
            trail.append(step)
    if fault["type"] == "missing" and isinstance(value, dict):
        trail.append(fault["loc"][-1])
    return tuple(trail)


class _Explanation:
    """Pydantic's faults in our words."""

    def __init__(self, value: Mapping[str, Any], report: Report, outline: Outline) -> None:
        self._value = value
        self._report = report
        self._outline = outline
        self._unknown: defaultdict[Trail, list[str]] = defaultdict(list)

    def report_nothing(self, trails: Iterable[Trail]) -> None:
        """Report keys without a value; of those that could not be filled it is known already."""
        for trail in trails:
            keys = self._keys(trail[:-1])
            if isinstance(trail[-1], str) and not self._outline.takes_keys(trail[:-1]):
                continue  # What is around it is wrong already, and said so later.
            if keys and trail[-1] not in keys:
                self._unknown_key(trail)
            else:
                self._report.add(trail, "there is no value", "give one, or leave the key out")

    def report(self, faults: list[ErrorDetails]) -> None:
        """Report all faults; a missing key with a misspelled one beside it is one problem, not two."""
        unknown = [fault for fault in faults if fault["type"] == "extra_forbidden"]
        for fault in unknown:
            self._unknown_key(_trail(self._value, fault))
        for fault in faults:
            if fault["type"] != "extra_forbidden":
                self._one(fault, _trail(self._value, fault))

    def _one(self, fault: ErrorDetails, trail: Trail) -> None:
        kind = fault["type"]
        if fault["loc"][-1:] == ("[key]",):
            self._report.add(trail, _told(fault))
        elif kind == "missing":
            self._missing(trail)
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
        self._unknown[trail[:-1]].append(key)
        name, colon, _ = key.partition(":")
        if colon and name in keys:
            self._report.add(trail, "there is no space after the colon", f"write {name}: and the value")
            return
        self._report.add(trail, "there is no such key", suggestion(key, keys, called="keys"))

    def _keys(self, trail: Trail) -> tuple[str, ...]:
        section = _at(self._value, trail)
        kind = section.get("kind") if isinstance(section, dict) else None
        return self._outline.keys(trail, kind=kind if isinstance(kind, str) else None)

    def _missing(self, trail: Trail) -> None:
        name = str(trail[-1])
        others = self._unknown[trail[:-1]]
        if not any(closest(each.partition(":")[0], [name]) for each in others):
            self._report.add(trail, "the key is missing", self._hint(trail))

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
        example = self._outline.example(trail)
        return (
            f"for example {trail[-1]}: {example}" if example and trail else self._outline.description(trail)
        )


def _told(fault: ErrorDetails) -> str:
    """The sentence of a check of ours, or pydantic's, which never quotes the value."""
    return str(fault.get("ctx", {}).get("error", fault["msg"]))


def _at(value: Any, trail: Trail) -> Any:
    for step in trail:
        value = value[step]
    return value
