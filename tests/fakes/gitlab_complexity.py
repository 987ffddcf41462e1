"""What a GraphQL query costs at GitLab, and the most that a login may spend on one.

GitLab documents the limit (https://docs.gitlab.com/api/graphql/#maximum-query-complexity); how it counts
stands in its own code (`Types::BaseField`, `Resolvers::BaseResolver`, and the types below).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
)
from graphql.execution import get_argument_values
from graphql.execution.values import VariableValues

LIMIT = 250
PAGE = 100
"""The most entries of a list, and as many as it has where nothing is said."""

_CALLS_GITALY = frozenset(
    {
        ("Repository", "blobs"),
        ("Repository", "commits"),
        ("Repository", "rootRef"),
        ("Repository", "tree"),
        ("MergeRequest", "detailedMergeStatus"),
        ("MergeRequest", "diffHeadSha"),
    }
)
_RESOLVED = frozenset(
    {
        ("Query", "project"),
        ("Project", "mergeRequests"),
        ("Repository", "blobs"),
        ("Repository", "commits"),
        ("Repository", "tree"),
    }
)
"""What depends on how it is asked."""

_FIXED = {("MergeRequest", "mergedAt"): 5, ("Tree", "lastCommit"): 10}


def complexity(schema: GraphQLSchema, document: DocumentNode, variables: VariableValues) -> int:
    """The cost of a valid document of one query, with the variables as the schema reads them."""
    query = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    parts = (each for each in document.definitions if isinstance(each, FragmentDefinitionNode))
    fragments = {each.name.value: each for each in parts}
    assert schema.query_type is not None
    return _Count(fragments, variables).below(schema.query_type, query.selection_set)


class _Count:
    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], variables: VariableValues) -> None:
        self._fragments = fragments
        self._variables = variables

    def below(self, owner: GraphQLObjectType, selected: SelectionSetNode | None) -> int:
        """The cost of what is selected of a type."""
        return sum(self._field(owner, field) for field in self._fields(selected))

    def _fields(self, selected: SelectionSetNode | None) -> Iterator[FieldNode]:
        for each in selected.selections if selected else ():
            if isinstance(each, FieldNode):
                yield each
            elif isinstance(each, FragmentSpreadNode):
                yield from self._fields(self._fragments[each.name.value].selection_set)
            elif isinstance(each, InlineFragmentNode):
                yield from self._fields(each.selection_set)

    def _field(self, owner: GraphQLObjectType, field: FieldNode) -> int:
        name = (owner.name, field.name.value)
        if name[1].startswith("__"):
            return 1
        definition = owner.fields[name[1]]
        type_ = get_named_type(definition.type)
        cost = self.below(type_, field.selection_set) if isinstance(type_, GraphQLObjectType) else 0
        if name in _FIXED:
            return cost + _FIXED[name]
        cost += 1 + (name in _CALLS_GITALY)
        if name not in _RESOLVED:
            return cost
        given = get_argument_values(definition, field, self._variables)
        cost += bool(given.get("sort")) + len(given.get("paths", ()))
        if not type_.name.endswith("Connection"):
            return cost
        return cost + cost * min(given.get("first") or PAGE, given.get("last") or PAGE, PAGE) // 100
