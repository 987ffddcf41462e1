"""Holds requests and answers against GitLab's own description of its REST API, where that is at hand.

The description lies in the folder that CONTRACTS_DIR names and is no part of the project: its licence is
another. It is wrong or silent in a few places; `_CORRECTIONS` is the list of those that matter here, each as
GitLab's documentation pages tell it. What it does not hold (`_BEYOND`) is documented there too; GraphQL
queries are held against their own schema by the fake itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tests.fakes.http_host import Exchange

FILE = Path(os.environ.get("CONTRACTS_DIR", "../shared/contracts")) / "gitlab-openapi.yaml"

_PROJECT = "/api/v4/projects/{id}"
_BEYOND = (
    r"POST /api/graphql",
    r"GET /api/v4/users",
    r"GET /api/v4/projects/[^/]+/repository/blobs/[0-9a-f]{40}",
    r"GET /api/v4/projects/[^/]+/milestones",
    r"GET /api/v4/projects/[^/]+/merge_requests/\d+/reviewers",
    r"POST /api/v4/projects/[^/]+/merge_requests/\d+/cancel_merge_when_pipeline_succeeds",
    r"GET /api/v4/projects/[^/]+/releases/[^/]+",
    r"GET /api/v4/projects/[^/]+/members/all/\d+",
    r"GET /api/v4/projects/[^/]+/merge_requests/\d+/resource_label_events",
)
_TEXT, _NUMBERS = {"type": "string"}, {"type": "array", "items": {"type": "integer"}}
_ACTION = {
    "type": "object",
    "required": ["action", "file_path"],
    "properties": {
        "action": {"enum": ["create", "delete", "move", "update", "chmod"]},
        "encoding": {"enum": ["text", "base64"]},
        **dict.fromkeys(("file_path", "previous_path", "content", "last_commit_id"), _TEXT),
        "execute_filemode": {"type": "boolean"},
    },
    "additionalProperties": False,
}
_COMMIT = {
    "type": "object",
    "required": ["branch", "commit_message", "actions"],
    "properties": {
        "actions": {"type": "array", "items": _ACTION},
        **dict.fromkeys(
            (
                "branch",
                "commit_message",
                "start_branch",
                "start_sha",
                "start_project",
                "author_email",
                "author_name",
            ),
            _TEXT,
        ),
        **{key: {"type": "boolean"} for key in ("stats", "force")},
    },
}
_FILE = {
    "type": "object",
    "required": ["file_path", "size", "encoding", "content", "commit_id", "last_commit_id"],
    "properties": {"size": {"type": "integer"}, "execute_filemode": {"type": "boolean"}},
}
# Operation → (what, correction): the body that is sent, the status that is answered, or what it holds.
_CORRECTIONS: Mapping[str, Mapping[str, Any]] = {
    f"POST {_PROJECT}/repository/commits": {"request": _COMMIT, "status": ("201", "200")},
    f"POST {_PROJECT}/statuses/{{sha}}": {"status": ("201", "200")},
    f"GET {_PROJECT}/repository/files/{{file_path}}": {"answer": _FILE},
    f"GET {_PROJECT}/repository/tree": {"is_list": True},
    f"GET {_PROJECT}/merge_requests/{{noteable_id}}/notes": {"is_list": True},
}
_LISTS = {"assignees", "reviewers", "approved_by"}
"""Properties that are described as one object, and are an array of them."""


def departures(exchange: Exchange) -> Iterator[str]:
    """What an exchange has that GitLab does not know, one sentence each."""
    request, response = exchange.request, exchange.response
    named = f"{request.method} {request.path}"
    if any(re.fullmatch(each, named) for each in _BEYOND):
        return
    name = next((name for pattern, name in _patterns() if pattern.fullmatch(named)), None)
    if name is None:
        yield f"{named}: no such operation"
        return
    operation, correction = _operation(name), _CORRECTIONS.get(name, {})
    known = {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
    paged = {"page", "per_page"}  # of every list, and not always described
    if request.query.keys() - known - paged:
        yield f"{name}: GitLab ignores {sorted(request.query.keys() - known)}"
    if request.body:
        schema = correction.get("request") or _json(operation["requestBody"])
        yield from _wrong(f"{name}: request", schema, request.data)
        unknown = request.data.keys() - _resolved(schema).get("properties", {}).keys()
        if unknown:
            yield f"{name}: request: GitLab ignores {sorted(unknown)}"
    yield from _wrong_answer(name, operation, correction, str(response.status), response.data)


def _wrong_answer(
    name: str, operation: Any, correction: Mapping[str, Any], status: str, data: Any
) -> Iterator[str]:
    answered, described = correction.get("status", (status, status))
    known = described if status == answered else status
    if known not in operation["responses"]:
        yield f"{name}: GitLab never answers {status}"
        return
    if not status.startswith("2"):
        return
    schema = correction.get("answer") or _json(operation["responses"][known])
    if schema is None:
        if data is not None:
            yield f"{name}: answer {status} has a body"
        return
    if correction.get("is_list"):
        schema = {"type": "array", "items": schema}
    yield from _wrong(f"{name}: answer {status}", schema, data)


def _wrong(where: str, schema: Any, data: Any) -> Iterator[str]:
    validator = Draft202012Validator({**schema, "components": _description()["components"]})
    for error in validator.iter_errors(data):
        yield f"{where}: {error.json_path}: {error.message[:300]}"


def _json(part: Any) -> Any:
    return part.get("content", {}).get("application/json", {}).get("schema")


def _resolved(schema: Any) -> Any:
    reference = schema.get("$ref", "")
    return _description()["components"]["schemas"][reference.rpartition("/")[2]] if reference else schema


def _operation(name: str) -> Any:
    method, path = name.split(" ")
    return _description()["paths"][path][method.lower()]


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """The operations' addresses, those with fewer free parts first; no part holds a slash."""
    names = [
        f"{method.upper()} {path}" for path, methods in _description()["paths"].items() for method in methods
    ]
    names.sort(key=lambda name: name.count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", name)), name) for name in names]


@cache
def _description() -> Any:
    whole = yaml.load(FILE.read_bytes(), Loader=yaml.CSafeLoader)
    for schema in whole["components"]["schemas"].values():
        if not schema.get("required"):
            _correct(schema)
    return whole


def _correct(schema: Any) -> None:
    """Let every property of an answer be null, as many are, and some be the arrays that they are."""
    for name, each in schema.get("properties", {}).items():
        if name in _LISTS and "$ref" in each:
            each = {"type": "array", "items": each}
        schema["properties"][name] = {"anyOf": [each, {"type": "null"}]}
        _correct(each)
