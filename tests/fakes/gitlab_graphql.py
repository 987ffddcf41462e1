"""GitLab's GraphQL API on the fake: queries are read, checked, counted and answered by GitLab's own schema.

`gitlab_schema.graphql` is a part of the official schema; what a query asks for beyond it is refused, in the
words of graphql-ruby. An answer has status 200 even where it holds errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    ExecutionResult,
    FieldNode,
    FieldsOnCorrectTypeRule,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    parse,
    specified_rules,
    validate,
)
from graphql.execution import get_variable_values

from tests.fakes.git_host import GitHost, HostedRepository
from tests.fakes.git_host_model import MissingError, Pull
from tests.fakes.gitlab_complexity import LIMIT, complexity
from tests.fakes.gitlab_consent import Consent
from tests.fakes.gitlab_git_graphql import Refusal, fields, page
from tests.fakes.gitlab_json import Json, Shapes
from tests.fakes.gitlab_routes import Account, Ways, judged
from tests.fakes.http_host import Request, Response

_FILE = Path(__file__).with_name("gitlab_schema.graphql")
_LONGEST = 10_000
_YOUNG = (("Repository", "commits"), ("Commit", "parentSha"))
"""What an older GitLab does not know."""

_NEVER = datetime.min.replace(tzinfo=UTC)
_ORDERS: Mapping[str, Callable[[Pull], Any]] = {
    "CREATED": lambda pull: pull.number,
    "UPDATED": lambda pull: (pull.updated_at, pull.number),
    "MERGED_AT": lambda pull: (pull.merged_at or _NEVER, pull.number),
    "CLOSED_AT": lambda pull: (pull.closed_at or _NEVER, pull.number),
    "TITLE": lambda pull: (pull.title, pull.number),
}
"""The orders that the fake has; another fails the test."""


@dataclass(frozen=True, slots=True)
class World:
    """What the queries are answered from: the same state as the REST API's."""

    host: GitHost
    shapes: Shapes
    ways: Ways
    consent: Consent
    is_older: bool
    fails_without_branch: bool


def refused(status: int, message: str) -> Response:
    """An error as the GraphQL API writes it."""
    return Response(status, {"errors": [{"message": message}]})


def answer(world: World, account: Account, request: Request) -> Response:
    """The answer to `POST /api/graphql`."""
    body, schema = request.data, _schema(is_older=world.is_older)
    query, given = str(body["query"]), body.get("variables") or {}
    if len(query) > _LONGEST:
        return refused(422, "Query too large")
    try:
        document = parse(query)
    except GraphQLSyntaxError as error:
        return _invalid([error])
    wrong = validate(schema, document, _RULES)
    if wrong:
        return _invalid(wrong)
    (operation,) = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    variables = get_variable_values(schema, operation.variable_definitions or (), given)
    if isinstance(variables, list):
        return _invalid(variables)
    cost = complexity(schema, document, variables)
    if cost > LIMIT:
        return refused(200, f"Query has complexity of {cost}, which exceeds max complexity of {LIMIT}")
    return _executed(execute_sync(schema, document, _root(world, account, cost), variable_values=given))


def _invalid(errors: Sequence[GraphQLError]) -> Response:
    return Response(200, {"errors": [error.formatted for error in errors]})


def _executed(result: ExecutionResult) -> Response:
    errors = result.errors or []
    for error in errors:
        if not isinstance(error.original_error, Refusal):
            raise error.original_error or error  # a fault of the fake itself
    told = {"errors": [error.formatted for error in errors]} if errors else {}
    return Response(200, {"data": result.data, **told})


def _root(world: World, account: Account, cost: int) -> Json:
    """Query"""
    email = account.person.email
    return {
        "currentUser": {"username": account.name, "commitEmail": email, "publicEmail": None},
        "project": lambda _, **asked: _project(world, asked["fullPath"]),
        "queryComplexity": {"limit": LIMIT, "score": cost},
    }


def _project(world: World, path: str) -> Json | None:
    try:
        repository = world.host.repository(path)
    except MissingError:
        return None
    return {
        "mergeRequests": lambda _, **asked: _merge_requests(world, repository, asked),
        "repository": fields(repository, fails_without_branch=world.fails_without_branch),
    }


def _merge_requests(world: World, repository: HostedRepository, asked: Json) -> Json:
    """Project.mergeRequests: a fork's branch of the same name counts too."""
    order, _, direction = asked["sort"].upper().rpartition("_")
    branches, state = asked.get("sourceBranches"), asked.get("state") or "all"
    found = [
        pull
        for pull in sorted(repository.pulls.values(), key=_ORDERS[order], reverse=direction == "DESC")
        if (branches is None or pull.branch in branches)
        and state in {"all", {"open": "opened"}.get(pull.state, pull.state)}
    ]
    return page([_merge_request(world, repository, pull) for pull in found], asked)


def _merge_request(world: World, repository: HostedRepository, pull: Pull) -> Json:
    """A merge request, which GitLab does not judge for being shown here."""
    is_unjudged = world.ways.is_unjudged(pull)
    status = "unchecked" if is_unjudged else judged(repository, pull, world.ways, world.consent)
    is_squashed = world.ways.has_squashed(repository, pull)
    is_armed = (repository.path, pull.number) in world.consent.armed
    shown = world.shapes.merge_request(repository, pull, status, squashed=is_squashed, is_armed=is_armed)
    return {
        "iid": str(shown["iid"]),
        "title": shown["title"],
        "description": shown["description"],
        "webUrl": shown["web_url"],
        "sourceBranch": shown["source_branch"],
        "targetBranch": shown["target_branch"],
        "sourceProjectId": shown["source_project_id"],
        "targetProjectId": shown["target_project_id"],
        "state": shown["state"],
        "draft": shown["draft"],
        "mergedAt": shown["merged_at"],
        "mergeCommitSha": shown["merge_commit_sha"],
        "squash": is_squashed,
        "autoMergeEnabled": shown["merge_when_pipeline_succeeds"],
        "conflicts": shown["has_conflicts"],
        "diffHeadSha": shown["sha"],
        "detailedMergeStatus": status.upper(),
    }


class _KnownFields(FieldsOnCorrectTypeRule):
    """With the words of graphql-ruby."""

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Refuse a field that its type does not have."""
        type_, name = self.context.get_parent_type(), node.name.value
        if type_ is not None and self.context.get_field_def() is None:
            code = {"code": "undefinedField", "typeName": type_.name, "fieldName": name}
            message = f"Field '{name}' doesn't exist on type '{type_.name}'"
            self.report_error(GraphQLError(message, node, extensions=code))


_RULES = [_KnownFields if rule is FieldsOnCorrectTypeRule else rule for rule in specified_rules]


@cache
def _schema(*, is_older: bool) -> GraphQLSchema:
    schema = build_schema(_FILE.read_text())
    for owner, name in _YOUNG if is_older else ():
        type_ = schema.type_map[owner]
        assert isinstance(type_, GraphQLObjectType)
        del type_.fields[name]
    return schema
