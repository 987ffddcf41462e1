"""Requests to GitHub's GraphQL API, for what its REST API does not offer at all, or not at once.

They are logged in, and their answers read. An answer has status 200 even where it holds errors. https://docs.github.com/graphql/guides
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from bot.adapters.forges.github.login import Credential
from bot.adapters.forges.github.transport import GRAPHQL, Answer, Transport
from bot.adapters.forges.rest import understood
from bot.domain.errors import Denied, NotFound, Refused, TagboatError, Unreachable

T = TypeVar("T")

_MOST_ERRORS = 5
_NO_RIGHT = frozenset({"FORBIDDEN", "INSUFFICIENT_SCOPES"})
_LIMITS = frozenset(
    {"RATE_LIMITED", "RATE_LIMIT"}
)  # GitHub says either: https://github.com/yanyongyu/githubkit/pull/272
_UNKNOWN = frozenset({"undefinedField", "undefinedType", "argumentNotAccepted", "variableRequiresValidType"})
_OLDEST_SERVER = "3.17"
"""The oldest Enterprise Server for which all that is asked here is documented."""


class GitHubGraphQL:
    """The GraphQL API of one GitHub. Safe between threads."""

    def __init__(self, transport: Transport, credential: Credential) -> None:
        self._transport = transport
        self._credential = credential

    def ask(self, repository: str, query: str, variables: Mapping[str, Any], read: Callable[[Any], T]) -> T:
        """Ask, and give what `read` makes of the data.

        Raises:
            NotFound: the repository, or what is asked about, is not to be seen.
            Denied: the login lacks a right.
        """
        data, errors = self._send(repository, query, variables, is_change=False)
        if errors:
            raise self._failure(repository, errors)
        return understood(data, read, what=f"GitHub's answer about {repository}")

    def ask_parts(
        self,
        repository: str,
        query: str,
        variables: Mapping[str, Any],
        read: Callable[[Any, frozenset[str]], T],
    ) -> T:
        """Like `ask`, but parts below the repository may fail by themselves: `read` is told which did."""
        data, errors = self._send(repository, query, variables, is_change=False)
        failed = frozenset(_part(error) for error in errors)
        if "" in failed:
            raise self._failure(repository, errors)
        what = f"GitHub's answer about {repository}"
        return understood(data, lambda found: read(found, failed), what=what)

    def change(self, repository: str, mutation: str, variables: Mapping[str, Any]) -> str:
        """Change something, once; return GitHub's reason why it did not, empty where it did.

        Raises:
            Denied: the login lacks a right.
            Unreachable: no answer came; it may have been done.
        """
        refusal = self.attempt(repository, mutation, variables)
        return refusal.why if refusal else ""

    def attempt(self, repository: str, mutation: str, variables: Mapping[str, Any]) -> TagboatError | None:
        """Change something, once; what says why GitHub did not, or None. Raises what `change` does."""
        _, errors = self._send(repository, mutation, variables, is_change=True)
        if any(_kind(error) in _NO_RIGHT for error in errors):
            raise self._failure(repository, errors)
        return self._failure(repository, errors) if errors else None

    def _send(
        self, repository: str, text: str, variables: Mapping[str, Any], *, is_change: bool
    ) -> tuple[Any, Sequence[Mapping[str, Any]]]:
        body = {"query": text, "variables": dict(variables)}
        answer = self._ask(repository, body, is_change=is_change)
        if answer.status == 401 and self._credential.renew(repository):
            answer = self._ask(repository, body, is_change=is_change)
        if answer.status != 200 or not isinstance(answer.data, dict):
            raise self._refusal(repository, answer)
        errors = [each for each in answer.data.get("errors") or () if isinstance(each, dict)]
        if any(_kind(each) in _LIMITS for each in errors):
            raise self._transport.limited_graphql(answer.headers, why=_text(errors))
        return answer.data.get("data"), errors

    def _ask(self, repository: str, body: Mapping[str, Any], *, is_change: bool) -> Answer:
        auth = self._credential.auth(repository)
        return self._transport.send(auth, "POST", GRAPHQL, body=body, is_write=is_change)

    def _refusal(self, repository: str, answer: Answer) -> TagboatError:
        where = f"{repository} on {self._transport.host}"
        if answer.status in {401, 403}:
            fix = "give a token that is good, and that may read and merge pull requests"
            return Denied(
                f"GitHub does not let {self._credential.name} do this in {where}", why=answer.message, fix=fix
            )
        if answer.status == 200:
            return Unreachable(f"GitHub's answer about {where} is broken")
        if answer.status == 404:
            return self._unknown(answer.message)
        return Refused(f"GitHub refused a request about {where}", why=answer.message)

    def _failure(self, repository: str, errors: Sequence[Mapping[str, Any]]) -> TagboatError:
        why, kinds = _text(errors), {_kind(error) for error in errors}
        where = f"{repository} on {self._transport.host}"
        if kinds & _NO_RIGHT:
            return Denied(
                f"{self._credential.name} may not do this in {where}",
                why=why,
                fix="it needs contents and pull requests, read and write, for this repository",
            )
        if "NOT_FOUND" in kinds:
            fix = f"check the name, and that {self._credential.name} may see it"
            return NotFound(f"{where}, or a part of it, is not there", why=why, fix=fix)
        if kinds <= {"", "INTERNAL", "SERVICE_UNAVAILABLE", "TIMEOUT"}:
            return Unreachable(f"GitHub at {self._transport.host} failed", why=why)
        if kinds & _UNKNOWN:
            return self._unknown(why)
        return Refused(f"GitHub refused a request about {where}", why=why)

    def _unknown(self, why: str) -> Refused:
        return Refused(
            f"GitHub at {self._transport.host} does not know what Tagboat asks it",
            why=why,
            fix=f"update it: Enterprise Server {_OLDEST_SERVER} and later do",
        )


def _kind(error: Mapping[str, Any]) -> str:
    """The kind of an error; of a query that this GitHub does not understand, the code."""
    extensions = error.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    return str(error.get("type") or code or "")


def _part(error: Mapping[str, Any]) -> str:
    """Which part below the repository failed; empty where it is more than one."""
    path = error.get("path")
    return str(path[1]) if isinstance(path, list) and len(path) > 1 else ""


def _text(errors: Sequence[Mapping[str, Any]]) -> str:
    said = [str(error.get("message", "")) for error in errors[:_MOST_ERRORS]]
    return " ".join("; ".join(each for each in said if each).split())[:300]
