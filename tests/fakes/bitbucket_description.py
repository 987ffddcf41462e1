"""Holds requests and answers against Atlassian's descriptions of both REST APIs (`bitbucket_openapi.json`).

They do not say what may be null, which Bitbucket writes for much that is absent: so null counts as absent.
Some of what there is they tell in their texts alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.fakes.http_host import Exchange

_FILE = Path(__file__).with_name("bitbucket_openapi.json")
_ROOTS = {"cloud": "/2.0", "data center": "/bitbucket/rest"}
_PAGING = {"cloud": {"pagelen", "ctx", "q", "sort"}, "data center": {"limit", "start"}}
_EVERYWHERE = {"401", "403", "404"}
_IN_TEXTS = frozenset(
    {
        *("from_pullrequest_id", "exclude", "description"),
        *("permission.1", "permission.1.projectKey", "permission.1.repositorySlug"),
    }
)
"""Parameters and fields that the descriptions' texts tell, and their tables do not."""
_MISTAKEN = re.compile(
    r"request: \$[^:]*: 'type' is a required property|request: \$\.autoSubject: False is not of type 'string'"
)
"""What the descriptions' own examples do otherwise than their tables."""


def departures(exchange: Exchange, kind: str) -> Iterator[str]:
    """What an exchange has that Bitbucket does not know, one sentence each; Git's own are none."""
    request, response = exchange.request, exchange.response
    if not request.path.startswith(f"{_ROOTS[kind]}/"):
        return
    found = _operation(kind, request.method, request.path.removeprefix(_ROOTS[kind]))
    if found is None:
        yield f"{request}: no such operation"
        return
    name, operation = found
    unknown = set(request.query) - set(operation["query"]) - _PAGING[kind] - _IN_TEXTS
    if unknown:
        yield f"{name}: Bitbucket ignores the parameters {sorted(unknown)}"
    if request.body and operation["request"]:
        yield from _wrong(kind, f"{name}: request", operation["request"], request.data)
        ignored = request.data.keys() - _properties(kind, operation["request"]) - _IN_TEXTS
        if ignored:
            yield f"{name}: request: Bitbucket ignores {sorted(ignored)}"
    status = str(response.status)
    if status not in operation["responses"].keys() | _EVERYWHERE:
        yield f"{name}: Bitbucket never answers {status}"
        return
    schema = operation["responses"].get(status)
    if schema is not None:
        yield from _wrong(kind, f"{name}: answer {status}", schema, response.data)


def _wrong(kind: str, where: str, schema: Any, data: Any) -> Iterator[str]:
    validator = Draft202012Validator({**schema, "components": _description()[kind]["components"]})
    for error in validator.iter_errors(_without_null(data)):
        told = f"{where}: {error.json_path}: {error.message[:300]}"
        if not _MISTAKEN.search(told):
            yield told


def _without_null(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_null(value) for key, value in data.items() if value is not None}
    return [_without_null(each) for each in data] if isinstance(data, list) else data


def _properties(kind: str, schema: Mapping[str, Any]) -> set[str]:
    """The names of all fields of an object, wherever its schema has them."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _properties(kind, _description()[kind]["components"]["schemas"][name])
    parts = [*schema.get("allOf", ()), *schema.get("anyOf", ())]
    return {*schema.get("properties", {}), *(name for part in parts for name in _properties(kind, part))}


def _operation(kind: str, method: str, path: str) -> tuple[str, Any] | None:
    operations = _description()[kind]["operations"]
    name = next((name for pattern, name in _patterns(kind) if pattern.fullmatch(f"{method} {path}")), None)
    return (name, operations[name]) if name else None


@cache
def _patterns(kind: str) -> list[tuple[re.Pattern[str], str]]:
    """The operations' addresses, those with fewer free parts first; a range of commits may hold slashes."""
    names = sorted(_description()[kind]["operations"], key=lambda name: name.count("{"))
    spec = [name.replace("{spec}", ".+") for name in names]
    return [
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", text)), name) for text, name in zip(spec, names, strict=True)
    ]


@cache
def _description() -> Any:
    return json.loads(_FILE.read_text(encoding="utf-8"))
