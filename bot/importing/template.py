"""Templates of ApplicationSets, as far as they only put values in: the rest is for Argo CD to evaluate.

Without `goTemplate` a template names parameters (`{{path.basename}}`); with it, it is one of Go's, of which
fields, `index` and a few functions are read.
https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Template/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.errors import Refused
from bot.importing.objects import text

_ANY = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_PLAIN = re.compile(r"\{\{\s*([\w./-]+(?:\[[0-9]+\])?)\s*\}\}")
_GO = re.compile(
    r"\{\{\s*(?:index\s+(?P<list>(?:\.[\w-]+)+)\s+(?P<at>[0-9]{1,3}|\"[\w./-]+\")|(?P<way>(?:\.[\w-]+)+))"
    r"\s*(?:\|\s*(?P<function>\w+)\s*)?\}\}"
)
_NOT_IN_NAMES = re.compile(r"[^a-z0-9.-]")
_LONGEST_NAME = 253
_FUNCTIONS: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "trim": str.strip,
    "normalize": lambda value: normalized(value),
}


@dataclass(frozen=True, slots=True)
class Template:
    """How an ApplicationSet puts the parameters of one Application in."""

    parameters: Mapping[str, Any]
    is_go: bool

    def filled(self, value: Any) -> Any:
        """A part of a template with its values put in, keys of mappings too.

        Raises:
            Refused: it says more than which values are meant.
        """
        if isinstance(value, str):
            return (_GO if self.is_go else _PLAIN).sub(self._value, value) if "{{" in value else value
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if isinstance(value, dict):
            return {self.filled(key): self.filled(each) for key, each in value.items()}
        return value

    def _value(self, found: re.Match[str]) -> str:
        value = self._looked_up(found) if self.is_go else _flat(self.parameters).get(found[1])
        if value is None or isinstance(value, (dict, list)):
            raise _refused(found[0])
        return text(value) if not isinstance(value, bool) else str(value).lower()

    def _looked_up(self, found: re.Match[str]) -> Any:
        value: Any = self.parameters
        for key in (found["way"] or found["list"]).split(".")[1:]:
            value = value.get(key) if isinstance(value, Mapping) else None
        if found["list"]:
            value = _element(value, found["at"])
        if found["function"] is None or value is None:
            return value
        function = _FUNCTIONS.get(found["function"])
        return function(text(value)) if function else None


def check_filled(value: Any) -> None:
    """Raise Refused where a placeholder is left in a value."""
    if isinstance(value, str) and (left := _ANY.search(value)):
        raise _refused(left[0])
    for each in value if isinstance(value, list) else ():
        check_filled(each)
    for key, each in value.items() if isinstance(value, dict) else ():
        check_filled(key)
        check_filled(each)


def normalized(name: str) -> str:
    """A name as Argo CD makes it fit for Kubernetes."""
    return _NOT_IN_NAMES.sub("-", name.lower())[:_LONGEST_NAME].strip("-.")


def _element(value: Any, at: str) -> Any:
    if isinstance(value, list) and at.isdecimal():
        return value[int(at)] if int(at) < len(value) else None
    return value.get(at.strip('"')) if isinstance(value, Mapping) else None


def _flat(parameters: Mapping[str, Any], within: str = "") -> dict[str, Any]:
    """Parameters as templates without Go name them: `a.b`, and `path[0]` for the segments of a path."""
    flat: dict[str, Any] = {}
    for key, value in parameters.items():
        name = f"{within}{key}"
        if key == "segments" and isinstance(value, list):
            flat |= {f"{within.removesuffix('.')}[{at}]": each for at, each in enumerate(value)}
        elif key == "path" and within and within.endswith("path."):
            flat[within.removesuffix(".")] = value
        elif isinstance(value, Mapping):
            flat |= _flat(value, f"{name}.")
        else:
            flat[name] = value
    return flat


def _refused(said: str) -> Refused:
    return Refused(f"its template says {' '.join(said.split())[:80]}", why="which Argo CD alone can evaluate")
