"""Questions to GitLab's GraphQL API, which answers at once what its REST API answers one by one.

An answer has status 200 even where it holds errors: https://docs.gitlab.com/api/graphql/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from bot.adapters.forges.gitlab.transport import Answer, Transport
from bot.adapters.forges.rest import understood
from bot.domain.errors import Refused, TagboatError, Unreachable

T = TypeVar("T")

_MOST_ERRORS = 5
_OUT_OF_TIME = "validationTimeout"
"""GitLab takes a fifth of a second to check a question: none of it is run where it was too busy."""
_INSIDE = frozenset({"project", "repository"})


class GitLabGraphQL:
    """The GraphQL API of one GitLab. Safe between threads."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def ask_parts(
        self,
        repository: str,
        query: str,
        variables: Mapping[str, object],
        read: Callable[[Any, frozenset[str]], T],
    ) -> T:
        """Ask about a project, of which parts may fail by themselves: `read` is told which did.

        Raises:
            Unreachable: no answer came, or none to the question: a fault of GitLab's own.
            Limited: GitLab asked to slow down.
            Refused: this GitLab does not know what is asked, or does not answer it.
        """
        answer = self._transport.ask_graphql(query, variables)
        data = answer.data.get("data") if isinstance(answer.data, dict) else None
        if answer.status != 200 or not isinstance(data, dict):
            raise self._failure(repository, answer)
        failed = frozenset(_part(error) for error in _errors(answer))
        if "" in failed:
            # GitLab knows the question: it began to answer. One that takes too long ends so.
            where = f"{repository} on {self._transport.host}"
            raise Unreachable(f"GitLab did not answer a question about {where}", why=_said(answer))
        what = f"GitLab's answer about {repository}"
        return understood(data, lambda found: read(found, failed), what=what)

    def _failure(self, repository: str, answer: Answer) -> TagboatError:
        where = f"{repository} on {self._transport.host}"
        if answer.status == 200 and not _errors(answer):
            return Unreachable(f"GitLab's answer about {where} is broken")
        if _OUT_OF_TIME in map(_code, _errors(answer)):
            return Unreachable(f"GitLab had no time for a question about {where}", why=_said(answer))
        return Refused(f"GitLab refused a question about {where}", why=_said(answer) or answer.message)


def _errors(answer: Answer) -> Sequence[Mapping[str, Any]]:
    found = answer.data.get("errors") if isinstance(answer.data, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _code(error: Mapping[str, Any]) -> str:
    extensions = error.get("extensions")
    return str(extensions.get("code") or "") if isinstance(extensions, dict) else ""


def _said(answer: Answer) -> str:
    """GitLab's own words on what went wrong, on one line."""
    said = [str(error.get("message", "")) for error in _errors(answer)[:_MOST_ERRORS]]
    return " ".join("; ".join(dict.fromkeys(each for each in said if each)).split())[:300]


def _part(error: Mapping[str, Any]) -> str:
    """Which part of the project or its repository failed; empty where it is more than one."""
    path = error.get("path")
    names = [str(each) for each in path] if isinstance(path, list) else []
    while names and names[0] in _INSIDE:
        del names[0]
    return names[0] if names else ""
