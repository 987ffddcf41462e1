"""Holds requests and answers against GitHub's own description of its REST API (`github_openapi.json`).

The description forbids no unknown field in a request, but GitHub ignores them, so one that is not
described is a mistake here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.fakes.http_host import Exchange

_FILE = Path(__file__).with_name("github_openapi.json")


def departures(exchange: Exchange) -> Iterator[str]:
    """What an exchange has that GitHub does not know, one sentence each."""
    request, response = exchange.request, exchange.response
    found = _operation(request.method, request.path)
    if found is None:
        yield f"{request}: no such operation"
        return
    name, operation = found
    if request.body:
        yield from _wrong(f"{name}: request", operation.get("request"), request.data)
        unknown = request.data.keys() - _properties(operation)
        if unknown:
            yield f"{name}: request: GitHub ignores {sorted(unknown)}"
    status = str(response.status)
    if status == "304":
        return
    if status not in operation["responses"]:
        yield f"{name}: GitHub never answers {status}"
        return
    yield from _wrong(f"{name}: answer {status}", operation["responses"][status], response.data)


def _wrong(where: str, schema: Any, data: Any) -> Iterator[str]:
    if schema is None:
        if data is not None:
            yield f"{where}: has a body"
        return
    validator = Draft202012Validator({**schema, "components": _description()["components"]})
    for error in validator.iter_errors(data):
        yield f"{where}: {error.json_path}: {error.message[:300]}"


def _properties(operation: Any) -> set[str]:
    schema = operation["request"]
    branches = [schema, *schema.get("anyOf", []), *schema.get("oneOf", [])]
    return {name for branch in branches for name in branch.get("properties", {})}


def _operation(method: str, path: str) -> tuple[str, Any] | None:
    operations = _description()["operations"]
    name = next((name for pattern, name in _patterns() if pattern.fullmatch(f"{method} {path}")), None)
    return (name, operations[name]) if name else None


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """The operations' addresses, those with fewer free parts first."""
    names = sorted(_description()["operations"], key=lambda name: name.count("{"))
    return [(re.compile(_pattern(name)), name) for name in names]


def _pattern(name: str) -> str:
    """Refs, paths and branches may hold slashes; other parts may not."""
    slashed = re.sub(r"\{(?:ref|path|branch|basehead)\}", ".+", name)
    return re.sub(r"\{\w+\}", "[^/]+", slashed)


@cache
def _description() -> Any:
    return json.loads(_FILE.read_text())
