"""What the JSON schema says of one place in the configuration: keys, choices, words, and what is secret.

Messages are made from the schema, so that they and the completion in editors never disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from bot.configuration.trail import Trail

Schema = Mapping[str, Any]

_SHOWN = 12
_BEGINNING = 3
_STAND_IN = "stand-in"
_SCALARS = frozenset({"string", "integer", "number", "boolean"})
_WORDS = ("description", "examples")


class Outline:
    """The schema as a tree that trails lead through. Where several forms are possible, all of them count."""

    def __init__(self, schema: Schema) -> None:
        self._root = schema

    def keys(self, trail: Trail, *, kind: str | None = None) -> tuple[str, ...]:
        """The keys that a mapping may have; `kind` leaves out forms of another kind."""
        forms = [form for form in self._forms(trail) if "properties" in form]
        fitting = [form for form in forms if _kind(form) in {None, kind}] or forms
        return tuple(dict.fromkeys(key for form in fitting for key in form["properties"]))

    @cached_property
    def words(self) -> frozenset[str]:
        """Every key that the schema knows, wherever it stands."""
        forms = [self._root, *self._root["$defs"].values()]
        return frozenset(key for form in forms for key in form.get("properties", ()))

    def takes_keys(self, trail: Trail) -> bool:
        """Whether a mapping may stand there."""
        return any(form.get("type") == "object" for form in self._forms(trail))

    def choices(self, trail: Trail) -> tuple[str, ...]:
        """The words that a value is one of; empty where it may be any text."""
        forms = self._forms(trail)
        return tuple(
            dict.fromkeys(
                str(each)
                for form in forms
                for each in form.get("enum", [form.get("const")])
                if each is not None
            )
        )

    def description(self, trail: Trail) -> str:
        """The first sentence about a key, as a hint what belongs there."""
        text = next((form["description"] for form in self._forms(trail) if "description" in form), "")
        first = " ".join(str(text).split()).partition(". ")[0].rstrip(".")
        return f"expected: {first}" if first else "see config/tagboat.example.yaml"

    def example(self, trail: Trail) -> str:
        """What could be written there, or an empty text."""
        examples = (each for form in self._forms(trail) for each in form.get("examples", ()))
        return next((each for each in examples if isinstance(each, str)), "")

    def stand_in(self, trail: Trail) -> Any:
        """A value as it could be written there; None where nothing belongs."""
        return next((self._made(form) for form in self._forms(trail)), None)

    def is_public(self, trail: Trail) -> bool:
        """Whether a single value may stand there, and no secret."""
        scalars = [form for form in self._forms(trail) if _SCALARS & _types(form) or "enum" in form]
        return bool(scalars) and not any(form.get("writeOnly") for form in scalars)

    def _made(self, form: Schema) -> Any:
        examples = [form["default"]] if "default" in form else form.get("examples", form.get("enum", ()))
        if "const" in form or examples:
            return form.get("const", next(iter(examples), None))
        match form.get("type"):
            case "object" if form.get("minProperties"):
                return {_STAND_IN: self._made_below(form, _STAND_IN)}
            case "object":
                return {key: self._made_below(form, key) for key in form.get("required", ())}
            case "array":
                return [self._made_below(form, at) for at in range(form.get("minItems", 0))]
            case "integer":
                return "1"
            case "boolean":
                return "false"
            case _:
                return _STAND_IN

    def _made_below(self, form: Schema, step: str | int) -> Any:
        return next(self._made(each) for child in _children(form, step) for each in self._expanded(child))

    def _forms(self, trail: Trail) -> list[Schema]:
        forms = list(self._expanded(self._root))
        for step in trail:
            forms = [
                form for each in forms for child in _children(each, step) for form in self._expanded(child)
            ]
        return forms

    def _expanded(self, schema: Schema) -> Iterator[Schema]:
        """The forms behind references and alternatives; the words at the reference count first."""
        target = schema.get("$ref")
        if target:
            resolved = self._root["$defs"][target.rpartition("/")[2]]
            words = {key: schema[key] for key in _WORDS if key in schema}
            yield from self._expanded({**resolved, **words})
            return
        own = {key: value for key, value in schema.items() if key not in {"anyOf", "oneOf"}}
        if "properties" in own or "type" in own or "enum" in own or "const" in own:
            yield own
        words = {key: own[key] for key in _WORDS if key in own}
        for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            yield from self._expanded({**each, **words})


def closest(word: str, words: Sequence[str]) -> str | None:
    """The known word that was probably meant: one that is spelled alike, or that begins so."""
    begun = [each for each in words if len(word) >= _BEGINNING and each.startswith(word)]
    return next(iter([*get_close_matches(word, words, n=1), *begun]), None)


def suggestion(word: str, words: tuple[str, ...], *, called: str) -> str:
    """The fix for a word that is none of the known ones: the closest, or what there is."""
    close = closest(word, words)
    if close:
        return f"did you mean {close}?"
    if not words:
        return f"there are no {called} here"
    more = ", …" if len(words) > _SHOWN else ""
    return f"the {called} are {', '.join(sorted(words)[:_SHOWN])}{more}"


def _types(form: Schema) -> frozenset[str]:
    types = form.get("type", ())
    return frozenset({types} if isinstance(types, str) else types)


def _kind(form: Schema) -> str | None:
    """The kind that a form is for, where it says so."""
    kind: str | None = form["properties"].get("kind", {}).get("const")
    return kind


def _children(schema: Schema, step: str | int) -> Iterator[Schema]:
    if isinstance(step, int):
        if "items" in schema:
            yield schema["items"]
        return
    if step in schema.get("properties", {}):
        yield schema["properties"][step]
    elif schema.get("patternProperties"):
        yield from schema["patternProperties"].values()
    elif isinstance(schema.get("additionalProperties"), Mapping):
        yield schema["additionalProperties"]
