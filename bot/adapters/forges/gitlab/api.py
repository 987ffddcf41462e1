"""Requests about one project on GitLab: answers checked and read, failures in our words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from bot.adapters.forges.gitlab.transport import Answer, Transport
from bot.domain.errors import Conflict, Denied, Malformed, NotFound, Refused, TagboatError

T = TypeVar("T")

# https://docs.gitlab.com/user/reserved_names/#rules-for-usernames-project-and-group-names-and-slugs
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}"
_PROJECT = re.compile(rf"{_PART}(?:/{_PART}){{1,21}}|[1-9][0-9]{{0,17}}")


class GitLabApi:
    """The REST API below `/projects/:id`. A project is its path with all groups, or its number."""

    def __init__(self, transport: Transport) -> None:
        self.host = transport.host
        self._transport = transport

    def get(
        self,
        repository: str,
        path: str,
        read: Callable[[Any], T],
        *,
        parameters: Mapping[str, Any] | None = None,
    ) -> T:
        """Ask, and give what `read` makes of the answer; a missing key is `Malformed`."""
        answer = self.attempt("get", repository, path, parameters=parameters)
        return self.read(repository, self._good(repository, answer), read)

    def send(
        self, verb: str, repository: str, path: str, body: Mapping[str, Any], read: Callable[[Any], T]
    ) -> T:
        """Change something, once; the caller looks again when no answer came."""
        answer = self.attempt(verb, repository, path, body)
        return self.read(repository, self._good(repository, answer), read)

    def attempt(
        self,
        verb: str,
        repository: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        parameters: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Ask or change something and give the answer as it is, refusals too."""
        if not _PROJECT.fullmatch(repository) or repository.endswith((".git", ".atom")):
            raise NotFound(f"{repository[:80]!r} is no project on GitLab", fix="write GROUP/PROJECT")
        url = f"/projects/{quote(repository, safe='')}{path}"
        return self._transport.send(verb, url, parameters=parameters, body=body)

    def account(self, read: Callable[[Any], T]) -> T:
        """Whose token it is."""
        answer = self._transport.send("get", "/user")
        return self.read("its user", self._good("its user", answer), read)

    def users(self, name: str, read: Callable[[Any], T]) -> T:
        """The accounts of that name: one, or none."""
        answer = self._transport.send("get", "/users", parameters={"username": name})
        return self.read("its users", self._good("its users", answer), read)

    def read(self, repository: str, answer: Answer, read: Callable[[Any], T]) -> T:
        """Give what `read` makes of an answer; `Malformed` where it cannot."""
        try:
            return read(answer.data)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise Malformed(
                f"GitLab's answer about {repository} cannot be understood",
                why=f"{type(error).__name__}: {str(error)[:100]}",
                fix="check that the address is GitLab's own and no proxy answers for it",
            ) from error

    def failure(self, repository: str, answer: Answer) -> TagboatError:
        """What an answer that is no success means."""
        where, why = f"{repository} on {self.host}", answer.message
        if answer.status == 401:
            return Denied(
                f"GitLab does not accept the access token for {where}",
                why=why,
                fix="give a new one: it ended, was revoked, or is not for this server",
            )
        if answer.status == 403:
            return Denied(
                f"the access token may not do this in {where}",
                why=why,
                fix="it needs the scope api and the role Developer, or the project is archived",
            )
        if 300 <= answer.status < 400:
            return NotFound(f"{where} was moved", why=why, fix="write its new path in the configuration")
        if answer.status in {404, 410}:
            fix = "check the path, and that the access token may see it"
            return NotFound(f"{where}, or a part of it, is not there", why=why, fix=fix)
        if answer.status == 409:
            return Conflict(f"{where} was changed at the same moment", why=why)
        return Refused(f"GitLab refused a request about {where}", why=why)

    def _good(self, repository: str, answer: Answer) -> Answer:
        if answer.status in {200, 201, 202, 204}:
            return answer
        raise self.failure(repository, answer)
